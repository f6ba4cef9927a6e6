#include "svsm/crypto/hmac.h"

#include "crypto/bearssl/internal.h"

namespace svsm::crypto {

BearsslHmac::BearsslHmac(HashAlg alg) : alg_(alg) { bearssl::Make<br_hmac_key_context>(key_); }

Status BearsslHmac::SetKey(ByteView key) {
  if (bearssl::HashClass(alg_) == nullptr) return bearssl::Unsupported(alg_);
  br_hmac_key_init(&bearssl::Get<br_hmac_key_context>(key_), bearssl::HashClass(alg_), key.data(),
                   key.size());
  keyed_ = true;
  return OkStatus();
}

Status BearsslHmac::Compute(std::span<const ByteView> parts, ByteSpan out) {
  if (out.size() != DigestSize(alg_) || !keyed_) {
    Fill(out, 0);
    return keyed_ ? bearssl::Invalid() : bearssl::NoKey();
  }
  br_hmac_context context;
  br_hmac_init(&context, &bearssl::Get<br_hmac_key_context>(key_), 0);
  for (const ByteView part : parts) br_hmac_update(&context, part.data(), part.size());
  br_hmac_out(&context, out.data());
  svsm::Wipe(bearssl::BytesOf(context));
  return OkStatus();
}

void BearsslHmac::Wipe() {
  svsm::Wipe(key_.bytes);
  keyed_ = false;
}

}  // namespace svsm::crypto
