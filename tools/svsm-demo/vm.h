// tools/svsm-demo/vm.h: a confidential VM from power-on to a running guest, put together from the
// library's parts.
#ifndef SVSM_TOOLS_SVSM_DEMO_VM_H_
#define SVSM_TOOLS_SVSM_DEMO_VM_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/protocol/attestation.h"
#include "svsm/protocol/client.h"
#include "svsm/protocol/manifest.h"
#include "svsm/vtpm/libtpms_engine.h"
#include "svsm/vtpm/manufacture.h"
#include "svsm/vtpm/service.h"
#include "svsm/vtpm/socket_server.h"
#include "tools/common/sim_vm.h"
#include "tools/svsm-demo/guest_tpm.h"
#include "tools/svsm-demo/storage.h"

namespace svsm::demo {

// What the guest brings back from the attestation service.
struct ServiceEvidence {
  ByteVector report;
  ByteVector manifest;
};

class ConfidentialVm {
 public:
  // Launches `program` as the SVSM, opens its storage, makes the vTPM, starts the guest. Errors:
  // those of all these parts.
  static Result<std::unique_ptr<ConfidentialVm>> Boot(tool::SimPlatform& platform,
                                                      const std::string& program,
                                                      std::unique_ptr<BootStorage> storage,
                                                      crypto::CpuRandom& cpu);
  ConfidentialVm(const ConfidentialVm&) = delete;
  ConfidentialVm& operator=(const ConfidentialVm&) = delete;
  // Power off: the TPM's state is stored already.
  ~ConfidentialVm();

  // Puts the guest's TPM device behind a socket, and its control channel behind `path`.ctrl.
  Status Serve(const std::string& path);
  // The guest asks the SVSM to attest the vTPM, or all services, with the verifier's nonce.
  using Nonce = FixedView<protocol::kAttestationNonceSize>;
  Result<ServiceEvidence> AttestVtpm(Nonce nonce);
  Result<ServiceEvidence> AttestServices(Nonce nonce);

  const vtpm::ManufacturedVtpm& vtpm() const { return made_; }
  // How long it took to make the vTPM or to load it.
  const std::string& vtpm_time() const { return vtpm_time_; }
  tool::SimVm& svsm() { return *vm_; }
  sim::Machine& machine() { return vm_->machine(); }

 private:
  ConfidentialVm(std::unique_ptr<tool::SimVm> vm, std::unique_ptr<BootStorage> storage)
      : vm_(std::move(vm)), storage_(std::move(storage)) {}
  Status MakeVtpm();
  Status StartGuest();
  using Call = Result<protocol::AttestationBuffers>(const protocol::GuestBuffer& nonce);
  Result<ServiceEvidence> Attest(Nonce nonce, const std::function<Call>& call);

  std::unique_ptr<tool::SimVm> vm_;
  std::unique_ptr<BootStorage> storage_;
  crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  std::unique_ptr<vtpm::LibtpmsEngine> engine_;
  vtpm::ManufacturedVtpm made_;
  std::string vtpm_time_;

  NullLog log_;
  MutexLock tpm_lock_;
  MutexLock attestation_lock_;
  ByteVector attestation_workspace_;
  vtpm::VtpmWorkArea tpm_work_{};
  std::unique_ptr<vtpm::VtpmService> vtpm_service_;
  std::unique_ptr<protocol::FixedManifest> broker_manifest_;
  std::vector<protocol::ManifestProvider*> manifests_;
  std::unique_ptr<protocol::AttestationService> attestation_service_;

  std::mutex vcpu_;
  std::unique_ptr<protocol::Client> client_;
  std::unique_ptr<GuestTpm> guest_tpm_;
  std::unique_ptr<vtpm::SocketServer> server_;
  std::thread server_thread_;
};

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_VM_H_
