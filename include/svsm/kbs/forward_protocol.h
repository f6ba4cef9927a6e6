// svsm/kbs/forward_protocol.h: the attestation proxy as a forwarder: the SVSM composes whole bodies
// of the key broker protocol, and the proxy carries them without looking.
//
//   SVSM_ASSIGN_OR_RETURN(const ByteView frame,
//       EncodeFrame(ForwardRequest{.kind = ForwardKind::kAuth, .body = body}, buffer));
//   ...                                                   // as in svsm/kbs/proxy_protocol.h
//   SVSM_ASSIGN_OR_RETURN(const ForwardReply reply, DecodeForwardReply(in, workspace));
//
// Frames are those of svsm/kbs/proxy_protocol.h. A request is
//
//   {"forward":{"kind":"auth"|"attest"|"ledger","body":base64}}
//   {"forward":{"kind":"resource","path":"default/sample/test","body":""}}
//
// and its reply {"status":200,"body":base64}. The proxy maps a kind to one method and path, keeps
// the cookies of a connection, and asks nothing else. One connection carries any number of
// exchanges, one at a time; its first frame says that it is one of these.
//
// Decoders, their views, workspace and errors, and the errors of encoders: as in proxy_protocol.h;
// kUnsupported is another kind.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
#ifndef SVSM_KBS_FORWARD_PROTOCOL_H_
#define SVSM_KBS_FORWARD_PROTOCOL_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/kbs/proxy_protocol.h"

namespace svsm::kbs {

// Bytes of a body that fits a frame in base64, whichever way it goes.
inline constexpr std::size_t kMaxForwardBodySize = 24000;

enum class ForwardKind : std::uint8_t {
  kAuth,      // POST /kbs/v0/auth
  kAttest,    // POST /kbs/v0/attest
  kResource,  // GET /kbs/v0/resource/PATH, without a body
  kLedger,    // POST /ledger/v1, opaque bytes
};

struct ForwardRequest {
  ForwardKind kind = ForwardKind::kAuth;
  ByteView path = {};  // a resource's name (ParseResourceName()); empty for other kinds
  ByteView body = {};  // empty for kResource
};
// kMalformed also for a path or a body that the kind does not have, kOutOfRange (detail = offset)
// for a body beyond kMaxForwardBodySize.
[[nodiscard]] Result<ForwardRequest> DecodeForwardRequest(ByteView body, ByteSpan workspace);
[[nodiscard]] Result<ByteView> EncodeFrame(const ForwardRequest& message, ByteSpan out);

// Whether a connection's first body has a member "forward", so that the others are for
// DecodeForwardRequest(), too.
bool IsForwardRequest(ByteView body);

// What the broker answered, or, below kMinHttpStatus, why the proxy has no answer of it.
inline constexpr std::uint32_t kMinHttpStatus = 100;
inline constexpr std::uint32_t kMaxHttpStatus = 999;
enum class ForwardFailure : std::uint32_t {
  kRefused = 1,      // the request is none that this proxy forwards
  kUnreachable = 2,  // no connection to the broker, or it broke
  kTimeout = 3,      // no answer in time
  kTooLarge = 4,     // the answer does not fit a frame
};
struct ForwardReply {
  std::uint32_t status = 0;
  ByteView body = {};
};
[[nodiscard]] Result<ForwardReply> DecodeForwardReply(ByteView body, ByteSpan workspace);
[[nodiscard]] Result<ByteView> EncodeFrame(const ForwardReply& message, ByteSpan out);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_FORWARD_PROTOCOL_H_
