// broker/locked_rng.h: a generator of one thread, for many.
#ifndef SVSM_BROKER_LOCKED_RNG_H_
#define SVSM_BROKER_LOCKED_RNG_H_

#include <mutex>

#include "svsm/crypto/rng.h"

namespace svsm::broker {

class LockedRng final : public crypto::Rng {
 public:
  explicit LockedRng(crypto::Rng& rng) : rng_(rng) {}
  Status Generate(ByteSpan out) override {
    const std::lock_guard guard(mutex_);
    return rng_.Generate(out);
  }

 private:
  std::mutex mutex_;
  crypto::Rng& rng_;
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_LOCKED_RNG_H_
