// Bodies of the attestation proxy's frames, from either side: what is taken comes back the same
// after it was sent again.
#include <cstdlib>
#include <vector>

#include "svsm/kbs/proxy_protocol.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// A decoder that takes `in`, the encoder, and the decoder again give the encoder's bytes twice.
template <typename Decode>
void RoundTrip(ByteView in, Decode decode) {
  std::vector<std::uint8_t> workspace(in.size());
  const auto message = decode(in, ByteSpan(workspace));
  if (!message.ok()) return Require(message.status().code() != Code::kBufferTooSmall);
  std::vector<std::uint8_t> first(kFrameHeaderSize + kMaxFrameBodySize);
  const Result<ByteView> frame = EncodeFrame(*message, first);
  if (!frame.ok()) return Require(in.size() > kMaxFrameBodySize);
  const ByteView body = frame->subspan(kFrameHeaderSize);
  std::vector<std::uint8_t> again(body.size());
  const auto same = decode(body, ByteSpan(again));
  Require(same.ok());
  std::vector<std::uint8_t> second(frame->size());
  const Result<ByteView> repeated = EncodeFrame(*same, second);
  Require(repeated.ok() && Equal(*repeated, *frame));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  RoundTrip(in, [](ByteView body, ByteSpan) { return DecodeNegotiationRequest(body); });
  RoundTrip(in, DecodeNegotiationResponse);
  RoundTrip(in, DecodeAttestationRequest);
  RoundTrip(in, DecodeAttestationResponse);
  return 0;
}
