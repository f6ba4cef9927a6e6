// svsm/sim/seeded_rng.h: a generator whose whole output follows from a number.
//
//   SeededRng rng(1);
//   SVSM_TRY(rng.Generate(key));        // the same bytes in every run
//
// For simulated machines and tests, so that a run can be repeated; everybody who knows the seed
// knows every byte, so it is for no key that matters. SHA-256 over label, seed and a block counter.
//
// Profile: hosted. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_SIM_SEEDED_RNG_H_
#define SVSM_SIM_SEEDED_RNG_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/rng.h"

namespace svsm::sim {

class SeededRng final : public crypto::Rng {
 public:
  explicit SeededRng(std::uint64_t seed) : seed_(seed) {}

  // Errors: kInternal (Source::kOpenssl).
  Status Generate(ByteSpan out) override;

  // A number below `bound`, which is not 0; near enough to uniform for tests. Panics if the hash
  // fails.
  std::uint64_t Below(std::uint64_t bound);

 private:
  Status NextBlock();

  std::uint64_t seed_;
  std::uint64_t counter_ = 0;
  Bytes<32> block_{};
  std::size_t used_ = 32;  // of block_
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_SEEDED_RNG_H_
