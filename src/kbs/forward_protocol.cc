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
  ReadObject(shape.json, Required("kind", [&] { message.kind = ReadKind(shape.json); }),
             Optional("path", [&] { message.path = ReadPath(shape.json); }),
             Required("body", [&] { message.body = ReadBody(shape); }));
  if (!IsWhole(message)) shape.json.Fail(Code::kMalformed);
  return message;
}

const char* KindName(ForwardKind wanted) {
  for (const Kind& kind : kKinds) {
    if (kind.kind == wanted) return kind.name;
  }
  return "";
}

std::uint32_t ReadStatus(JsonReader& json) {
  const std::uint64_t status = json.Unsigned();
  if (status == 0 || status > kMaxHttpStatus) json.Fail(Code::kMalformed);
  return static_cast<std::uint32_t>(status);
}

}  // namespace

Result<ForwardRequest> DecodeForwardRequest(ByteView body, ByteSpan workspace) {
  ForwardRequest message;
  ShapeReader shape(body, kVariant, workspace);
  ReadObject(shape.json, Required("forward", [&] { message = ReadRequest(shape); }));
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
  ReadObject(shape.json, Required("status", [&] { message.status = ReadStatus(shape.json); }),
             Required("body", [&] { message.body = ReadBody(shape); }));
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
