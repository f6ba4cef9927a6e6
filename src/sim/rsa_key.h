// An RSA-4096 key that signs with RSASSA-PSS, SHA-384, a salt of 48 bytes.
#ifndef SVSM_SIM_RSA_KEY_H_
#define SVSM_SIM_RSA_KEY_H_

#include <openssl/evp.h>

#include <memory>

#include "svsm/core/hosted.h"
#include "svsm/core/result.h"

namespace svsm::sim {

class RsaKey final {
 public:
  // Takes seconds. Errors: kInternal (Source::kOpenssl).
  static Result<RsaKey> Generate();
  // Errors: kMalformed unless `pem` holds one RSA-4096 private key.
  static Result<RsaKey> FromPem(ByteView pem);
  // Errors: kInternal (Source::kOpenssl).
  Result<ByteVector> ToPem() const;
  // SubjectPublicKeyInfo, DER, algorithm rsaEncryption. Errors: kInternal (Source::kOpenssl).
  Result<ByteVector> Spki() const;
  // 512 bytes over `message`. Errors: kInternal (Source::kOpenssl).
  Result<ByteVector> Sign(ByteView message) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  explicit RsaKey(EVP_PKEY* key) : key_(key) {}
  std::unique_ptr<EVP_PKEY, Free> key_;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_RSA_KEY_H_
