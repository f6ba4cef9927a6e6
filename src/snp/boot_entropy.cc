#include "svsm/snp/boot_entropy.h"

namespace svsm::snp {
namespace {

constexpr std::size_t kCpuPartSize = 48;

BootEntropy FillFromCpu(crypto::CpuRandom& cpu, ByteSpan out) {
  BootEntropy from;
  crypto::RdSeedSource rdseed(cpu);
  from.rdseed = rdseed.Fill(out);
  if (from.rdseed.ok()) {
    from.cpu = CpuSource::kRdSeed;
    return from;
  }
  crypto::RdRandSource rdrand(cpu);
  from.rdrand = rdrand.Fill(out);
  if (from.rdrand.ok()) from.cpu = CpuSource::kRdRand;
  return from;
}

}  // namespace

Result<BootEntropy> SeedAtBoot(crypto::CpuRandom& cpu, GuestMessageSession& session,
                               VmpckHandover& unused, crypto::Drbg& drbg) {
  if (unused.messages_used != 0) {
    return Status(Code::kInvalidArgument, Source::kSnp,
                  static_cast<std::uint32_t>(unused.messages_used));
  }
  Secret<kCpuPartSize> cpu_part;
  const BootEntropy from = FillFromCpu(cpu, cpu_part.writable());
  DerivedKeySelection selection;
  selection.fields = kEntropyKeyFields;
  Secret<kDerivedKeySize> derived;
  SVSM_TRY(session.DeriveKey(selection, derived));
  const ByteView inputs[] = {cpu_part.view(), derived.view(), unused.key.view()};
  SVSM_TRY(drbg.Seed(inputs));
  unused.key.wipe();
  return from;
}

}  // namespace svsm::snp
