#include "svsm/kbs/forward_protocol.h"

#include "kbs/frame.h"
#include "kbs/json_bytes.h"
#include "svsm/kbs/messages.h"

namespace svsm::kbs {
namespace {

constexpr Base64 kVariant = Base64::kStandard;
constexpr SizeBounds kBodyBounds = {0, kMaxFrameBodySize};
static_assert(EncodedSize(kVariant, kMaxForwardBodySize) + 512 <= kMaxFrameBodySize);

struct Kind {
  const char* name;
  ForwardKind kind;
};
constexpr Kind kKinds[] = {
    {"auth", ForwardKind::kAuth},
    {"attest", ForwardKind::kAttest},
    {"resource", ForwardKind::kResource},
    {"ledger", ForwardKind::kLedger},
};

ForwardKind ReadKind(JsonReader& json) {
  const ByteView name = json.String();
  for (const Kind& kind : kKinds) {
    if (TextIs(name, kind.name)) return kind.kind;
  }
  if (json.ok()) json.Fail(Code::kUnsupported);
  return ForwardKind::kAuth;
}

ByteView ReadBody(ShapeReader& shape) {
  const ByteView body = shape.Encoded(kBodyBounds);
  if (body.size() > kMaxForwardBodySize) shape.json.Fail(Code::kOutOfRange);
  return body;
}

ByteView ReadPath(JsonReader& json) {
  const ByteView path = json.String();
  if (json.ok() && !path.empty() && !ParseResourceName(path).ok()) json.Fail(Code::kMalformed);
  return path;
}

// A resource has a name and no body, and no other kind has a name.
bool IsWhole(const ForwardRequest& message) {
  if (message.kind == ForwardKind::kResource) return !message.path.empty() && message.body.empty();
  return message.path.empty();
}

ForwardRequest ReadRequest(ShapeReader& shape) {
  ForwardRequest message;
  ByteView name;
  std::uint32_t seen = 0;
  shape.json.BeginObject();
  while (shape.json.NextMember(name)) {
    if (TextIs(name, "kind")) {
      message.kind = ReadKind(shape.json);
      seen |= 1;
    } else if (TextIs(name, "path")) {
      message.path = ReadPath(shape.json);
    } else if (TextIs(name, "body")) {
      message.body = ReadBody(shape);
      seen |= 2;
    } else {
      shape.json.Skip();
    }
  }
  shape.Require(seen, 3);
  if (!IsWhole(message)) shape.json.Fail(Code::kMalformed);
  return message;
}

const char* KindName(ForwardKind wanted) {
  for (const Kind& kind : kKinds) {
    if (kind.kind == wanted) return kind.name;
  }
  return "";
}

}  // namespace

Result<ForwardRequest> DecodeForwardRequest(ByteView body, ByteSpan workspace) {
  ForwardRequest message;
  ShapeReader shape(body, kVariant, workspace);
  ByteView name;
  std::uint32_t seen = 0;
  shape.json.BeginObject();
  while (shape.json.NextMember(name)) {
    if (TextIs(name, "forward")) {
      message = ReadRequest(shape);
      seen |= 1;
    } else {
      shape.json.Skip();
    }
  }
  shape.Require(seen, 1);
  SVSM_TRY(shape.Finish());
  return message;
}

bool IsForwardRequest(ByteView body) {
  JsonReader json(body);
  ByteView name;
  bool found = false;
  json.BeginObject();
  while (json.NextMember(name)) {
    if (TextIs(name, "forward")) found = true;
    json.Skip();
  }
  return json.Finish().ok() && found;
}

Result<ForwardReply> DecodeForwardReply(ByteView body, ByteSpan workspace) {
  ForwardReply message;
  ShapeReader shape(body, kVariant, workspace);
  ByteView name;
  std::uint32_t seen = 0;
  shape.json.BeginObject();
  while (shape.json.NextMember(name)) {
    if (TextIs(name, "status")) {
      const std::uint64_t status = shape.json.Unsigned();
      if (status == 0 || status > kMaxHttpStatus) shape.json.Fail(Code::kMalformed);
      message.status = static_cast<std::uint32_t>(status);
      seen |= 1;
    } else if (TextIs(name, "body")) {
      message.body = ReadBody(shape);
      seen |= 2;
    } else {
      shape.json.Skip();
    }
  }
  shape.Require(seen, 3);
  SVSM_TRY(shape.Finish());
  return message;
}

Result<ByteView> EncodeFrame(const ForwardRequest& message, ByteSpan out) {
  if (message.body.size() > kMaxForwardBodySize) return BadField(kMaxForwardBodySize);
  if (!IsWhole(message)) return BadField(0);
  JsonWriter json(BodyOf(out));
  json.BeginObject();
  json.Key("forward");
  json.BeginObject();
  json.Key("kind");
  json.String(KindName(message.kind));
  if (message.kind == ForwardKind::kResource) {
    if (!ParseResourceName(message.path).ok()) return BadField(0);
    json.Key("path");
    json.String(message.path);
  }
  json.Key("body");
  json.Encoded(kVariant, message.body);
  json.EndObject();
  json.EndObject();
  return Framed(json, out);
}

Result<ByteView> EncodeFrame(const ForwardReply& message, ByteSpan out) {
  if (message.status == 0 || message.status > kMaxHttpStatus) return BadField(kMaxHttpStatus);
  if (message.body.size() > kMaxForwardBodySize) return BadField(kMaxForwardBodySize);
  JsonWriter json(BodyOf(out));
  json.BeginObject();
  json.Key("status");
  json.Unsigned(message.status);
  json.Key("body");
  json.Encoded(kVariant, message.body);
  json.EndObject();
  return Framed(json, out);
}

}  // namespace svsm::kbs
