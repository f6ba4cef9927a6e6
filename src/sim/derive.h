// Keys from a secret of the simulation: this project's own functions, not AMD's.
#ifndef SVSM_SIM_DERIVE_H_
#define SVSM_SIM_DERIVE_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/ecdsa.h"
#include "svsm/crypto/hash.h"

namespace svsm::sim {

// HMAC-SHA-384(secret, label || 0x00 || context || counter). Errors: kInternal.
Status DeriveFromSecret(const Secret<32>& secret, ByteView label, ByteView context,
                        std::uint8_t counter, FixedSpan<crypto::kSha384Size> out);

// Gives `signer` the first of these, counter from 0, that is a private key of P-384. Errors:
// kInvalidArgument (a signer of another curve), and those of the signer.
Status LoadDerivedKey(const Secret<32>& secret, ByteView label, ByteView context,
                      crypto::EcdsaSigner& signer);

}  // namespace svsm::sim

#endif  // SVSM_SIM_DERIVE_H_
