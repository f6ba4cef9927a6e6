// svsm/crypto/ecdh.h: Diffie-Hellman over the NIST curves, with numbers big-endian and of the
// curve's size.
//
//   Secret<48> scalar;
//   SVSM_TRY(ecdh.GenerateKey(rng, scalar.writable()));     // or SetPrivateKey()
//   SVSM_TRY(ecdh.PublicKey(x, y));                         // to the peer
//   SVSM_TRY(ecdh.Agree({peer_x, peer_y}, z.writable()));   // then into a KDF
//
// Profile: freestanding. Allocates: never here; a backend may. Threads: one object, one thread.
// Spec: NIST SP 800-56A rev. 3, 5.7.1.2.
#ifndef SVSM_CRYPTO_ECDH_H_
#define SVSM_CRYPTO_ECDH_H_

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/rng.h"

namespace svsm::crypto {

// Agrees with one private key.
class Ecdh {
 public:
  virtual Curve curve() const = 0;
  // Imports a scalar of CoordinateSize() bytes. Errors: kInvalidArgument (size), kMalformed (0 or
  // not below n), kInternal; there is no key then.
  virtual Status SetPrivateKey(ByteView scalar) = 0;
  // The public key, to views of CoordinateSize() bytes. Errors: kFailedPrecondition (no key),
  // kInvalidArgument (sizes); x and y are zero then.
  virtual Status PublicKey(ByteSpan x, ByteSpan y) = 0;
  // The x coordinate of the shared point, of CoordinateSize() bytes. `peer` is checked to be a
  // point of the curve. Errors: kFailedPrecondition (no key), kInvalidArgument (sizes), kMalformed
  // (not a point of the curve), kInternal; `z` is zero then.
  virtual Status Agree(EcPointView peer, ByteSpan z) = 0;
  // Forgets the key.
  virtual void Wipe() = 0;

  // Draws scalars from `rng` until one is in range, gives it in `scalar` (CoordinateSize() bytes)
  // and imports it. Errors: as SetPrivateKey() and Rng::Generate(); kExhausted (128 draws out of
  // range: the Rng is broken); `scalar` is zero and there is no key then.
  Status GenerateKey(Rng& rng, ByteSpan scalar);

 protected:
  ~Ecdh() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_ECDH_H_
