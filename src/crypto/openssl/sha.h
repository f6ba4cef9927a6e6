// SHA-1 and SHA-2 on libcrypto's running states, which lie in place and are copied as they are: a
// keyed HMAC of a few bytes costs a third of what EVP takes, and a digest allocates nothing.
#ifndef SVSM_SRC_CRYPTO_OPENSSL_SHA_H_
#define SVSM_SRC_CRYPTO_OPENSSL_SHA_H_

#include <openssl/sha.h>

#include "svsm/core/bytes.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/hmac.h"

namespace svsm::crypto::openssl {

class ShaState {
 public:
  static bool Has(HashAlg alg);

  // `alg` is one that Has().
  explicit ShaState(HashAlg alg);

  HashAlg algorithm() const { return alg_; }
  // Of a state of SHA-256 that has taken whole blocks.
  const SHA256_CTX& sha256() const { return sha256_; }
  void Update(ByteView data);
  // `out` has DigestSize() bytes. The state is used up.
  void Finish(ByteSpan out);

 private:
  HashAlg alg_;
  union {  // by alg_
    SHA_CTX sha1_;
    SHA256_CTX sha256_;
    SHA512_CTX sha512_;
  };
};

// HMAC's two states after the blocks that hold the key.
struct ShaHmac {
  ShaHmac(HashAlg alg, ByteView key);
  ~ShaHmac();
  ShaHmac(const ShaHmac&) = delete;
  ShaHmac& operator=(const ShaHmac&) = delete;

  void Compute(std::span<const ByteView> parts, ByteSpan out) const;
  // Two at a time, where they have as many blocks and the processor can.
  void ComputeMany(std::span<const HmacMessage> messages) const;

  ShaState inner;
  ShaState outer;
};

}  // namespace svsm::crypto::openssl

#endif  // SVSM_SRC_CRYPTO_OPENSSL_SHA_H_
