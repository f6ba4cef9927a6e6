#include "tools/svsm-vtpm/hardware.h"

#include <cstdio>

#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp_linux/sev_guest.h"
#include "svsm/vtpm/manufacture.h"

namespace svsm::tool {
namespace {

// What the simulated VM is measured as.
constexpr char kProgram[] = "svsm-vtpm";

const char* StateName(vtpm::EkState state) {
  switch (state) {
    case vtpm::EkState::kAbsent:
      return "absent";
    case vtpm::EkState::kCreated:
      return "created";
    case vtpm::EkState::kFound:
      return "found";
  }
  return "?";
}

}  // namespace

Result<std::unique_ptr<Hardware>> Hardware::Open(const Options& options) {
  auto hardware = std::make_unique<Hardware>();
  SVSM_TRY(hardware->entropy_.Seed());
  if (options.manufacture == svsm::tool::Manufacture::kSim) {
    SVSM_TRY(hardware->OpenSim(options.sim_folder));
  }
  if (options.manufacture == svsm::tool::Manufacture::kConfigfs) {
    hardware->tsm_tree_.emplace(options.tsm_folder);
    hardware->tsm_.emplace(*hardware->tsm_tree_, std::nullopt);
  }
  return hardware;
}

Status Hardware::OpenSim(const std::string& folder) {
  SVSM_ASSIGN_OR_RETURN(platform_, SimPlatform::Open(folder, entropy_.rng()));
  crypto::HardwareCpuRandom cpu;
  SVSM_ASSIGN_OR_RETURN(vm_, SimVm::Boot(*platform_, sim::SvsmImage(AsBytes(kProgram)), cpu));
  std::printf("measurement %s\n", ToHex(vm_->machine().measurement()).c_str());
  return OkStatus();
}

Result<Secret<32>> Hardware::SealingKey(const Options& options) {
  if (vm_ != nullptr) return vm_->SealingKey(Vmpl(options.key_vmpl));
  snp::LinuxSevGuestDevice device(options.sev_guest);
  snp::SevGuestAttester sev_guest(device, Vmpl(options.key_vmpl));
  snp::DerivedKeySelection selection;
  selection.fields = snp::derived_key_field::kMeasurement | snp::derived_key_field::kPolicy;
  selection.vmpl = Vmpl(options.key_vmpl);
  Secret<32> key;
  SVSM_TRY(sev_guest.DeriveKey(selection, key));
  return key;
}

Status Hardware::Manufacture(vtpm::Engine& engine, const Options& command_line) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  vtpm::ManufactureOptions options;
  if (vm_ != nullptr) options.launch_digest = vm_->machine().measurement();
  Bytes<crypto::kSha384Size> manifest_digest{};
  if (!command_line.manifest.empty()) {
    SVSM_ASSIGN_OR_RETURN(const ByteVector manifest, ReadFile(command_line.manifest));
    SVSM_TRY(sha384.Digest(manifest, manifest_digest));
    options.manifest_digest = manifest_digest;
  }
  Attester& attester = vm_ != nullptr ? static_cast<Attester&>(vm_->attester()) : *tsm_;
  const auto workspace = std::make_unique<vtpm::ManufactureWorkspace>();
  const auto made = std::make_unique<vtpm::ManufacturedVtpm>();
  SVSM_TRY(
      vtpm::Manufacture(engine, attester, {sha256, sha384, sha512}, options, *workspace, *made));
  for (const vtpm::EkOutcome& ek : made->eks) {
    std::printf("EK %08x: %s; report in NV %08x: %s\n", ek.handle, StateName(ek.state),
                ek.certificate_index, ek.has_certificate ? "yes" : "no");
  }
  std::fflush(stdout);
  return OkStatus();
}

}  // namespace svsm::tool
