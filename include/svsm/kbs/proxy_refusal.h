// svsm/kbs/proxy_refusal.h: what the attestation proxy answers when it has nothing better, so that
// no client is left to guess.
//
//   SVSM_ASSIGN_OR_RETURN(const ByteView frame, EncodeFrame(ProxyRefusal::kVersion, buffer));
//   ...
//   const Result<ProxyRefusal> why = DecodeRefusal(body);
//
// It is the AttestationResponse of a refusal with two members more, which older clients pass over:
//
//   {"success":false,"decryption":null,"token":null,"error":"version","version":[0,1,0]}
//
// and comes in place of any other message of the proxy. `version` is the proxy's own. A broker's
// refusal of evidence or resource has neither member: the proxy does not know why.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_KBS_PROXY_REFUSAL_H_
#define SVSM_KBS_PROXY_REFUSAL_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::kbs {

enum class ProxyRefusal : std::uint8_t {
  kVersion,      // "version": the client speaks another version of the proxy's protocol
  kMalformed,    // "malformed": a frame or message of the client's, or another nonce than its own
  kBusy,         // "busy": as many clients as there may be
  kIdle,         // "idle": the client said nothing for too long
  kUnreachable,  // "unreachable": no connection to the broker, or it broke
  kTimeout,      // "timeout": no answer of the broker's in time
  kAuth,         // "auth": the broker does not begin a session, for another version perhaps
  kBroker,       // "broker": its answer is not one that the SVSM could use
  kTooLarge,     // "too-large": nor one that fits a frame
};
// The name on the wire.
const char* ProxyRefusalName(ProxyRefusal refusal);

// A whole frame at the start of `out`. Errors: kBufferTooSmall (detail = bytes needed).
inline constexpr std::size_t kMaxRefusalFrameSize = 128;
[[nodiscard]] Result<ByteView> EncodeFrame(ProxyRefusal refusal, ByteSpan out);

// Why the proxy refused, of a frame's body. Errors: those of JsonReader::Finish(), kNotFound (it
// does not say why, or the body is no refusal), kUnsupported (detail = offset; another name).
[[nodiscard]] Result<ProxyRefusal> DecodeRefusal(ByteView body);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_PROXY_REFUSAL_H_
