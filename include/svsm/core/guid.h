// svsm/core/guid.h: GUIDs, and the two byte orders in which this field writes them.
//
// The SVSM specification's manifests and operation structs hold GUIDs mixed-endian (the first three
// groups little-endian, as UEFI does); SNP certificate tables hold them in RFC 4122 order (as
// printed).
//
//   constexpr Guid kVtpm = Guid::Parse("c476f1eb-0123-45a5-9641-b4e7dde5bfe3");
//   w.Put(kVtpm.mixed_endian());
//
// Profile: freestanding. Allocates: never. Threads: a value.
#ifndef SVSM_CORE_GUID_H_
#define SVSM_CORE_GUID_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"

namespace svsm {

class Guid {
 public:
  static constexpr std::size_t kSize = 16;

  constexpr Guid() = default;

  // From the printed form with lower or upper case digits, at compile time: a wrong literal does
  // not compile.
  static consteval Guid Parse(const char (&text)[37]) {
    Guid guid;
    std::size_t at = 0;
    for (std::size_t i = 0; i < 36;) {
      if (i == 8 || i == 13 || i == 18 || i == 23) {
        if (text[i] != '-') NotAGuid();
        ++i;
        continue;
      }
      guid.bytes_[at++] = static_cast<std::uint8_t>(Digit(text[i]) << 4 | Digit(text[i + 1]));
      i += 2;
    }
    return guid;
  }
  static constexpr Guid FromRfc4122(FixedView<kSize> bytes) {
    Guid guid;
    for (std::size_t i = 0; i < kSize; ++i) guid.bytes_[i] = bytes[i];
    return guid;
  }
  static constexpr Guid FromMixedEndian(FixedView<kSize> bytes) {
    Guid guid;
    for (std::size_t i = 0; i < kSize; ++i) guid.bytes_[i] = bytes[kSwap[i]];
    return guid;
  }

  constexpr Bytes<kSize> rfc4122() const { return bytes_; }
  constexpr Bytes<kSize> mixed_endian() const {
    Bytes<kSize> out{};
    for (std::size_t i = 0; i < kSize; ++i) out[i] = bytes_[kSwap[i]];
    return out;
  }
  constexpr bool is_null() const { return *this == Guid(); }
  friend constexpr bool operator==(const Guid&, const Guid&) = default;

 private:
  static void NotAGuid() {
  }  // not constexpr: reached in a constant expression, it ends the compilation
  static consteval int Digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    NotAGuid();
    return 0;
  }
  static constexpr Bytes<kSize> kSwap = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

  Bytes<kSize> bytes_{};  // RFC 4122 order
};

}  // namespace svsm

#endif  // SVSM_CORE_GUID_H_
