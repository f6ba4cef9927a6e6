#include <openssl/ecdsa.h>

#include "crypto/openssl/internal.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::ErrorMark;

namespace {

// DER of a signature: two INTEGERs of at most 67 bytes in a SEQUENCE.
constexpr std::size_t kMaxDerSize = 3 + 2 * (2 + 1 + kMaxCoordinateSize);

// Size of the DER form written to `out`, or 0.
std::size_t EncodeDer(EcdsaSignatureView signature, Bytes<kMaxDerSize>& out) {
  const openssl::Owned<ECDSA_SIG, ECDSA_SIG_free> der(ECDSA_SIG_new());
  openssl::BigNum r = openssl::ToBigNum(signature.r);
  openssl::BigNum s = openssl::ToBigNum(signature.s);
  if (!der || !r || !s || ECDSA_SIG_set0(der.get(), r.get(), s.get()) != 1) return 0;
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  const int size = i2d_ECDSA_SIG(der.get(), nullptr);
  if (size <= 0 || static_cast<std::size_t>(size) > out.size()) return 0;
  std::uint8_t* cursor = out.data();
  return static_cast<std::size_t>(i2d_ECDSA_SIG(der.get(), &cursor));
}

}  // namespace

OpensslEcdsaVerifier::~OpensslEcdsaVerifier() { Forget(); }

void OpensslEcdsaVerifier::Forget() {
  EVP_PKEY_CTX_free(ctx_);
  ctx_ = nullptr;
}

Status OpensslEcdsaVerifier::SetPublicKey(EcPointView key) {
  Forget();
  const std::size_t size = CoordinateSize(curve_);
  if (key.x.size() != size || key.y.size() != size) return openssl::Invalid();
  const ErrorMark mark;
  openssl::Key imported;
  SVSM_TRY(openssl::ImportPoint(curve_, key, imported));
  openssl::KeyContext ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, imported.get(), nullptr));
  if (!ctx || EVP_PKEY_verify_init(ctx.get()) != 1) return openssl::Internal();
  ctx_ = ctx.release();
  return OkStatus();
}

Status OpensslEcdsaVerifier::Verify(ByteView digest, EcdsaSignatureView signature) {
  if (!ctx_) return openssl::NoKey();
  const std::size_t size = CoordinateSize(curve_);
  if (signature.r.size() != size || signature.s.size() != size || digest.size() < kSha1Size ||
      digest.size() > kMaxDigestSize) {
    return openssl::Invalid();
  }
  const ErrorMark mark;
  Bytes<kMaxDerSize> der{};
  const std::size_t der_size = EncodeDer(signature, der);
  if (der_size == 0) return openssl::Internal();
  // OpenSSL says -1 rather than 0 where the sum of the two products is the point at infinity, which
  // a forger can bring about: nothing but 1 is good, and nothing else says more.
  const int verdict = EVP_PKEY_verify(ctx_, der.data(), der_size, digest.data(), digest.size());
  return verdict == 1 ? OkStatus() : openssl::AuthFailed();
}

}  // namespace svsm::crypto
