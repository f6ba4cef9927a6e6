#include "svsm/crypto/rsa_pss.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "crypto/openssl/internal.h"
#include "svsm/crypto/openssl.h"

namespace svsm::crypto {

using openssl::BigNum;
using openssl::ErrorMark;

namespace {

constexpr std::size_t kMaxExponentSize = 8;

Status CheckForm(ByteView modulus, ByteView exponent) {
  const Status malformed(Code::kMalformed, Source::kCrypto);
  if (modulus.empty() || exponent.empty() || modulus.front() == 0 || exponent.front() == 0) {
    return malformed;
  }
  if (modulus.back() % 2 == 0 || exponent.back() % 2 == 0) return malformed;
  if (exponent.size() == 1 && exponent[0] < 3) return malformed;
  std::size_t bits = 8 * modulus.size();
  for (unsigned first = modulus.front(); first < 0x80; first <<= 1) --bits;
  if (bits < kMinRsaBits || bits > kMaxRsaBits) {
    return Status(Code::kUnsupported, Source::kCrypto, static_cast<std::uint32_t>(bits));
  }
  if (exponent.size() > kMaxExponentSize) return Status(Code::kUnsupported, Source::kCrypto);
  return OkStatus();
}

Status Import(ByteView modulus, ByteView exponent, openssl::Key& key) {
  const openssl::Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free> builder(OSSL_PARAM_BLD_new());
  const BigNum n = openssl::ToBigNum(modulus);
  const BigNum e = openssl::ToBigNum(exponent);
  if (!builder || !n || !e ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return openssl::Internal();
  }
  const openssl::Owned<OSSL_PARAM, OSSL_PARAM_free> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const openssl::KeyContext ctx(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* imported = nullptr;
  if (!params || !ctx || EVP_PKEY_fromdata_init(ctx.get()) != 1 ||
      EVP_PKEY_fromdata(ctx.get(), &imported, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return openssl::Internal();
  }
  key.reset(imported);
  return OkStatus();
}

}  // namespace

OpensslRsaPssVerifier::~OpensslRsaPssVerifier() { EVP_PKEY_free(key_); }

Status OpensslRsaPssVerifier::SetPublicKey(ByteView modulus, ByteView exponent) {
  EVP_PKEY_free(key_);
  key_ = nullptr;
  SVSM_TRY(CheckForm(modulus, exponent));
  const ErrorMark mark;
  openssl::Key key;
  SVSM_TRY(Import(modulus, exponent, key));
  key_ = key.release();
  return OkStatus();
}

Status OpensslRsaPssVerifier::Verify(HashAlg alg, std::size_t salt_size_bytes, ByteView digest,
                                     ByteView signature) {
  if (!key_) return openssl::NoKey();
  if (digest.size() != DigestSize(alg) || salt_size_bytes > kMaxDigestSize) {
    return openssl::Invalid();
  }
  const ErrorMark mark;
  if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key_))) {
    return openssl::AuthFailed();
  }
  const openssl::KeyContext ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, key_, nullptr));
  const openssl::Owned<EVP_MD, EVP_MD_free> md(
      EVP_MD_fetch(nullptr, openssl::DigestName(alg), nullptr));
  if (!ctx || !md || EVP_PKEY_verify_init(ctx.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(ctx.get(), RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(ctx.get(), md.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(ctx.get(), md.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx.get(), static_cast<int>(salt_size_bytes)) != 1) {
    return openssl::Internal();
  }
  // A number beyond the modulus is an error to EVP, and a wrong signature to us.
  const int verdict =
      EVP_PKEY_verify(ctx.get(), signature.data(), signature.size(), digest.data(), digest.size());
  return verdict == 1 ? OkStatus() : openssl::AuthFailed();
}

}  // namespace svsm::crypto
