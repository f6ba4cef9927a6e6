// tools/common/sim_vm.h: the simulated hardware of the programs, and a VM on it that boots as an
// SVSM does.
//
//   SVSM_ASSIGN_OR_RETURN(auto platform, SimPlatform::Open("machine", rng));
//   SVSM_ASSIGN_OR_RETURN(auto vm, SimVm::Boot(*platform, sim::SvsmImage(program), cpu));
//   vm->attester(), vm->rng(): what manufacture needs
#ifndef SVSM_TOOLS_COMMON_SIM_VM_H_
#define SVSM_TOOLS_COMMON_SIM_VM_H_

#include <memory>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/crypto/drbg.h"
#include "svsm/crypto/openssl.h"
#include "svsm/sim/amd_sp.h"
#include "svsm/sim/certificates.h"
#include "svsm/sim/host.h"
#include "svsm/sim/machine.h"
#include "svsm/snp/guest_message_session.h"

namespace svsm::tool {

// A chip with its AMD-SP, its host, and the authority that certifies it. They survive in a folder:
//   chip.seed    the chip's identity and secret
//   authority/   the keys and certificates of its maker
//   roots.pem    ASK and ARK, as svsm-verify takes them
//   certs/       the VCEK certificate
//   kds/         what AMD's key service would give
class SimPlatform {
 public:
  // Opens the platform in `folder`, or makes it there. `rng` is borrowed for the object's life.
  // Errors: those of the files, of Chip and of CertificateAuthority.
  static Result<std::unique_ptr<SimPlatform>> Open(const std::string& folder, crypto::Rng& rng) {
    return Open(folder, folder + "/authority", rng);
  }
  // The same with the keys of an authority that is kept elsewhere: another chip of the same maker.
  static Result<std::unique_ptr<SimPlatform>> Open(const std::string& folder,
                                                   const std::string& authority_folder,
                                                   crypto::Rng& rng);
  sim::AmdSp& sp() { return sp_; }
  sim::Host& host() { return host_; }
  const sim::CertificateAuthority& authority() const { return authority_; }
  // The folder that svsm-verify takes as --certs, and the file that it takes as --roots.
  std::string certificates() const { return folder_ + "/certs"; }
  std::string roots() const { return folder_ + "/roots.pem"; }

 private:
  SimPlatform(std::string folder, sim::CertificateAuthority authority, sim::Chip chip,
              crypto::Rng& rng);
  Status WriteCertificates() const;

  const std::string folder_;
  sim::CertificateAuthority authority_;
  sim::AmdSp sp_;
  sim::Host host_;
};

// A launched VM whose SVSM has taken VMPCK 0 for reports, and has seeded its generator as an SVSM
// should: from the CPU, a key derived by the AMD-SP, and VMPCK 3, which nobody uses and which is
// gone afterwards.
class SimVm {
 public:
  // Borrows both for the object's life. A CPU without a working RDSEED or RDRAND is told in
  // cpu_status(), not an error.
  static Result<std::unique_ptr<SimVm>> Boot(SimPlatform& platform, const sim::LaunchImage& image,
                                             crypto::CpuRandom& cpu);
  sim::Machine& machine() { return *machine_; }
  snp::GuestMessageSession& attester() { return session_; }
  crypto::Rng& rng() { return drbg_; }
  // The derived key under which state is sealed: bound to this chip, this measurement and this
  // policy. Errors: those of GuestMessageSession::DeriveKey().
  Result<Secret<32>> SealingKey() { return SealingKey(Vmpl(0)); }
  // The same for a VMPL.
  Result<Secret<32>> SealingKey(Vmpl vmpl);
  // What RDSEED's, or else RDRAND's, health test said.
  Status cpu_status() const { return cpu_status_; }

 private:
  SimVm(std::unique_ptr<sim::Machine> machine, snp::VmpckHandover vmpck0);
  Status Seed(crypto::CpuRandom& cpu);

  SystemClock clock_;
  crypto::OpensslAesGcm aead_;
  std::unique_ptr<sim::Machine> machine_;
  snp::GuestMessageSession session_;
  crypto::OpensslHmac hmac_{crypto::HashAlg::kSha512};
  crypto::Drbg drbg_{hmac_};
  Status cpu_status_;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_COMMON_SIM_VM_H_
