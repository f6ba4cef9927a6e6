// svsm/protocol/platform.h: the seam behind which pages change hands: the instructions PVALIDATE
// and RMPADJUST, the SVSM's own mapping of guest pages, and VMSAs.
//
// In firmware it is a handful of instructions with a temporary mapping and a fault handler; in
// svsm::sim a map of who owns which page. The protocol decides the order of the steps, the platform
// does one step at a time:
//
//   invalidate a page   Revoke, Pvalidate, then FlushTlbs once a call
//   validate a page     Pvalidate, Zero, Grant (a page is never visible to the guest with what was
//                       in it before: the host may have put a page of the SVSM's there)
//   make a VMSA         Revoke, FlushTlbs, ReadVmsa and check, SetVmsa
//   unmake a VMSA       ClearVmsa, Grant
//
// Spec: AMD 58019 "Core protocol"; AMD 24594 (APM volume 3) PVALIDATE, RMPADJUST.
// Profile: freestanding. Allocates: as the implementation says. Threads: page functions and VMSA
// attributes are called with the VcpuRegistry's lock held, so one at a time; FlushTlbs, ReadVmsa
// and WriteVmsa come without it, from several CPUs at once.
#ifndef SVSM_PROTOCOL_PLATFORM_H_
#define SVSM_PROTOCOL_PLATFORM_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/core/strong.h"

namespace svsm::protocol {

enum class PageSize : std::uint8_t { k4K = 0, k2M = 1 };

constexpr std::uint64_t SizeBytes(PageSize size) {
  return size == PageSize::k4K ? kPageSize : kLargePageSize;
}

enum class PageState : std::uint8_t { kInvalid, kValid };

// EAX of RMPADJUST and PVALIDATE. A fault that the instruction takes is reported as kFailInput.
inline constexpr std::uint32_t kInstructionOk = 0;
inline constexpr std::uint32_t kFailInput = 1;
inline constexpr std::uint32_t kFailPermission = 2;
inline constexpr std::uint32_t kFailInUse = 3;
inline constexpr std::uint32_t kFailSizeMismatch = 6;

struct PvalidateResult {
  std::uint32_t eax = kInstructionOk;
  bool unchanged = false;  // CF: the page was in that state already
};

class Platform {
 public:
  // Sets the state of the page at `gpa`, aligned to its size.
  virtual PvalidateResult Pvalidate(Gpa gpa, PageSize size, PageState state) = 0;

  // Takes every right on the page from VMPL 1 to 3. A page that is not validated has none: no
  // error. Returns EAX.
  virtual std::uint32_t Revoke(Gpa gpa, PageSize size) = 0;

  // Gives all rights on a validated page to VMPL 1 up to and including `lowest`, and none to
  // numbers above it. Returns EAX.
  virtual std::uint32_t Grant(Gpa gpa, PageSize size, Vmpl lowest) = 0;

  // Overwrites a validated page with zeros. Errors: kIoError (the page faults).
  virtual Status Zero(Gpa gpa, PageSize size) = 0;

  // Ends every stale translation on every CPU.
  virtual void FlushTlbs() = 0;

  // Sets the VMSA attribute of a revoked 4K page. Returns EAX.
  virtual std::uint32_t SetVmsa(Gpa vmsa) = 0;

  // Clears it. Returns EAX: kFailInUse while a CPU runs on the VMSA.
  virtual std::uint32_t ClearVmsa(Gpa vmsa) = 0;

  // Copies bytes of a page that the guest has no access to. `offset` + size is within the page.
  // Errors: kIoError (the page faults); `out` is zero then.
  virtual Status ReadVmsa(Gpa vmsa, std::uint32_t offset, ByteSpan out) const = 0;
  virtual Status WriteVmsa(Gpa vmsa, std::uint32_t offset, ByteView bytes) = 0;

 protected:
  ~Platform() = default;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_PLATFORM_H_
