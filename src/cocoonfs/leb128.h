// LEB128 integers of up to 64 bits, in their shortest form only.
#ifndef SVSM_SRC_COCOONFS_LEB128_H_
#define SVSM_SRC_COCOONFS_LEB128_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

inline constexpr std::size_t kMaxLeb128Size = 10;

// Takes numbers from the front of a view. A number that is cut short, longer than it must be or
// wider than 64 bits makes the reader fail for good: zeros from there on.
class Leb128Reader {
 public:
  explicit Leb128Reader(ByteView in) : in_(in) {}

  std::uint64_t Unsigned();
  // Two's complement modulo 2^64.
  std::uint64_t Signed();
  ByteView Take(std::size_t size);

  bool ok() const { return ok_; }
  std::size_t remaining() const { return ok_ ? in_.size() - offset_ : 0; }
  std::size_t offset() const { return offset_; }

 private:
  // The raw digits of a number, and how many there were; 0 after a failure.
  std::size_t Digits(std::uint64_t& value);

  ByteView in_;
  std::size_t offset_ = 0;
  bool ok_ = true;
};

std::size_t UnsignedLeb128Size(std::uint64_t value);
std::size_t SignedLeb128Size(std::uint64_t value);
// Errors: kOutOfMemory.
Status AppendUnsignedLeb128(std::uint64_t value, Vec<std::uint8_t>& out);
Status AppendSignedLeb128(std::uint64_t value, Vec<std::uint8_t>& out);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_LEB128_H_
