#include "svsm/crypto/nettle.h"
#include "tools/svsm-kbs/report_verifier.h"

namespace svsm::tool {

std::shared_ptr<crypto::EcdsaVerifier> MakeReportVerifier() {
  return std::make_shared<crypto::NettleEcdsaVerifier>(crypto::Curve::kP384);
}

}  // namespace svsm::tool
