#include "bench/broker/nettle_p384.h"

#include "svsm/crypto/nettle.h"

namespace svsm::bench {

std::shared_ptr<crypto::EcdsaVerifier> NettleP384() {
  return std::make_shared<crypto::NettleEcdsaVerifier>(crypto::Curve::kP384);
}

}  // namespace svsm::bench
