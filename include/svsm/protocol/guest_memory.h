// svsm/protocol/guest_memory.h: the seam through which the SVSM sees the guest's memory, by copy.
//
// No pointer or view into guest memory exists on the SVSM's side: the guest's other vCPUs write
// there at any time. A handler copies the bytes it needs once, checks the copy, and acts on the
// copy.
//
//   Bytes<64> nonce;
//   if (!context.memory.Read(Gpa(in.rcx), nonce).ok()) {
//     return CallReply(in).With(ResultCode::kInvalidAddress);
//   }
//
// ReadHead() and WriteParts() have an implementation by the others, and are there for
// implementations that can do each at one go.
//
// Profile: freestanding. Allocates: as the implementation says. Threads: any, at once.
#ifndef SVSM_PROTOCOL_GUEST_MEMORY_H_
#define SVSM_PROTOCOL_GUEST_MEMORY_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/core/strong.h"

namespace svsm::protocol {

enum class PageKind : std::uint8_t {
  kUnmapped,  // no memory of this VM: a hole, MMIO, or above the last page
  kGuest,     // the guest's, whether it is validated at the moment or not
  kSvsm,      // the SVSM's own
};

class GuestMemory;

constexpr bool IsPageAligned(Gpa gpa) { return gpa.value() % kPageSize == 0; }

// Whether `size_bytes` bytes from `gpa` end at or below 2^64 without wrapping. True for none.
constexpr bool FitsAddressSpace(Gpa gpa, std::uint64_t size_bytes) {
  return size_bytes == 0 || size_bytes - 1 <= ~gpa.value();
}

// Whether the bytes, at least one, lie in one 4K page.
constexpr bool InOnePage(Gpa gpa, std::uint64_t size_bytes) {
  return size_bytes != 0 && size_bytes <= kPageSize - gpa.value() % kPageSize;
}

// Whether two ranges have a byte in common; an empty one has none. Both must FitsAddressSpace().
constexpr bool Overlap(Gpa a, std::uint64_t a_bytes, Gpa b, std::uint64_t b_bytes) {
  if (a_bytes == 0 || b_bytes == 0) return false;
  return a <= b ? b.value() - a.value() < a_bytes : a.value() - b.value() < b_bytes;
}

// Whether every page that the range touches is kGuest. False for a range that wraps; true for an
// empty one. Calls Classify() once a page, so the caller bounds `size_bytes` first.
bool IsGuestRange(const GuestMemory& memory, Gpa gpa, std::uint64_t size_bytes);

class GuestMemory {
 public:
  // What the page at `page` (4K aligned) is. The answer for an address does not change while the
  // guest runs.
  virtual PageKind Classify(Gpa page) const = 0;

  // Copies out.size() bytes from `from`. Each byte is read exactly once. A page that is not
  // kGuest, or that faults because it is not validated or because the host took it away, is an
  // error and never a crash.
  // Errors: kOutOfRange (some byte cannot be read); `out` is zero then.
  virtual Status Read(Gpa from, ByteSpan out) const = 0;

  // Copies `bytes` to `to`. Errors: kOutOfRange (some byte cannot be written; those of earlier
  // pages may have been).
  virtual Status Write(Gpa to, ByteView bytes) = 0;

  // Read() of the start of a buffer of `buffer_bytes`, every page of which must be kGuest. For what
  // says in its head how much of the buffer it uses. Errors: as Read().
  virtual Status ReadHead(Gpa from, std::uint64_t buffer_bytes, ByteSpan out) const {
    if (IsGuestRange(*this, from, buffer_bytes)) return Read(from, out);
    Fill(out, 0);
    return Status(Code::kOutOfRange, Source::kProtocol);
  }

  // Write() of two parts, one behind the other. Errors: as Write().
  virtual Status WriteParts(Gpa to, ByteView first, ByteView second) {
    const Status written = Write(to, first);
    if (!written.ok() || second.empty()) return written;
    return FitsAddressSpace(to, first.size() + second.size())
               ? Write(Gpa(to.value() + first.size()), second)
               : Status(Code::kOutOfRange, Source::kProtocol);
  }

 protected:
  ~GuestMemory() = default;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_GUEST_MEMORY_H_
