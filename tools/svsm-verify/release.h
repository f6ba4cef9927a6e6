// --wrap-key: a storage key for the vTPM that a trusted verdict speaks for.
#ifndef SVSM_TOOLS_SVSM_VERIFY_RELEASE_H_
#define SVSM_TOOLS_SVSM_VERIFY_RELEASE_H_

#include <string>

#include "svsm/snp_verify/verifier.h"
#include "tools/svsm-verify/options.h"

namespace svsm::verify {

// Refuses a verdict that left the measurement open: it would give the key to any program.
// Throws Unusable.
void CheckRelease(const snp::Verdict& verdict);

// Wraps options.wrap_key and writes into options.wrap_out, for tpm2_import and tpm2_load:
// storage.pub, storage.dup, storage.seed; with an SRK as parent storage.cred besides, for
// tpm2_activatecredential. Gives a name of the parent. Throws Unusable.
std::string ReleaseKey(const Options& options, const snp::VerifiedReport& report);

}  // namespace svsm::verify

#endif  // SVSM_TOOLS_SVSM_VERIFY_RELEASE_H_
