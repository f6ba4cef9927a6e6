#include <openssl/core_names.h>
#include <openssl/params.h>

#include <new>

#include "crypto/openssl/internal.h"
#include "crypto/openssl/sha.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::ErrorMark;

namespace {

EVP_MAC_CTX* NewContext(HashAlg alg) {
  const ErrorMark mark;
  const openssl::Owned<EVP_MAC, EVP_MAC_free> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  if (!mac) return nullptr;
  openssl::Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> ctx(EVP_MAC_CTX_new(mac.get()));
  // OSSL_PARAM has no const variant of the name; the name is not written to.
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(
                             OSSL_MAC_PARAM_DIGEST, const_cast<char*>(openssl::DigestName(alg)), 0),
                         OSSL_PARAM_construct_end()};
  if (!ctx || EVP_MAC_CTX_set_params(ctx.get(), params) != 1) return nullptr;
  return ctx.release();
}

}  // namespace

OpensslHmac::OpensslHmac(HashAlg alg)
    : alg_(alg), ctx_(openssl::ShaState::Has(alg) ? nullptr : NewContext(alg)) {}

OpensslHmac::~OpensslHmac() {
  EVP_MAC_CTX_free(ctx_);
  delete sha_;
}

Status OpensslHmac::SetKey(ByteView key) {
  if (openssl::ShaState::Has(alg_)) {
    delete sha_;
    sha_ = new (std::nothrow) openssl::ShaHmac(alg_, key);
    return sha_ != nullptr ? OkStatus() : openssl::Internal();
  }
  const ErrorMark mark;
  // A null pointer would mean "the key as before".
  const std::uint8_t none = 0;
  const std::uint8_t* data = key.empty() ? &none : key.data();
  keyed_ = ctx_ && EVP_MAC_init(ctx_, data, key.size(), nullptr) == 1;
  return keyed_ ? OkStatus() : openssl::Internal();
}

Status OpensslHmac::Compute(std::span<const ByteView> parts, ByteSpan out) {
  if (out.size() != DigestSize(alg_)) {
    Fill(out, 0);
    return openssl::Invalid();
  }
  if (sha_ != nullptr) {
    sha_->Compute(parts, out);
    return OkStatus();
  }
  if (!keyed_) {
    Fill(out, 0);
    return openssl::NoKey();
  }
  const ErrorMark mark;
  bool ok = EVP_MAC_init(ctx_, nullptr, 0, nullptr) == 1;
  for (const ByteView part : parts) {
    ok = ok && (part.empty() || EVP_MAC_update(ctx_, part.data(), part.size()) == 1);
  }
  std::size_t size = 0;
  ok = ok && EVP_MAC_final(ctx_, out.data(), &size, out.size()) == 1 && size == out.size();
  if (!ok) {
    Fill(out, 0);
    return openssl::Internal();
  }
  return OkStatus();
}

Status OpensslHmac::ComputeMany(std::span<const HmacMessage> messages) {
  bool fits = sha_ != nullptr;
  for (const HmacMessage& message : messages) fits = fits && message.out.size() == DigestSize(alg_);
  if (!fits) return Hmac::ComputeMany(messages);
  sha_->ComputeMany(messages);
  return OkStatus();
}

void OpensslHmac::Wipe() {
  delete sha_;
  sha_ = nullptr;
  if (openssl::ShaState::Has(alg_)) return;
  // OpenSSL clears a context's key when it is freed.
  EVP_MAC_CTX_free(ctx_);
  ctx_ = NewContext(alg_);
  keyed_ = false;
}

}  // namespace svsm::crypto
