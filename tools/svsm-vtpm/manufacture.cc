#include "tools/svsm-vtpm/manufacture.h"

#include <cstdio>

#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/openssl.h"
#include "svsm/vtpm/manufacture.h"
#include "tools/common/sim_vm.h"

namespace svsm::tool {
namespace {

constexpr char kProgram[] = "svsm-vtpm";

Status ManufactureWith(vtpm::Engine& engine, Attester& attester, ByteView launch_digest) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  vtpm::ManufactureOptions options;
  options.launch_digest = launch_digest;
  const auto workspace = std::make_unique<vtpm::ManufactureWorkspace>();
  const auto made = std::make_unique<vtpm::ManufacturedVtpm>();
  SVSM_TRY(
      vtpm::Manufacture(engine, attester, {sha256, sha384, sha512}, options, *workspace, *made));
  for (const vtpm::EkOutcome& ek : made->eks) {
    std::printf("EK %08x: %s, report in NV %08x: %s\n", ek.handle,
                ek.state == vtpm::EkState::kAbsent    ? "absent"
                : ek.state == vtpm::EkState::kCreated ? "created"
                                                      : "found",
                ek.certificate_index, ek.has_certificate ? "yes" : "no");
  }
  return OkStatus();
}

Status ManufactureOnSim(vtpm::Engine& engine, const Options& options, crypto::Rng& rng) {
  SVSM_ASSIGN_OR_RETURN(const auto platform, SimPlatform::Open(options.sim_folder, rng));
  crypto::HardwareCpuRandom cpu;
  SVSM_ASSIGN_OR_RETURN(const auto vm,
                        SimVm::Boot(*platform, sim::SvsmImage(AsBytes(kProgram)), cpu));
  std::printf("measurement %s\n", ToHex(vm->machine().measurement()).c_str());
  return ManufactureWith(engine, vm->attester(), vm->machine().measurement());
}

}  // namespace

Status ManufactureVtpm(vtpm::Engine& engine, const Options& options, crypto::Rng& rng) {
  if (options.manufacture == Manufacture::kSim) return ManufactureOnSim(engine, options, rng);
  return Status(Code::kUnsupported, Source::kCaller);
}

}  // namespace svsm::tool
