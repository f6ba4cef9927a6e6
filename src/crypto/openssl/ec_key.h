// A private key of a NIST curve, as the signer and Diffie-Hellman of the OpenSSL backend hold it.
#ifndef SVSM_SRC_CRYPTO_OPENSSL_EC_KEY_H_
#define SVSM_SRC_CRYPTO_OPENSSL_EC_KEY_H_

// EVP can neither sign with a given nonce in OpenSSL 3.0 nor multiply without a key object a call,
// so this goes to the EC functions below it, some of which are marked as deprecated.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/ecdsa.h>

#include "crypto/openssl/internal.h"
#include "svsm/core/secret.h"

namespace svsm::crypto::openssl {

class PrivateKey {
 public:
  // Errors: as EcdsaSigner::SetPrivateKey(), `scalar` being of the curve's size.
  Status Import(Curve curve, ByteView scalar);

  std::size_t size() const { return size_; }
  const EC_GROUP* group() const { return EC_KEY_get0_group(key_.get()); }
  const BIGNUM* order() const { return EC_GROUP_get0_order(group()); }
  const BIGNUM* scalar() const { return EC_KEY_get0_private_key(key_.get()); }
  EC_KEY* key() const { return key_.get(); }
  BN_CTX* context() const { return context_.get(); }

  // What PublicKey() of the interfaces says.
  Status PublicKey(ByteSpan x, ByteSpan y) const;

 private:
  bool SetPublicPoint(const BIGNUM* scalar);

  std::size_t size_ = 0;
  Owned<EC_KEY, EC_KEY_free> key_;
  BigNumContext context_;
  Bytes<kMaxCoordinateSize> x_{};
  Bytes<kMaxCoordinateSize> y_{};
};

// The private key that an object of the interfaces may have, in `key`.
// Puts another one in its place; after an error there is none. Errors: as
// EcdsaSigner::SetPrivateKey().
Status ReplaceKey(PrivateKey*& key, Curve curve, ByteView scalar);
// Errors: as EcdsaSigner::PublicKey().
Status PublicKeyOf(const PrivateKey* key, ByteSpan x, ByteSpan y);
void DropKey(PrivateKey*& key);

// Writes `number` big-endian to all of `out`.
inline bool ToBytes(const BIGNUM* number, ByteSpan out) {
  const int size = static_cast<int>(out.size());
  return BN_bn2binpad(number, out.data(), size) == size;
}

}  // namespace svsm::crypto::openssl

#endif  // SVSM_SRC_CRYPTO_OPENSSL_EC_KEY_H_
