// svsm/kbs/proxy_session.h: the attestation proxy's side of one client's connection, without I/O:
// between frames of the client and HTTP calls to a key broker.
//
//   ProxySession session(config, workspace);
//   ProxySession::Step step = session.Advance(ByteView());
//   while (step.kind != ProxySession::Step::Kind::kEnd) {
//     switch (step.kind) {
//       case kNeed: step = session.Advance(Read(step.need)); break;     // exactly so many bytes
//       case kSend: Write(step.send); step = session.Advance(ByteView()); break;
//       case kCall: step = session.Advance(Call(step.call)); break;     // an HttpReply
//     }
//   }
//
// The client's first frame decides the mode: a negotiation (svsm/kbs/proxy_protocol.h), in which
// the proxy speaks with the broker in the client's stead, or forwarding
// (svsm/kbs/forward_protocol.h). Whatever the client or the broker says, the client has an answer:
// what cannot be served is refused (svsm/kbs/proxy_refusal.h), and the connection ends.
//
// The proxy can refuse, delay and forge; it cannot learn the secret. The broker's ciphertext and
// the bytes of its protected header pass unchanged.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_KBS_PROXY_SESSION_H_
#define SVSM_KBS_PROXY_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/kbs/forward_protocol.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs/proxy_protocol.h"
#include "svsm/kbs/proxy_refusal.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::kbs {

// Bytes of a reply's body that a session looks at; a larger one need not be read further.
inline constexpr std::size_t kMaxHttpReplySize = kMaxFrameBodySize;
// Characters of all the cookies of a connection; what does not fit is forgotten.
inline constexpr std::size_t kMaxCookiesSize = 1024;
// Bytes that a session works in.
inline constexpr std::size_t kProxyWorkspaceSize =
    kFrameHeaderSize + 3 * kMaxFrameBodySize + kMaxTokenSize;

struct HttpCall {
  enum class Method : std::uint8_t { kGet, kPost };
  Method method = Method::kGet;
  ByteView path;    // behind the broker's URL
  ByteView body;    // JSON, for kPost
  ByteView cookie;  // the header's value; empty: none
};

struct HttpReply {
  // Why there is none; then the rest is not looked at.
  std::optional<ForwardFailure> failure = {};
  std::uint32_t status = 0;
  ByteView body = {};  // borrowed for the call
};

struct ProxySessionConfig {
  // What a client that negotiates gets: a name that ParseResourceName() takes. Borrowed.
  ByteView resource = kDefaultResource;

  static constexpr auto kDefaultResource = Ascii("default/sample/test");
};

class ProxySession final {
 public:
  struct Step {
    enum class Kind : std::uint8_t { kNeed, kSend, kCall, kEnd };
    Kind kind = Kind::kEnd;
    std::size_t need = 0;  // bytes that the next Advance() takes
    ByteView send = {};    // views of the workspace, until the next Advance()
    HttpCall call = {};
  };

  // Borrows `workspace`, of kProxyWorkspaceSize bytes or more, for the session's life. Panics if it
  // is smaller, or the resource is no name.
  ProxySession(const ProxySessionConfig& config, ByteSpan workspace);
  ProxySession(const ProxySession&) = delete;
  ProxySession& operator=(const ProxySession&) = delete;

  // Goes on with the bytes that the step before needed; with none at first and after kSend. Panics
  // on other sizes, and after kCall and kEnd.
  [[nodiscard]] Step Advance(ByteView in);
  // Goes on with the answer to kCall. Panics after another step.
  [[nodiscard]] Step Advance(const HttpReply& reply);
  // Ends the connection from outside, for a client that is too slow, at any time but after kCall.
  [[nodiscard]] Step Refuse(ProxyRefusal refusal);

  // Takes note of a Set-Cookie header of the reply, before Advance().
  void SetCookie(ByteView header);

  // The client forwards: its connection may live as long as its VM, and is silent at most times.
  bool forwards() const { return mode_ == Mode::kForward; }
  // No frame has begun: the client may go without an answer.
  bool between_frames() const { return state_ == State::kHeader; }
  // Why the client was refused, if it was; not for the broker's own refusals.
  const std::optional<ProxyRefusal>& refusal() const { return refusal_; }

 private:
  enum class Mode : std::uint8_t { kUnknown, kNegotiate, kForward };
  enum class State : std::uint8_t {
    kStart,
    kHeader,  // of the client's next frame
    kBody,
    kAuth,  // calls
    kAttest,
    kResource,
    kForward,
    kSent,      // then the next frame
    kLastSent,  // then the end
    kEnded,
  };

  Step Need(std::size_t size, State state);
  Step Send(const Result<ByteView>& frame, State after);
  Step Call(HttpCall::Method method, ByteView path, ByteView body, State state);
  Step TakeHeader(ByteView in);
  Step TakeBody(ByteView in);
  Step TakeFirst(ByteView in);
  Step TakeEvidence(ByteView in);
  Step TakeForward(ByteView in);
  Step TakeChallenge(ByteView body);
  Step TakeToken(ByteView body);
  Step TakeSecret(ByteView body);
  Step TakeForwarded(const HttpReply& reply);
  Step BrokerRefused();
  Result<ByteView> EncodeBody(const AttestationRequest& request);
  Result<ByteView> EncodeAnswer(ByteView body);
  Result<crypto::EcPointView> EpkOf(const JweMessage& jwe);
  ByteView ResourcePath(ByteView name);

  ProxySessionConfig config_;
  ByteSpan out_;      // a frame or a body on its way
  ByteSpan decoded_;  // what came
  ByteSpan scratch_;
  ByteSpan token_buffer_;
  Mode mode_ = Mode::kUnknown;
  State state_ = State::kStart;
  std::size_t needed_ = 0;
  Bytes<kMaxNonceText> nonce_text_{};
  std::size_t nonce_text_size_ = 0;
  ByteView token_;
  Bytes<kResourcePath.size() + kMaxResourceSize> path_{};
  Bytes<kMaxCookiesSize> cookies_{};
  std::size_t cookies_size_ = 0;
  std::optional<ProxyRefusal> refusal_;
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_PROXY_SESSION_H_
