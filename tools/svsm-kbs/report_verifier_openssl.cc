#include "svsm/crypto/openssl.h"
#include "tools/svsm-kbs/report_verifier.h"

namespace svsm::tool {

std::shared_ptr<crypto::EcdsaVerifier> MakeReportVerifier() {
  return std::make_shared<crypto::OpensslEcdsaVerifier>(crypto::Curve::kP384);
}

}  // namespace svsm::tool
