#include "sim/rsa_key.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace svsm::sim {

namespace {

constexpr int kModulusBits = 4096;
constexpr int kSaltBytes = 48;
constexpr Status kOpensslFailed(Code::kInternal, Source::kOpenssl);

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct FreeMdCtx {
  void operator()(EVP_MD_CTX* ctx) const { EVP_MD_CTX_free(ctx); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

// A passphrase is never asked for.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

Result<RsaKey> RsaKey::Generate() {
  EVP_PKEY* const key = EVP_RSA_gen(kModulusBits);
  if (key == nullptr) return kOpensslFailed;
  return RsaKey(key);
}

Result<RsaKey> RsaKey::FromPem(ByteView pem) {
  const Status malformed(Code::kMalformed, Source::kSim);
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return kOpensslFailed;
  EVP_PKEY* const key = PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr);
  if (key == nullptr) return malformed;
  RsaKey out(key);
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || EVP_PKEY_get_bits(key) != kModulusBits) {
    return malformed;
  }
  return out;
}

Result<ByteVector> RsaKey::ToPem() const {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) != 1) {
    return kOpensslFailed;
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  if (size <= 0) return kOpensslFailed;
  return ToVector(AsBytes({text, static_cast<std::size_t>(size)}));
}

Result<ByteVector> RsaKey::Spki() const {
  std::uint8_t* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  if (size <= 0) return kOpensslFailed;
  ByteVector out(der, der + size);
  OPENSSL_free(der);
  return out;
}

Result<ByteVector> RsaKey::Sign(ByteView message) const {
  const std::unique_ptr<EVP_MD_CTX, FreeMdCtx> ctx(EVP_MD_CTX_new());
  EVP_PKEY_CTX* pkey_ctx = nullptr;  // owned by ctx
  if (!ctx || EVP_DigestSignInit(ctx.get(), &pkey_ctx, EVP_sha384(), nullptr, key_.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, kSaltBytes) != 1) {
    return kOpensslFailed;
  }
  std::size_t size = kModulusBits / 8;
  ByteVector out(size);
  if (EVP_DigestSign(ctx.get(), out.data(), &size, message.data(), message.size()) != 1 ||
      size != out.size()) {
    return kOpensslFailed;
  }
  return out;
}

}  // namespace svsm::sim
