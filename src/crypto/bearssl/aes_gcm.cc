#include "crypto/bearssl/internal.h"
#include "svsm/crypto/aead.h"

namespace svsm::crypto {

using bearssl::Get;

BearsslAesGcm::BearsslAesGcm(BearsslCode code) : code_(code) {
  bearssl::Make<br_aes_gen_ctr_keys>(ctr_);
  bearssl::Make<br_gcm_context>(gcm_);
}

Status BearsslAesGcm::SetKey(ByteView key) {
  Wipe();
  if (key.size() != 16 && key.size() != 24 && key.size() != 32) return bearssl::Invalid();
  const bool fastest = code_ == BearsslCode::kFastest;
  const br_block_ctr_class* fast_ctr = fastest ? br_aes_x86ni_ctr_get_vtable() : nullptr;
  const br_ghash fast_ghash = fastest ? br_ghash_pclmul_get() : nullptr;
  br_aes_gen_ctr_keys& keys = Get<br_aes_gen_ctr_keys>(ctr_);
  (fast_ctr ? fast_ctr : &br_aes_ct64_ctr_vtable)->init(&keys.vtable, key.data(), key.size());
  br_gcm_init(&Get<br_gcm_context>(gcm_), &keys.vtable,
              fast_ghash ? fast_ghash : &br_ghash_ctmul64);
  keyed_ = true;
  return OkStatus();
}

void BearsslAesGcm::Wipe() {
  svsm::Wipe(ctr_.bytes);
  svsm::Wipe(gcm_.bytes);
  keyed_ = false;
}

Status BearsslAesGcm::Seal(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView plaintext,
                           ByteSpan ciphertext, FixedSpan<kGcmTagSize> tag) {
  if (!keyed_ || plaintext.size() != ciphertext.size()) {
    Fill(ciphertext, 0);
    Fill(tag, 0);
    return keyed_ ? bearssl::Invalid() : bearssl::NoKey();
  }
  br_gcm_context& gcm = Get<br_gcm_context>(gcm_);
  br_gcm_reset(&gcm, nonce.data(), nonce.size());
  br_gcm_aad_inject(&gcm, aad.data(), aad.size());
  br_gcm_flip(&gcm);
  Copy(ciphertext, plaintext);
  br_gcm_run(&gcm, 1, ciphertext.data(), ciphertext.size());
  br_gcm_get_tag(&gcm, tag.data());
  return OkStatus();
}

Status BearsslAesGcm::Open(FixedView<kGcmNonceSize> nonce, ByteView aad, ByteView ciphertext,
                           FixedView<kGcmTagSize> tag, ByteSpan plaintext) {
  if (!keyed_ || plaintext.size() != ciphertext.size()) {
    Fill(plaintext, 0);
    return keyed_ ? bearssl::Invalid() : bearssl::NoKey();
  }
  br_gcm_context& gcm = Get<br_gcm_context>(gcm_);
  br_gcm_reset(&gcm, nonce.data(), nonce.size());
  br_gcm_aad_inject(&gcm, aad.data(), aad.size());
  br_gcm_flip(&gcm);
  Copy(plaintext, ciphertext);
  br_gcm_run(&gcm, 0, plaintext.data(), plaintext.size());
  if (br_gcm_check_tag(&gcm, tag.data()) == 1) return OkStatus();
  svsm::Wipe(plaintext);
  return bearssl::AuthFailed();
}

}  // namespace svsm::crypto
