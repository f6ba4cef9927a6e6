// The JSON of a token's header and claims, in either spelling.
#ifndef SVSM_BROKER_TOKEN_SHAPE_H_
#define SVSM_BROKER_TOKEN_SHAPE_H_

#include <string>

#include "svsm/broker/token.h"

namespace svsm::broker {

Result<std::string> WriteTokenHeader(const SigningKey& key);
// Errors: kInvalidArgument.
Result<std::string> WriteTokenClaims(const TokenClaims& claims, EarSpelling spelling);
// Errors: kMalformed, kUnsupported (another algorithm, `crit`).
Status CheckTokenHeader(ByteView text);
// Errors: kMalformed, kUnsupported (another profile).
Result<TokenClaims> ReadTokenClaims(ByteView text);

}  // namespace svsm::broker

#endif  // SVSM_BROKER_TOKEN_SHAPE_H_
