// What the files of the OpenSSL backend share.
#ifndef SVSM_SRC_CRYPTO_OPENSSL_INTERNAL_H_
#define SVSM_SRC_CRYPTO_OPENSSL_INTERNAL_H_

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <memory>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/status.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"

namespace svsm::crypto::openssl {

// Takes what a call adds to the thread's error queue off again.
class ErrorMark {
 public:
  ErrorMark() { ERR_set_mark(); }
  ErrorMark(const ErrorMark&) = delete;
  ErrorMark& operator=(const ErrorMark&) = delete;
  ~ErrorMark() { ERR_pop_to_mark(); }
};

inline Status Internal() {
  return Status(Code::kInternal, Source::kOpenssl,
                static_cast<std::uint32_t>(ERR_peek_last_error()));
}
// After a call without an ErrorMark, which would take as long as the call itself: nothing fails
// there but OpenSSL. Empties the queue, with what was there before.
inline Status InternalUnmarked() {
  const Status status = Internal();
  ERR_clear_error();
  return status;
}
inline Status Invalid() { return Status(Code::kInvalidArgument, Source::kCrypto); }
inline Status NoKey() { return Status(Code::kFailedPrecondition, Source::kCrypto); }
inline Status AuthFailed() { return Status(Code::kAuthFailed, Source::kCrypto); }

// OpenSSL's name of a digest, and of a curve's group.
const char* DigestName(HashAlg alg);
const char* GroupName(Curve curve);

enum CipherMode : std::size_t { kEcb, kCbc, kCounter };
// OpenSSL's name of a cipher with a key of 16, 24 or 32 bytes; empty if there is no such cipher.
const char* CipherName(BlockCipherAlg alg, CipherMode mode, std::size_t key_size);

template <auto kFree>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <typename T, auto kFree>
using Owned = std::unique_ptr<T, Deleter<kFree>>;

using BigNum = Owned<BIGNUM, BN_clear_free>;
using BigNumContext = Owned<BN_CTX, BN_CTX_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Group = Owned<EC_GROUP, EC_GROUP_free>;
using Point = Owned<EC_POINT, EC_POINT_clear_free>;

inline BigNum ToBigNum(ByteView bytes) {
  return BigNum(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

// The public key with these coordinates, each of CoordinateSize(curve) bytes. Errors: kMalformed
// (not a point of the curve), kInternal.
Status ImportPoint(Curve curve, EcPointView point, Key& key);

}  // namespace svsm::crypto::openssl

#endif  // SVSM_SRC_CRYPTO_OPENSSL_INTERNAL_H_
