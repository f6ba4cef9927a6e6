// Boots an SVSM on simulated hardware and gives it a vTPM, made at the first run and loaded at
// later ones: example-make-vtpm FOLDER. The state is sealed by a key that the AMD-SP derives.
#include <cstdio>
#include <memory>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sealed_file/sealed_file.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/manufacture.h"
#include "svsm/vtpm/persistent.h"
#include "tools/common/entropy.h"
#include "tools/common/sim_vm.h"

namespace svsm {
namespace {

// The EKs that the reports in the TPM's certificate indices name.
Status Tell(const vtpm::ManufacturedVtpm& vtpm) {
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  for (const vtpm::EkOutcome& ek : vtpm.eks) {
    Bytes<64> report_data{};
    SVSM_TRY(sha512.Digest(ek.tpm2b_public(), report_data));
    std::printf("EK %08x %s, report in %08x with REPORT_DATA %s...\n", ek.handle,
                ek.state == vtpm::EkState::kCreated ? "created" : "found", ek.certificate_index,
                ToHex(ByteView(report_data).first(8)).c_str());
  }
  return OkStatus();
}

Status Run(const std::string& folder) {
  tool::Entropy entropy;
  SVSM_TRY(entropy.Seed());
  SVSM_ASSIGN_OR_RETURN(const auto platform, tool::SimPlatform::Open(folder, entropy.rng()));
  crypto::HardwareCpuRandom cpu;
  SVSM_ASSIGN_OR_RETURN(const auto vm,
                        tool::SimVm::Boot(*platform, sim::SvsmImage(AsBytes("an SVSM")), cpu));

  SVSM_ASSIGN_OR_RETURN(const Secret<32> key, vm->SealingKey());
  crypto::OpensslAesGcm aead;
  using sealed_file::SealedFileStore;
  SVSM_ASSIGN_OR_RETURN(const auto store,
                        SealedFileStore::Open(folder + "/vtpm.sealed", key, aead, vm->rng(),
                                              SealedFileStore::IfAbsent::kCreate));

  SVSM_ASSIGN_OR_RETURN(const auto engine, vtpm::LibtpmsEngine::Create(*store, vm->rng()));
  vtpm::PersistentVtpm persistent(*store, vtpm::kLibtpmsState);
  SVSM_ASSIGN_OR_RETURN(const vtpm::VtpmStart start,
                        persistent.Begin(vtpm::SuspendedState::kDiscard));
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  vtpm::ManufactureOptions options;
  options.launch_digest = vm->machine().measurement();
  const auto workspace = std::make_unique<vtpm::ManufactureWorkspace>();
  vtpm::ManufacturedVtpm vtpm;
  SVSM_TRY(vtpm::Manufacture(*engine, vm->attester(), {sha256, sha384, sha512}, options, *workspace,
                             vtpm));
  if (start == vtpm::VtpmStart::kManufacture) SVSM_TRY(persistent.Finish());
  return Tell(vtpm);
}

}  // namespace
}  // namespace svsm

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: example-make-vtpm FOLDER\n", stderr), 2;
  const svsm::Status status = svsm::Run(argv[1]);
  if (!status.ok()) std::printf("%s\n", svsm::ToString(status).c_str());
  return status.ok() ? 0 : 1;
}
