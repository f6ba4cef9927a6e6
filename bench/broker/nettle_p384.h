// The verifier of reports that svsm-kbs has where nettle is built.
#ifndef SVSM_BENCH_BROKER_NETTLE_P384_H_
#define SVSM_BENCH_BROKER_NETTLE_P384_H_

#include <memory>

#include "svsm/crypto/ecdsa.h"

namespace svsm::bench {

// A new one, or null where nettle is not built.
std::shared_ptr<crypto::EcdsaVerifier> NettleP384();

}  // namespace svsm::bench

#endif  // SVSM_BENCH_BROKER_NETTLE_P384_H_
