// svsm/core/wire.h: fixed layouts, as structs of byte fields with a named byte order.
//
//   struct Header {
//     wire::Le32 version;
//     wire::Be16 size;
//     Bytes<2> reserved;
//   };
//   static_assert(wire::Struct<Header> && sizeof(Header) == 8 && offsetof(Header, size) == 4);
//
//   SVSM_ASSIGN_OR_RETURN(const Header header, wire::Read<Header>(in));
//   if (header.version.get() != 1) ...
//
// Fields have alignment 1, so a struct of them has no padding and no layout of its own to guess.
// Each struct that spells a specification carries a static_assert on its size and on every offset.
//
// Profile: freestanding. Allocates: never. Threads: values.
#ifndef SVSM_CORE_WIRE_H_
#define SVSM_CORE_WIRE_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::wire {

template <typename T, std::endian kOrder>
class Field {
  static_assert(std::is_unsigned_v<T>);

 public:
  constexpr Field() = default;
  constexpr explicit Field(T value) { set(value); }
  constexpr T get() const { return InOrder(std::bit_cast<T>(bytes_)); }
  constexpr void set(T value) { bytes_ = std::bit_cast<Bytes<sizeof(T)>>(InOrder(value)); }
  constexpr Field& operator=(T value) {
    set(value);
    return *this;
  }
  friend constexpr bool operator==(const Field&, const Field&) = default;

 private:
  // From the processor's order of bytes to the field's, and back. Loops over the bytes stay loops
  // at -O2.
  static constexpr T InOrder(T value) {
    if constexpr (kOrder == std::endian::native || sizeof(T) == 1) return value;
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
    return static_cast<T>(__builtin_bswap64(value));
  }
  static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8);
  Bytes<sizeof(T)> bytes_{};
};

using Le16 = Field<std::uint16_t, std::endian::little>;
using Le32 = Field<std::uint32_t, std::endian::little>;
using Le64 = Field<std::uint64_t, std::endian::little>;
using Be16 = Field<std::uint16_t, std::endian::big>;
using Be32 = Field<std::uint32_t, std::endian::big>;
using Be64 = Field<std::uint64_t, std::endian::big>;

// What may be read from and written to bytes as it stands.
template <typename T>
concept Struct = std::is_trivially_copyable_v<T> && std::is_standard_layout_v<T> &&
                     alignof(T) == 1 &&
                 std::has_unique_object_representations_v<T>;

// Copies the first sizeof(T) bytes of `in` into a T. What follows them is not looked at.
// Errors: kTruncated (detail = sizeof(T)).
template <Struct T>
Result<T> Read(ByteView in) {
  if (in.size() < sizeof(T)) {
    return Status(Code::kTruncated, Source::kCore, static_cast<std::uint32_t>(sizeof(T)));
  }
  Bytes<sizeof(T)> copy{};
  Copy(copy, in.first(sizeof(T)));
  return std::bit_cast<T>(copy);
}

// The bytes of `value`.
template <Struct T>
Bytes<sizeof(T)> ToBytes(const T& value) {
  return std::bit_cast<Bytes<sizeof(T)>>(value);
}

}  // namespace svsm::wire

#endif  // SVSM_CORE_WIRE_H_
