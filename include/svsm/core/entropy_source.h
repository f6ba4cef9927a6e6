// svsm/core/entropy_source.h: the seam behind which raw entropy comes from: RDSEED, RDRAND, an
// AMD-SP key, a test's constant.
//
//   Secret<48> seed;
//   SVSM_TRY(source.Fill(seed.writable()));
//   const ByteView inputs[] = {seed.view()};
//   SVSM_TRY(drbg.Seed(inputs));
//
// Raw entropy seeds a crypto::Drbg and is never used as a key by itself.
//
// Profile: freestanding. Allocates: never. Threads: as the implementation says.
#ifndef SVSM_CORE_ENTROPY_SOURCE_H_
#define SVSM_CORE_ENTROPY_SOURCE_H_

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm {

class EntropySource {
 public:
  // Fills `out`. Errors: kUnavailable (the CPU or device has no such source), kExhausted (it gave
  // nothing in a bounded number of tries), kDataLoss (a health test failed: the source is stuck).
  // On failure `out` is zero.
  virtual Status Fill(ByteSpan out) = 0;

 protected:
  ~EntropySource() = default;
};

}  // namespace svsm

#endif  // SVSM_CORE_ENTROPY_SOURCE_H_
