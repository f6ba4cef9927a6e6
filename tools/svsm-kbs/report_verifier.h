// The verifier of reports that is faster, as far as it was built.
#ifndef TOOLS_SVSM_KBS_REPORT_VERIFIER_H_
#define TOOLS_SVSM_KBS_REPORT_VERIFIER_H_

#include <memory>

#include "svsm/crypto/ecdsa.h"

namespace svsm::tool {

// On P-384.
std::shared_ptr<crypto::EcdsaVerifier> MakeReportVerifier();

}  // namespace svsm::tool

#endif  // TOOLS_SVSM_KBS_REPORT_VERIFIER_H_
