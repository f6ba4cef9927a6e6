// tools/svsm-vtpm/hardware.h: the machine that vouches for the TPM: none, a simulated one, or this.
#ifndef SVSM_TOOLS_SVSM_VTPM_HARDWARE_H_
#define SVSM_TOOLS_SVSM_VTPM_HARDWARE_H_

#include <memory>
#include <optional>

#include "svsm/core/attester.h"
#include "svsm/core/status.h"
#include "svsm/snp_linux/configfs_tsm.h"
#include "svsm/vtpm/engine.h"
#include "tools/common/entropy.h"
#include "tools/common/sim_vm.h"
#include "tools/svsm-vtpm/options.h"

namespace svsm::tool {

class Hardware {
 public:
  // Opens what --manufacture names. Errors: those of the entropy, and of the machine.
  static Result<std::unique_ptr<Hardware>> Open(const Options& options);

  // What the TPM's keys come from: the simulated SVSM's own generator, or this program's.
  crypto::Rng& rng() { return vm_ != nullptr ? vm_->rng() : entropy_.rng(); }

  // The key that the AMD-SP derives for options.key_vmpl from chip, measurement and policy: the
  // simulated one's, or this machine's. Errors: those of GuestMessageSession::DeriveKey() and of
  // SevGuestAttester::DeriveKey().
  Result<Secret<32>> SealingKey(const Options& options);

  // Powers the TPM on, started, with this machine's reports in its certificate indices, and prints
  // which EKs there are. Errors: those of the attester, of vtpm::Manufacture() and of the
  // manifest's file.
  Status Manufacture(vtpm::Engine& engine, const Options& options);

 private:
  Status OpenSim(const std::string& folder);

  Entropy entropy_;
  std::unique_ptr<SimPlatform> platform_;
  std::unique_ptr<SimVm> vm_;
  std::optional<snp::PosixTsmTree> tsm_tree_;
  std::optional<snp::ConfigfsTsmAttester> tsm_;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_VTPM_HARDWARE_H_
