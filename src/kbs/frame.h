// The frame around a body that a JsonWriter makes in place.
#ifndef SVSM_KBS_FRAME_H_
#define SVSM_KBS_FRAME_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/wire.h"
#include "svsm/kbs/json.h"
#include "svsm/kbs/proxy_protocol.h"

namespace svsm::kbs {

// What an encoder answers to a field that its message cannot have.
inline Status BadField(std::size_t detail) {
  return Status(Code::kInvalidArgument, Source::kKbs, static_cast<std::uint32_t>(detail));
}

// Where the body goes.
inline ByteSpan BodyOf(ByteSpan out) {
  return out.size() < kFrameHeaderSize ? ByteSpan() : out.subspan(kFrameHeaderSize);
}

// Puts the header in front of the body that `json` wrote to BodyOf(out).
inline Result<ByteView> Framed(const JsonWriter& json, ByteSpan out) {
  const Result<ByteView> body = json.Finish();
  if (!body.ok()) {
    const Status status = body.status();
    if (status.code() != Code::kBufferTooSmall) return status;
    return Status(Code::kBufferTooSmall, Source::kKbs,
                  status.detail() + static_cast<std::uint32_t>(kFrameHeaderSize));
  }
  if (body->size() > kMaxFrameBodySize) return BadField(kMaxFrameBodySize);
  Copy(out, wire::ToBytes(wire::Le64(body->size())));
  return ByteView(out.first(kFrameHeaderSize + body->size()));
}

}  // namespace svsm::kbs

#endif  // SVSM_KBS_FRAME_H_
