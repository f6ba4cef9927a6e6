#include "broker/base64_text.h"

namespace svsm::broker {

std::string ToBase64(kbs::Base64 variant, ByteView bytes) {
  ByteVector text(kbs::EncodedSize(variant, bytes.size()));
  const Result<ByteView> encoded = kbs::EncodeBase64(variant, bytes, text);
  return encoded.ok() ? ToText(*encoded) : std::string();
}

Result<ByteVector> FromBase64(kbs::Base64 variant, std::string_view text) {
  ByteVector bytes(kbs::MaxDecodedSize(text.size()));
  SVSM_ASSIGN_OR_RETURN(const ByteView decoded, kbs::DecodeBase64(variant, AsBytes(text), bytes));
  bytes.resize(decoded.size());
  return bytes;
}

}  // namespace svsm::broker
