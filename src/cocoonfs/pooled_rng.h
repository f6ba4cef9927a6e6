// Random bytes drawn in larger portions: a commit needs many initialisation vectors, and what a
// generator does around each request takes longer than the 16 bytes.
#ifndef SVSM_SRC_COCOONFS_POOLED_RNG_H_
#define SVSM_SRC_COCOONFS_POOLED_RNG_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/rng.h"

namespace svsm::cocoonfs {

// No byte is given out twice; what was given out is wiped.
class PooledRng final : public crypto::Rng {
 public:
  static constexpr std::size_t kPoolBytes = 384;
  // Requests up to this size come from the pool.
  static constexpr std::size_t kMaxPooled = 64;

  // Keeps `source`.
  explicit PooledRng(crypto::Rng& source) : source_(source) {}

  // Errors: those of the source; `out` is zero then.
  Status Generate(ByteSpan out) override;

 private:
  crypto::Rng& source_;
  Secret<kPoolBytes> pool_;
  std::size_t left_ = 0;  // at the pool's end
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_POOLED_RNG_H_
