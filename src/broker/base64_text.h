// base64 to and from strings, and bytes as text.
#ifndef SVSM_BROKER_BASE64_TEXT_H_
#define SVSM_BROKER_BASE64_TEXT_H_

#include <string>
#include <string_view>

#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/kbs/base64.h"

namespace svsm::broker {

std::string ToBase64(kbs::Base64 variant, ByteView bytes);
// Errors: those of kbs::DecodeBase64().
Result<ByteVector> FromBase64(kbs::Base64 variant, std::string_view text);

inline std::string ToText(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }
inline std::string_view AsText(ByteView bytes) {
  return std::string_view(static_cast<const char*>(static_cast<const void*>(bytes.data())),
                          bytes.size());
}

}  // namespace svsm::broker

#endif  // SVSM_BROKER_BASE64_TEXT_H_
