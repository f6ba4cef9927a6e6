// Builds DER, value by value: each function returns a whole TLV. Small certificates only, so
// clarity goes before copies.
#ifndef SVSM_SIM_DER_H_
#define SVSM_SIM_DER_H_

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"

namespace svsm::sim::der {

inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kUtf8String = 0x0C;
inline constexpr std::uint8_t kPrintableString = 0x13;
inline constexpr std::uint8_t kIa5String = 0x16;
inline constexpr std::uint8_t kUtcTime = 0x17;
inline constexpr std::uint8_t kSequence = 0x30;
inline constexpr std::uint8_t kSet = 0x31;

// Context-specific tags: primitive (implicit) and constructed (explicit).
constexpr std::uint8_t Implicit(std::uint8_t n) { return static_cast<std::uint8_t>(0x80 | n); }
constexpr std::uint8_t Explicit(std::uint8_t n) { return static_cast<std::uint8_t>(0xA0 | n); }

ByteVector Tlv(std::uint8_t tag, ByteView content);
// The TLVs of `parts`, one after the other, in one constructed value.
ByteVector Join(std::uint8_t tag, std::initializer_list<ByteView> parts);
inline ByteVector Sequence(std::initializer_list<ByteView> parts) { return Join(kSequence, parts); }

ByteVector Text(std::uint8_t tag, std::string_view text);
// A non-negative INTEGER in its shortest form.
ByteVector Integer(std::uint64_t value);
ByteVector Boolean(bool value);
ByteVector Null();
// From numbers; at least two.
ByteVector Oid(std::initializer_list<std::uint32_t> arcs);
ByteVector BitString(ByteView bytes, std::uint8_t unused_bits);
// UTCTime of a moment in 1950..2049, seconds since 1970.
ByteVector UtcTime(std::int64_t unix_seconds);
bool FitsUtcTime(std::int64_t unix_seconds);

}  // namespace svsm::sim::der

#endif  // SVSM_SIM_DER_H_
