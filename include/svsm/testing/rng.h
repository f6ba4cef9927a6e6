// svsm/testing/rng.h: a generator for tests: equal seeds give equal bytes, and it fails when told.
//
//   FakeRng rng(7);
//   rng.status = Status(Code::kExhausted, Source::kCaller);   // from now on
//
// What it gives looks random enough for making keys; everybody can predict it.
//
// Profile: hosted. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_TESTING_RNG_H_
#define SVSM_TESTING_RNG_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/rng.h"

namespace svsm::testing {

class FakeRng final : public crypto::Rng {
 public:
  explicit FakeRng(std::uint64_t seed = 1) : state_(seed) {}

  // Errors: `status`, with `out` zeroed and nothing drawn.
  Status Generate(ByteSpan out) override {
    if (!status.ok()) {
      Fill(out, 0);
      return status;
    }
    for (std::uint8_t& byte : out) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<std::uint8_t>(state_ >> 33);
    }
    drawn += out.size();
    return OkStatus();
  }

  Status status;
  std::size_t drawn = 0;  // bytes

 private:
  std::uint64_t state_;
};

}  // namespace svsm::testing

#endif  // SVSM_TESTING_RNG_H_
