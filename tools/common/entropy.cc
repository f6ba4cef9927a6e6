#include "tools/common/entropy.h"

#include <sys/random.h>

#include <cerrno>

#include "svsm/core/secret.h"
#include "svsm/crypto/cpu_entropy.h"

namespace svsm::tool {

Status Entropy::Seed() {
  Secret<64> system;
  if (::getrandom(system.writable().data(), system.size(), 0) !=
      static_cast<ssize_t>(system.size())) {
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  }
  crypto::HardwareCpuRandom cpu;
  crypto::RdSeedSource rdseed(cpu);
  crypto::RdRandSource rdrand(cpu);
  Secret<48> seed_word;
  Secret<48> rand_word;
  (void)rdseed.Fill(seed_word.writable());
  (void)rdrand.Fill(rand_word.writable());
  const ByteView inputs[] = {system.view(), seed_word.view(), rand_word.view()};
  return drbg_.Seed(inputs);
}

}  // namespace svsm::tool
