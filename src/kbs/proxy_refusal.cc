#include "svsm/kbs/proxy_refusal.h"

#include "kbs/frame.h"
#include "svsm/kbs/json.h"

namespace svsm::kbs {
namespace {

constexpr ProxyRefusal kRefusals[] = {
    ProxyRefusal::kVersion, ProxyRefusal::kMalformed,   ProxyRefusal::kBusy,
    ProxyRefusal::kIdle,    ProxyRefusal::kUnreachable, ProxyRefusal::kTimeout,
    ProxyRefusal::kAuth,    ProxyRefusal::kBroker,      ProxyRefusal::kTooLarge,
};

ProxyRefusal ReadName(JsonReader& json) {
  const ByteView name = json.String();
  for (const ProxyRefusal refusal : kRefusals) {
    if (TextIs(name, ProxyRefusalName(refusal))) return refusal;
  }
  if (json.ok()) json.Fail(Code::kUnsupported);
  return ProxyRefusal::kMalformed;
}

}  // namespace

const char* ProxyRefusalName(ProxyRefusal refusal) {
  switch (refusal) {
    case ProxyRefusal::kVersion:
      return "version";
    case ProxyRefusal::kMalformed:
      return "malformed";
    case ProxyRefusal::kBusy:
      return "busy";
    case ProxyRefusal::kIdle:
      return "idle";
    case ProxyRefusal::kUnreachable:
      return "unreachable";
    case ProxyRefusal::kTimeout:
      return "timeout";
    case ProxyRefusal::kAuth:
      return "auth";
    case ProxyRefusal::kBroker:
      return "broker";
    case ProxyRefusal::kTooLarge:
      return "too-large";
  }
  return "?";
}

Result<ByteView> EncodeFrame(ProxyRefusal refusal, ByteSpan out) {
  JsonWriter json(BodyOf(out));
  json.BeginObject();
  json.Key("success");
  json.Bool(false);
  json.Key("decryption");
  json.Null();
  json.Key("token");
  json.Null();
  json.Key("error");
  json.String(ProxyRefusalName(refusal));
  json.Key("version");
  json.BeginArray();
  for (const std::uint32_t part : kProxyProtocolVersion.parts) json.Unsigned(part);
  json.EndArray();
  json.EndObject();
  return Framed(json, out);
}

Result<ProxyRefusal> DecodeRefusal(ByteView body) {
  ProxyRefusal refusal = ProxyRefusal::kMalformed;
  bool refused = false;
  bool said = false;
  JsonReader json(body);
  ByteView name;
  json.BeginObject();
  while (json.NextMember(name)) {
    if (TextIs(name, "success")) {
      refused = !json.Bool();
    } else if (TextIs(name, "error")) {
      refusal = ReadName(json);
      said = true;
    } else {
      json.Skip();
    }
  }
  SVSM_TRY(json.Finish());
  if (!refused || !said) return Status(Code::kNotFound, Source::kKbs);
  return refusal;
}

}  // namespace svsm::kbs
