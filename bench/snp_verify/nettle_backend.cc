#include "bench/snp_verify/backends.h"
#include "svsm/crypto/nettle.h"

namespace svsm::snp {

crypto::EcdsaVerifier* NettleP384() {
  static crypto::NettleEcdsaVerifier verifier(crypto::Curve::kP384);
  return &verifier;
}

}  // namespace svsm::snp
