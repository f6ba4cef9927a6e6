// A cursor over DER (X.690 section 10) that knows no BER: definite lengths in their shortest form,
// one-byte tags. The first failure sticks; readers entered from a failed one have failed.
#ifndef SVSM_SRC_SNP_VERIFY_DER_H_
#define SVSM_SRC_SNP_VERIFY_DER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"

namespace svsm::snp::der {

inline constexpr std::uint8_t kBoolean = 0x01;
inline constexpr std::uint8_t kInteger = 0x02;
inline constexpr std::uint8_t kBitString = 0x03;
inline constexpr std::uint8_t kOctetString = 0x04;
inline constexpr std::uint8_t kOid = 0x06;
inline constexpr std::uint8_t kEnumerated = 0x0A;
inline constexpr std::uint8_t kUtf8String = 0x0C;
inline constexpr std::uint8_t kPrintableString = 0x13;
inline constexpr std::uint8_t kIa5String = 0x16;
inline constexpr std::uint8_t kUtcTime = 0x17;
inline constexpr std::uint8_t kGeneralizedTime = 0x18;
inline constexpr std::uint8_t kSequence = 0x30;
inline constexpr std::uint8_t kSet = 0x31;
constexpr std::uint8_t Context(std::uint8_t number) {
  return static_cast<std::uint8_t>(0xA0 | number);
}

class Reader {
 public:
  // Borrows `in`. Details of failures are offsets in `in`, also those of entered readers.
  explicit Reader(ByteView in) : Reader(in.data(), in) {}

  bool ok() const { return status_.ok(); }
  bool empty() const { return !ok() || rest_.empty(); }
  // Whether the next element has this tag.
  bool Next(std::uint8_t tag) const { return !empty() && rest_[0] == tag; }
  // The next element, which must have this tag: whole, its content, or a reader of its content.
  ByteView Element(std::uint8_t tag);
  ByteView Content(std::uint8_t tag);
  Reader Enter(std::uint8_t tag);
  // The content of an INTEGER or ENUMERATED in shortest form.
  ByteView Integer(std::uint8_t tag = kInteger);
  // An INTEGER of 0 to 255.
  std::uint8_t SmallInteger();
  bool Boolean();
  // The bytes of a BIT STRING of whole bytes.
  ByteView BitString();
  // UTCTime or GeneralizedTime, whichever RFC 5280 prescribes for the year; seconds since 1970.
  std::int64_t Time();

  std::size_t offset() const { return static_cast<std::size_t>(rest_.data() - root_); }
  // Fails, with `code` at the current offset, unless `condition` holds.
  void Require(bool condition, Code code = Code::kMalformed);
  // The first failure, or kMalformed if something is left.
  Status Finish();
  Status status() const { return status_; }

 private:
  Reader(const std::uint8_t* root, ByteView in) : root_(root), rest_(in) {}
  const std::uint8_t* root_;
  ByteView rest_;
  Status status_;
};

// "1.3.6.1.4.1.3704.1.2" of the content of an OBJECT IDENTIFIER; hex digits if it is not one.
std::string OidText(ByteView oid);

}  // namespace svsm::snp::der

#endif  // SVSM_SRC_SNP_VERIFY_DER_H_
