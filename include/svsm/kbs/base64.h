// svsm/kbs/base64.h: the two base64 alphabets, read strictly: a byte string has one spelling.
//
//   SVSM_ASSIGN_OR_RETURN(const ByteView text, EncodeBase64(Base64::kStandard, nonce, buffer));
//   SVSM_ASSIGN_OR_RETURN(const ByteView bytes, DecodeBase64(Base64::kUrl, text, buffer));
//
// The attestation proxy speaks kStandard, JOSE speaks kUrl. Not constant-time: what passes here is
// public or encrypted.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure. Spec: RFC 4648, 4 and 5.
#ifndef SVSM_KBS_BASE64_H_
#define SVSM_KBS_BASE64_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::kbs {

enum class Base64 : std::uint8_t {
  kStandard,  // '+' and '/', padded to a multiple of 4
  kUrl,       // '-' and '_', never padded
};

// Characters that `size` bytes become.
constexpr std::size_t EncodedSize(Base64 variant, std::size_t size) {
  const std::size_t rest = size % 3;
  if (rest == 0) return size / 3 * 4;
  return size / 3 * 4 + (variant == Base64::kStandard ? 4 : rest + 1);
}

// Bytes that at least suffice for the decoding of `size` characters.
constexpr std::size_t MaxDecodedSize(std::size_t size) { return size / 4 * 3 + size % 4; }

// Encodes to the start of `out`, which does not overlap `bytes`, and gives a view of what was
// written. Errors: kBufferTooSmall (detail = characters needed).
[[nodiscard]] Result<ByteView> EncodeBase64(Base64 variant, ByteView bytes, ByteSpan out);

// Decodes to the start of `out`, which does not overlap `text`, and gives a view of what was
// written. Refuses other alphabets, white space, missing, superfluous or misplaced padding, and
// unused bits that are not zero. Errors: kMalformed (detail = offset of the first character that is
// wrong, or the size if the text ends where it must not), kBufferTooSmall (detail = bytes needed;
// text not looked at beyond its size and padding).
[[nodiscard]] Result<ByteView> DecodeBase64(Base64 variant, ByteView text, ByteSpan out);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_BASE64_H_
