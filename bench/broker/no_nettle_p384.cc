#include "bench/broker/nettle_p384.h"

namespace svsm::bench {

std::shared_ptr<crypto::EcdsaVerifier> NettleP384() { return nullptr; }

}  // namespace svsm::bench
