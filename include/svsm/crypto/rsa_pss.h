// svsm/crypto/rsa_pss.h: RSASSA-PSS verification, as AMD signs its certificates.
//
//   OpensslRsaPssVerifier verifier;
//   SVSM_TRY(verifier.SetPublicKey(modulus, exponent));
//   SVSM_TRY(verifier.Verify(HashAlg::kSha384, 48, digest, signature));
//
// Profile: hosted (OpenSSL); BearSSL has no PSS. Spec: RFC 8017, 8.1.2, MGF1 with the same hash.
// Allocates: OpenSSL does. Threads: one object, one thread.
#ifndef SVSM_CRYPTO_RSA_PSS_H_
#define SVSM_CRYPTO_RSA_PSS_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/hash.h"

namespace svsm::crypto {

// Bits of an acceptable modulus, at least and at most.
inline constexpr std::size_t kMinRsaBits = 2048;
inline constexpr std::size_t kMaxRsaBits = 8192;

class RsaPssVerifier {
 public:
  // Imports a key, big-endian, without leading zeros. Errors: kMalformed (leading zero, even
  // modulus, exponent even or below 3), kUnsupported (modulus outside the bounds, detail = its
  // bits; exponent longer than 8 bytes), kInternal; there is no key then.
  virtual Status SetPublicKey(ByteView modulus, ByteView exponent) = 0;
  // `digest` is the value of `alg` over the message, DigestSize(alg) bytes; the salt must have
  // exactly `salt_size_bytes`. Errors: kAuthFailed (a signature of another size, too),
  // kFailedPrecondition (no key), kInvalidArgument (size of `digest`, a salt longer than 64 bytes),
  // kInternal.
  virtual Status Verify(HashAlg alg, std::size_t salt_size_bytes, ByteView digest,
                        ByteView signature) = 0;

 protected:
  ~RsaPssVerifier() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_RSA_PSS_H_
