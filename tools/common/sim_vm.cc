#include "tools/common/sim_vm.h"

#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "svsm/sim/kds.h"
#include "svsm/sim/product_line.h"
#include "svsm/sim/seeded_rng.h"
#include "svsm/snp/boot_entropy.h"

namespace svsm::tool {
namespace {

// Labels of derived keys: the VMPL of a key is always mixed in, so the field selection alone tells
// the two apart.
constexpr std::uint64_t kSealingFields =
    snp::derived_key_field::kMeasurement | snp::derived_key_field::kPolicy;
static_assert(kSealingFields != snp::kEntropyKeyFields);

Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return OkStatus();
  return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
}

// The chip's seed, drawn once and kept.
Result<std::uint64_t> ChipSeed(const std::string& path, crypto::Rng& rng) {
  Result<ByteVector> kept = ReadFile(path, 64);
  if (kept.ok()) {
    SVSM_ASSIGN_OR_RETURN(const wire::Le64 seed, wire::Read<wire::Le64>(*kept));
    return seed.get();
  }
  if (kept.status().code() != Code::kNotFound) return kept.status();
  Bytes<8> drawn{};
  SVSM_TRY(rng.Generate(drawn));
  SVSM_TRY(WriteFileAtomically(path, drawn, FileMode::kPrivate));
  return wire::Read<wire::Le64>(drawn).value().get();
}

}  // namespace

Result<std::unique_ptr<SimPlatform>> SimPlatform::Open(const std::string& folder,
                                                       const std::string& authority_folder,
                                                       crypto::Rng& rng) {
  SVSM_TRY(MakeFolder(folder));
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t seed, ChipSeed(folder + "/chip.seed", rng));
  sim::SeededRng chip_rng(seed);
  SVSM_ASSIGN_OR_RETURN(sim::Chip chip, sim::Chip::Make(sim::kMilan, chip_rng));
  SVSM_ASSIGN_OR_RETURN(sim::CertificateAuthority authority,
                        sim::CertificateAuthority::Open(sim::kMilan, authority_folder));
  std::unique_ptr<SimPlatform> platform(
      new SimPlatform(folder, std::move(authority), std::move(chip), rng));
  SVSM_TRY(platform->WriteCertificates());
  return platform;
}

SimPlatform::SimPlatform(std::string folder, sim::CertificateAuthority authority, sim::Chip chip,
                         crypto::Rng& rng)
    : folder_(std::move(folder)),
      authority_(std::move(authority)),
      sp_(std::move(chip), sim::PlatformState(), rng),
      host_(sp_, 0) {}

Status SimPlatform::WriteCertificates() const {
  SVSM_TRY(MakeFolder(certificates()));
  const std::string chain = authority_.ChainPem();
  SVSM_TRY(WriteFileAtomically(roots(), AsBytes(chain), FileMode::kPublic));
  constexpr std::int64_t kDay = 86400;
  const std::int64_t today = SystemClock().UnixSeconds() / kDay * kDay;
  SVSM_ASSIGN_OR_RETURN(
      const ByteVector vcek,
      sp_.chip().IssueVcek(authority_, sp_.platform().reported_tcb, today - kDay));
  SVSM_TRY(WriteFileAtomically(certificates() + "/vcek.der", vcek, FileMode::kPublic));
  SVSM_ASSIGN_OR_RETURN(const ByteVector crl,
                        authority_.IssueCrl({{}, today - kDay, today + 30 * kDay}));
  const snp::RawTcb tcbs[] = {sp_.platform().reported_tcb};
  SVSM_TRY(sim::WriteKdsLine(folder_ + "/kds", authority_, crl));
  return sim::WriteKdsChip(folder_ + "/kds", authority_, sp_.chip(), tcbs, today - kDay);
}

Result<std::unique_ptr<SimVm>> SimVm::Boot(SimPlatform& platform, const sim::LaunchImage& image,
                                           crypto::CpuRandom& cpu) {
  SVSM_ASSIGN_OR_RETURN(std::unique_ptr<sim::Machine> machine,
                        sim::Machine::Launch(platform.sp(), platform.host(), image, {}));
  SVSM_ASSIGN_OR_RETURN(snp::VmpckHandover vmpck0, machine->TakeVmpck(snp::VmpckId(0)));
  std::unique_ptr<SimVm> vm(new SimVm(std::move(machine), std::move(vmpck0)));
  SVSM_TRY(vm->Seed(cpu));
  return vm;
}

SimVm::SimVm(std::unique_ptr<sim::Machine> machine, snp::VmpckHandover vmpck0)
    : machine_(std::move(machine)),
      session_(aead_, std::move(vmpck0), machine_->port(), clock_, {}) {}

Status SimVm::Seed(crypto::CpuRandom& cpu) {
  SVSM_ASSIGN_OR_RETURN(snp::VmpckHandover vmpck3, machine_->TakeVmpck(snp::VmpckId(3)));
  SVSM_ASSIGN_OR_RETURN(const snp::BootEntropy from, snp::SeedAtBoot(cpu, session_, vmpck3, drbg_));
  cpu_status_ = from.rdseed;
  const bool second = from.rdrand.ok() || from.rdseed.code() == Code::kUnavailable;
  if (!from.rdseed.ok() && second) cpu_status_ = from.rdrand;
  return OkStatus();
}

Result<Secret<32>> SimVm::SealingKey(Vmpl vmpl) {
  snp::DerivedKeySelection selection;
  selection.fields = kSealingFields;
  selection.vmpl = vmpl;
  Secret<32> key;
  SVSM_TRY(session_.DeriveKey(selection, key));
  return key;
}

}  // namespace svsm::tool
