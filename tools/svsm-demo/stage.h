// tools/svsm-demo/stage.h: where the demo plays: folders, programs, the platform, and what one act
// leaves for the next.
#ifndef SVSM_TOOLS_SVSM_DEMO_STAGE_H_
#define SVSM_TOOLS_SVSM_DEMO_STAGE_H_

#include <memory>
#include <string>
#include <vector>

#include "tools/common/entropy.h"
#include "tools/common/sim_vm.h"
#include "tools/svsm-demo/narrator.h"
#include "tools/svsm-demo/vm.h"

namespace svsm::demo {

struct Stage {
  Narrator& tell;
  std::string folder;       // of the whole play; the guest's and the verifier's files are in it
  std::string svsm_verify;  // the program
  crypto::Rng& host_rng;    // of the simulated hardware
  tool::SimPlatform* platform = nullptr;
  ByteVector measurement;  // of the genuine SVSM: what its builder publishes

  std::string Path(const std::string& name) const { return folder + "/" + name; }
  // What tpm2-tools find their TPM by, and where the programs are.
  std::vector<std::string> GuestEnvironment() const {
    return {"TPM2TOOLS_TCTI=swtpm:path=" + Path("tpm.sock"), "TSS2_LOG=all+none"};
  }
  std::vector<std::string> VerifierEnvironment() const {
    return {"PATH=" + svsm_verify.substr(0, svsm_verify.rfind('/')) + ":/usr/bin:/bin"};
  }
  std::string Guest(const std::string& command) {
    return tell.Run(folder, GuestEnvironment(), command);
  }
  std::string Verifier(const std::string& command) {
    return tell.Run(folder, VerifierEnvironment(), command);
  }
};

// The program that the measurement is of.
inline constexpr char kSvsmProgram[] = "the genuine SVSM, version 1";

// Two boots of one VM: made, proven, used, and found again.
void PlayStory(Stage& stage);

// Everything that somebody could try instead. Needs what the story left in the folder.
void PlayAttacks(Stage& stage);

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_STAGE_H_
