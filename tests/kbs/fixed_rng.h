// An Rng that counts: for tests that only need different bytes.
#ifndef TESTS_KBS_FIXED_RNG_H_
#define TESTS_KBS_FIXED_RNG_H_

#include "svsm/crypto/rng.h"

namespace svsm::kbs {

class FixedRng final : public crypto::Rng {
 public:
  Status Generate(ByteSpan out) override {
    for (std::uint8_t& byte : out) byte = next_ = static_cast<std::uint8_t>(next_ * 5 + 1);
    // Keeps scalars of P-521 in range.
    if (!out.empty()) out[0] = 0;
    return OkStatus();
  }

 private:
  std::uint8_t next_ = 1;
};

}  // namespace svsm::kbs

#endif  // TESTS_KBS_FIXED_RNG_H_
