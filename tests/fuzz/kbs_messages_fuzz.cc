// Bodies of the key broker protocol and of forwarded exchanges: what is taken comes back the same
// after it was written again.
#include <cstdlib>
#include <vector>

#include "svsm/kbs/forward_protocol.h"
#include "svsm/kbs/json.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs/proxy_refusal.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

template <typename Decode, typename Encode>
void RoundTrip(ByteView in, Decode decode, Encode encode) {
  std::vector<std::uint8_t> workspace(in.size());
  const auto message = decode(in, ByteSpan(workspace));
  if (!message.ok()) return Require(message.status().code() != Code::kBufferTooSmall);
  std::vector<std::uint8_t> first(8 * kMaxJsonSize);
  const Result<ByteView> text = encode(*message, ByteSpan(first));
  if (!text.ok()) return Require(in.size() > kMaxForwardBodySize);
  if (text->size() > kMaxJsonSize) return;  // escapes can grow
  std::vector<std::uint8_t> again(text->size());
  const auto same = decode(*text, ByteSpan(again));
  Require(same.ok());
  std::vector<std::uint8_t> second(text->size() + kFrameHeaderSize);
  const Result<ByteView> repeated = encode(*same, ByteSpan(second));
  Require(repeated.ok() && Equal(*repeated, *text));
}

// A decoder without a workspace.
template <typename Message>
auto Alone(Result<Message> (*decode)(ByteView)) {
  return [decode](ByteView body, ByteSpan) { return decode(body); };
}

// The body of a frame, encoded.
template <typename Message>
Result<ByteView> Body(const Message& message, ByteSpan out) {
  SVSM_ASSIGN_OR_RETURN(const ByteView frame, EncodeFrame(message, out));
  return frame.subspan(kFrameHeaderSize);
}

void Keys(ByteView in) {
  std::vector<std::uint8_t> workspace(in.size());
  const Result<Attestation> message = DecodeAttestation(in, workspace);
  if (!message.ok()) return;
  Bytes<2 * crypto::kMaxCoordinateSize + 8> point{};
  const Result<EcJwk> key = EcKeyOf(message->key, point);
  if (!key.ok()) return;
  Bytes<kTeeKeyTextSize> texts{};
  const Result<TeeKey> same = TeeKeyOf(*key, texts);
  Require(same.ok() && Equal(same->x, message->key.x) && Equal(same->y, message->key.y));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  RoundTrip(in, Alone(DecodeAuthRequest), [](const AuthRequest& message, ByteSpan out) {
    return EncodeAuthRequest(message, out);
  });
  RoundTrip(in, Alone(DecodeChallenge), EncodeChallenge);
  RoundTrip(in, DecodeAttestation, EncodeAttestation);
  RoundTrip(in, Alone(DecodeTokenReply), EncodeTokenReply);
  RoundTrip(in, DecodeErrorReply, EncodeErrorReply);
  RoundTrip(in, DecodeForwardRequest, Body<ForwardRequest>);
  RoundTrip(in, DecodeForwardReply, Body<ForwardReply>);
  RoundTrip(in, Alone(DecodeRefusal), Body<ProxyRefusal>);
  Keys(in);
  static_cast<void>(CheckKbsVersion(in));
  static_cast<void>(ParseResourceName(in));
  Require(SessionOfCookie(in).size() <= in.size());
  Require(CookieOfSetCookie(in).size() <= in.size());
  return 0;
}
