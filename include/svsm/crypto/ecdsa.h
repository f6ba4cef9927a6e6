// svsm/crypto/ecdsa.h: ECDSA over the NIST curves, with numbers big-endian and of the curve's size.
//
//   OpensslEcdsaVerifier verifier(Curve::kP384);
//   SVSM_TRY(verifier.SetPublicKey({.x = x, .y = y}));
//   SVSM_TRY(verifier.Verify(digest, {.r = r, .s = s}));
//
// Profile: freestanding. Allocates: never here; a backend may. Threads: one object, one thread.
// Spec: FIPS 186-4, SEC 1.
#ifndef SVSM_CRYPTO_ECDSA_H_
#define SVSM_CRYPTO_ECDSA_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/rng.h"

namespace svsm::crypto {

enum class Curve : std::uint8_t { kP256, kP384, kP521 };

inline constexpr std::size_t kMaxCoordinateSize = 66;

// Bytes of a coordinate, and of r and s.
constexpr std::size_t CoordinateSize(Curve curve) {
  switch (curve) {
    case Curve::kP256:
      return 32;
    case Curve::kP384:
      return 48;
    case Curve::kP521:
      return 66;
  }
  return 0;
}

// A point, each coordinate of CoordinateSize() bytes. Views are borrowed for the call.
struct EcPointView {
  ByteView x;
  ByteView y;
};
struct EcdsaSignatureView {
  ByteView r;
  ByteView s;
};

// Verifies with one public key. Threads: one object, one thread.
class EcdsaVerifier {
 public:
  virtual Curve curve() const = 0;
  // Imports the key, which later Verify() calls use. Errors: kInvalidArgument (sizes), kMalformed
  // (not a point of the curve), kUnsupported (curve), kInternal; there is no key then.
  virtual Status SetPublicKey(EcPointView key) = 0;
  // `digest` is the hash value, of any length from 20 to 64 bytes. r and s outside 1..n-1 do not
  // verify. Errors: kAuthFailed, kFailedPrecondition (no key), kInvalidArgument (sizes), kInternal.
  virtual Status Verify(ByteView digest, EcdsaSignatureView signature) = 0;

 protected:
  ~EcdsaVerifier() = default;
};

// Signs with one private key. Nonces are deterministic (RFC 6979, with the SHA of the digest's
// size), so a key and a digest have one signature, whatever the backend. Threads: one object, one
// thread.
class EcdsaSigner {
 public:
  virtual Curve curve() const = 0;
  // Imports a scalar of CoordinateSize() bytes. Errors: kInvalidArgument (size), kMalformed (0 or
  // not below n), kInternal; there is no key then.
  virtual Status SetPrivateKey(ByteView scalar) = 0;
  // The public key, to views of CoordinateSize() bytes. Errors: kFailedPrecondition (no key),
  // kInvalidArgument (sizes); x and y are zero then.
  virtual Status PublicKey(ByteSpan x, ByteSpan y) = 0;
  // Signs a digest of 20, 32, 48 or 64 bytes, r and s of CoordinateSize() bytes each. Errors:
  // kFailedPrecondition (no key), kInvalidArgument (sizes), kInternal; r and s are zero then.
  virtual Status Sign(ByteView digest, ByteSpan r, ByteSpan s) = 0;
  // Forgets the key.
  virtual void Wipe() = 0;

 protected:
  ~EcdsaSigner() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_ECDSA_H_
