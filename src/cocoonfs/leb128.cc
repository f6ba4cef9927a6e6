#include "cocoonfs/leb128.h"

#include "svsm/core/result.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

// The magnitude's bits without the sign: as many as differ from the sign bit, from the top.
constexpr std::uint64_t FoldSign(std::uint64_t value) {
  return (value & kSign) != 0 ? ~value : value;
}

}  // namespace

std::size_t Leb128Reader::Digits(std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; ok_ && i < kMaxLeb128Size && offset_ + i < in_.size(); ++i) {
    const std::uint8_t byte = in_[offset_ + i];
    value |= static_cast<std::uint64_t>(byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) == 0) {
      offset_ += i + 1;
      return i + 1;
    }
  }
  ok_ = false;
  return 0;
}

std::uint64_t Leb128Reader::Unsigned() {
  std::uint64_t value = 0;
  const std::size_t size = Digits(value);
  // The tenth digit has one bit; a last digit of zero was not needed.
  const std::uint8_t last = size == 0 ? std::uint8_t{0} : in_[offset_ - 1];
  if ((size == kMaxLeb128Size && last > 1) || (size > 1 && last == 0)) ok_ = false;
  return ok_ ? value : 0;
}

std::uint64_t Leb128Reader::Signed() {
  std::uint64_t value = 0;
  const std::size_t size = Digits(value);
  if (size == 0) return 0;
  const std::uint8_t last = in_[offset_ - 1];
  if (size == kMaxLeb128Size) {
    if (last != 0 && last != 0x7F) ok_ = false;
  } else if ((last & 0x40U) != 0) {
    value |= ~std::uint64_t{0} << (7 * size);
  }
  if (ok_ && SignedLeb128Size(value) != size) ok_ = false;
  return ok_ ? value : 0;
}

ByteView Leb128Reader::Take(std::size_t size) {
  if (size > remaining()) ok_ = false;
  if (!ok_) return {};
  offset_ += size;
  return in_.subspan(offset_ - size, size);
}

std::size_t UnsignedLeb128Size(std::uint64_t value) {
  std::size_t size = 1;
  while ((value >>= 7) != 0) ++size;
  return size;
}

std::size_t SignedLeb128Size(std::uint64_t value) {
  std::uint64_t rest = FoldSign(value) >> 6;
  std::size_t size = 1;
  while (rest != 0) {
    rest >>= 7;
    ++size;
  }
  return size;
}

Status AppendUnsignedLeb128(std::uint64_t value, Vec<std::uint8_t>& out) {
  while (value > 0x7F) {
    SVSM_TRY(out.PushBack(static_cast<std::uint8_t>(value | 0x80U)));
    value >>= 7;
  }
  return out.PushBack(static_cast<std::uint8_t>(value));
}

Status AppendSignedLeb128(std::uint64_t value, Vec<std::uint8_t>& out) {
  const std::uint64_t fill = (value & kSign) != 0 ? ~std::uint64_t{0} : 0;
  const std::size_t size = SignedLeb128Size(value);
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t more = i + 1 < size ? 0x80U : 0U;
    SVSM_TRY(out.PushBack(static_cast<std::uint8_t>((value & 0x7FU) | more)));
    value = value >> 7 | (fill << 57);
  }
  return OkStatus();
}

}  // namespace svsm::cocoonfs
