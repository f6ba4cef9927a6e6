#include "tools/svsm-demo/lying_proxy.h"

#include <algorithm>
#include <bit>

#include "svsm/core/wire.h"
#include "svsm/kbs/proxy_protocol.h"

namespace svsm::demo {

ByteVector FrameOf(const std::string& body) {
  const Bytes<8> header = std::bit_cast<Bytes<8>>(wire::Le64(body.size()));
  ByteVector frame(header.size() + body.size());
  Copy(frame, header);
  Copy(ByteSpan(frame).subspan(header.size()), AsBytes(body));
  return frame;
}

std::string BodyOf(const ByteVector& frame) {
  return {frame.begin() + kbs::kFrameHeaderSize, frame.end()};
}

Result<ByteVector> LyingProxy::ReadFrame() {
  ByteVector frame(kbs::kFrameHeaderSize);
  SVSM_TRY(ReadExactly(honest_, frame));
  SVSM_ASSIGN_OR_RETURN(
      const std::size_t size,
      kbs::FrameBodySize(ByteView(frame).first<kbs::kFrameHeaderSize>(), kbs::kMaxFrameBodySize));
  frame.resize(kbs::kFrameHeaderSize + size);
  SVSM_TRY(ReadExactly(honest_, ByteSpan(frame).subspan(kbs::kFrameHeaderSize)));
  return frame;
}

Result<std::size_t> LyingProxy::ReadSome(ByteSpan out) {
  if (pending_.empty()) {
    // What a lie cut off is followed by nothing.
    if (received_ == sent_) return Status(Code::kConnectionClosed, Source::kSystem);
    SVSM_ASSIGN_OR_RETURN(pending_, ReadFrame());
    lie_(received_++ == 0 ? Frame::kChallenge : Frame::kAnswer, pending_);
    if (pending_.empty()) return Status(Code::kConnectionClosed, Source::kSystem);
  }
  const std::size_t count = std::min(out.size(), pending_.size());
  Copy(out, ByteView(pending_).first(count));
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
  return count;
}

Status LyingProxy::WriteAll(ByteView in) {
  ByteVector frame = ToVector(in);
  lie_(sent_++ == 0 ? Frame::kNegotiationRequest : Frame::kAttestationRequest, frame);
  return honest_.WriteAll(frame);
}

}  // namespace svsm::demo
