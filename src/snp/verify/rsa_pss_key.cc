#include "snp/verify/rsa_pss_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>

namespace svsm::snp {
namespace {

constexpr int kMinBits = 2048;
constexpr int kMaxBits = 4096;
constexpr int kSaltSize = 48;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

Status Internal() {
  const auto error = static_cast<std::uint32_t>(ERR_peek_last_error());
  ERR_clear_error();
  return Status(Code::kInternal, Source::kOpenssl, error);
}

bool HasExponent65537(const EVP_PKEY* key) {
  BIGNUM* number = nullptr;
  const bool read = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &number) == 1;
  const std::unique_ptr<BIGNUM, FreeNumber> exponent(number);
  return read && BN_is_word(number, 65537) == 1;
}

// AlgorithmIdentifier of id-RSASSA-PSS up to the salt's length, without the two outer headers.
constexpr std::array<std::uint8_t, 11> kPssOid = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                                  0xF7, 0x0D, 0x01, 0x01, 0x0A};
constexpr std::array<std::uint8_t, 52> kPssParameters = {
    0xA0, 0x0F, 0x30, 0x0D,                                            // hash
    0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,  // SHA-384
    0x05, 0x00,                                                        //
    0xA1, 0x1C, 0x30, 0x1A,                                            // mask generation
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08,  // MGF1
    0x30, 0x0D,                                                        //
    0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,  // SHA-384
    0x05, 0x00,                                                        //
    0xA2, 0x03, 0x02, 0x01, kSaltSize};
constexpr std::array<std::uint8_t, 5> kTrailer = {0xA3, 0x03, 0x02, 0x01, 0x01};

}  // namespace

Result<std::shared_ptr<const RsaPssKey>> RsaPssKey::Import(ByteView spki) {
  const std::uint8_t* at = spki.data();
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  if (!key || at != spki.data() + spki.size()) {
    ERR_clear_error();
    return Status(Code::kMalformed, Source::kSnpVerify);
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || bits < kMinBits || bits > kMaxBits ||
      !HasExponent65537(key.get())) {
    ERR_clear_error();
    return Status(Code::kUnsupported, Source::kSnpVerify);
  }
  EVP_MD* sha384 = EVP_MD_fetch(nullptr, "SHA384", nullptr);
  if (sha384 == nullptr) return Internal();
  EVP_PKEY_up_ref(key.get());
  return std::shared_ptr<const RsaPssKey>(std::make_shared<RsaPssKey>(key.get(), sha384));
}

RsaPssKey::~RsaPssKey() {
  EVP_PKEY_free(key_);
  EVP_MD_free(sha384_);
}

Status RsaPssKey::Verify(ByteView message, ByteView signature) const {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* pkey_context = nullptr;
  if (!context ||
      EVP_DigestVerifyInit(context.get(), &pkey_context, sha384_, nullptr, key_) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(pkey_context, RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_mgf1_md(pkey_context, sha384_) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_context, kSaltSize) != 1) {
    return Internal();
  }
  const int verified = EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                        message.data(), message.size());
  ERR_clear_error();
  return verified == 1 ? OkStatus() : Status(Code::kAuthFailed, Source::kSnpVerify);
}

bool IsAmdPss(ByteView algorithm) {
  constexpr std::size_t kHeaders = 4;  // of the identifier, and of the parameters after the OID
  const std::size_t short_size = kHeaders + kPssOid.size() + kPssParameters.size();
  const bool trailer = algorithm.size() == short_size + kTrailer.size();
  if (!trailer && algorithm.size() != short_size) return false;
  const ByteView parameters = algorithm.subspan(2 + kPssOid.size());
  return algorithm[0] == 0x30 && algorithm[1] == algorithm.size() - 2 &&
         Equal(algorithm.subspan(2, kPssOid.size()), kPssOid) && parameters[0] == 0x30 &&
         parameters[1] == parameters.size() - 2 &&
         Equal(parameters.subspan(2, kPssParameters.size()), kPssParameters) &&
         (!trailer || Equal(parameters.last(kTrailer.size()), kTrailer));
}

}  // namespace svsm::snp
