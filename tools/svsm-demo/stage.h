// tools/svsm-demo/stage.h: where the demo plays: folders, programs, the platform, and what one act
// leaves for the next.
#ifndef SVSM_TOOLS_SVSM_DEMO_STAGE_H_
#define SVSM_TOOLS_SVSM_DEMO_STAGE_H_

#include <memory>
#include <string>
#include <vector>

#include "svsm/kbs/broker_policy.h"
#include "tools/common/entropy.h"
#include "tools/common/sim_vm.h"
#include "tools/svsm-demo/narrator.h"
#include "tools/svsm-demo/vm.h"

namespace svsm::demo {

class Services;  // tools/svsm-demo/owner.h

struct Stage {
  Narrator& tell;
  std::string folder;     // of the whole play; the guest's and the verifier's files are in it
  std::string programs;   // where ours are
  crypto::Rng& host_rng;  // of the simulated hardware
  tool::SimPlatform* platform = nullptr;
  kbs::BrokerKey broker;   // whose key is in the genuine SVSM's measured pages
  std::string program;     // the genuine SVSM
  ByteVector measurement;  // of it: what its builder publishes

  std::string Path(const std::string& name) const { return folder + "/" + name; }
  std::string Program(const std::string& name) const { return programs + "/" + name; }
  // What tpm2-tools find their TPM by, and where the programs are.
  std::vector<std::string> GuestEnvironment() const {
    return {"TPM2TOOLS_TCTI=swtpm:path=" + Path("tpm.sock"), "TSS2_LOG=all+none",
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  }
  std::vector<std::string> VerifierEnvironment() const {
    return {"PATH=" + programs + ":/usr/bin:/bin"};
  }
  std::string Guest(const std::string& command) {
    return tell.Run(folder, GuestEnvironment(), command);
  }
  std::string Verifier(const std::string& command) {
    return tell.Run(folder, VerifierEnvironment(), command);
  }
};

// The owner's preparations: a broker's keys, an SVSM that trusts it, a policy, a disk that is still
// to be made. Sets `stage`'s broker, program and measurement.
void PlayOwner(Stage& stage);

// Two boots of one VM: made, proven, used, and found again.
void PlayStory(Stage& stage, Services& services);

// Everything that somebody could try instead. They need what the story left in the folder.
void PlayAttacks(Stage& stage, Services& services);
// The same for the way of the disk's key. Afterwards the VM is still whole.
void PlayHostAttacks(Stage& stage, Services& services);

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_STAGE_H_
