// tools/common/entropy.h: the program's generator, seeded from the CPU and the operating system.
#ifndef SVSM_TOOLS_COMMON_ENTROPY_H_
#define SVSM_TOOLS_COMMON_ENTROPY_H_

#include "svsm/core/status.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"

namespace svsm::tool {

class Entropy {
 public:
  // A CPU without RDSEED or RDRAND, or with a stuck one, is no error: the operating system's
  // generator alone is enough. Errors: kIoError (getrandom fails; detail = errno).
  Status Seed();
  crypto::Rng& rng() { return drbg_; }

 private:
  crypto::OpensslHmac hmac_{crypto::HashAlg::kSha512};
  crypto::Drbg drbg_{hmac_};
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_COMMON_ENTROPY_H_
