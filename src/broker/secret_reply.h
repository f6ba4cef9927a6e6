// broker/secret_reply.h: a resource, encrypted to a session's key and signed by the broker.
#ifndef SVSM_BROKER_SECRET_REPLY_H_
#define SVSM_BROKER_SECRET_REPLY_H_

#include <string_view>

#include "svsm/broker/signing_key.h"
#include "svsm/broker/store.h"
#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/crypto/rng.h"

namespace svsm::broker {

// The JWE that a session gets for `plaintext`, as flattened JSON. Without a signer it is not
// signed. Errors: those of kbs::MakeJweKeys() and SigningKey::Sign().
Result<ByteVector> MakeSecretReply(const Session& session, std::string_view resource,
                                   ByteView plaintext, const SigningKey* signer, crypto::Rng& rng);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_SECRET_REPLY_H_
