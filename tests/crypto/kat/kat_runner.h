// Runs the known answers of vectors.bin (make.py says what it holds and where from) over one
// backend. Compiled as firmware compiles it, too: no libc, no heap.
#ifndef SVSM_TESTS_CRYPTO_KAT_KAT_RUNNER_H_
#define SVSM_TESTS_CRYPTO_KAT_KAT_RUNNER_H_

#include <array>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/aead.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/ecdh.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"
#include "svsm/crypto/hmac.h"
#include "svsm/crypto/rsa_pss.h"

namespace svsm::crypto::kat {

// The committed vectors, linked in.
ByteView Vectors();

// A backend, indexed by HashAlg and Curve. What is null is absent, and its vectors are counted as
// such.
struct Primitives {
  std::array<const Hash*, 4> hash{};
  std::array<Hmac*, 4> hmac{};
  BlockCipher* aes = nullptr;
  Aead* gcm = nullptr;
  std::array<EcdsaVerifier*, 3> verifier{};
  std::array<EcdsaSigner*, 3> signer{};
  std::array<Ecdh*, 3> ecdh{};
  RsaPssVerifier* rsa_pss = nullptr;
};

inline constexpr std::size_t kNumKinds = 16;  // numbered from 1, as in make.py

struct Outcome {
  unsigned run = 0;
  unsigned failed = 0;
  unsigned absent = 0;
  std::array<unsigned, kNumKinds> run_by_kind{};
  // Where the first failure's vector comes from; ASCII, in the vectors.
  ByteView first_failed_source;
  std::uint32_t first_failed_id = 0;
  // Not OK if the vectors themselves are not well-formed.
  Status format;
};

Outcome RunAll(ByteView vectors, const Primitives& primitives);

}  // namespace svsm::crypto::kat

#endif  // SVSM_TESTS_CRYPTO_KAT_KAT_RUNNER_H_
