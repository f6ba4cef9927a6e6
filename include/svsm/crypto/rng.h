// svsm/crypto/rng.h: where keys, nonces and blinding come from. crypto::Drbg is one; a test's
// recorded bytes are another.
//
//   Secret<32> key;
//   SVSM_TRY(rng.Generate(key.writable()));
//
// Profile: freestanding. Allocates: never. Threads: as the implementation says.
#ifndef SVSM_CRYPTO_RNG_H_
#define SVSM_CRYPTO_RNG_H_

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm::crypto {

class Rng {
 public:
  // Fills `out`. Errors: kFailedPrecondition (not seeded), kExhausted (must be reseeded and
  // cannot), kInternal; `out` is zero then.
  virtual Status Generate(ByteSpan out) = 0;

 protected:
  ~Rng() = default;
};

}  // namespace svsm::crypto

#endif  // SVSM_CRYPTO_RNG_H_
