#include "svsm/kbs/json.h"
#include "svsm/kbs/messages.h"

namespace svsm::kbs {
namespace {

void PutText(JsonWriter& json, const char* name, ByteView text) {
  json.Key(name);
  json.String(text);
}

void PutEscaped(JsonWriter& json, const char* name, ByteView text) {
  json.Key(name);
  json.Escaped(text);
}

void PutRaw(JsonWriter& json, const char* name, ByteView value) {
  json.Key(name);
  json.Raw(value);
}

void PutKey(JsonWriter& json, const TeeKey& key) {
  json.BeginObject();
  json.Key("kty");
  if (key.type == TeeKey::Type::kRsa) {
    json.String("RSA");
    PutText(json, "alg", key.alg);
    PutText(json, "n", key.n);
    PutText(json, "e", key.e);
  } else {
    json.String("EC");
    PutText(json, "crv", key.crv);
    PutText(json, "alg", key.alg);
    PutText(json, "x", key.x);
    PutText(json, "y", key.y);
  }
  json.EndObject();
}

void PutInitData(JsonWriter& json, const Attestation& message) {
  if (message.init_data == Attestation::InitData::kAbsent) return;
  json.Key("init-data");
  if (message.init_data == Attestation::InitData::kNull) return json.Null();
  json.BeginObject();
  PutText(json, "format", message.init_format);
  PutEscaped(json, "body", message.init_body);
  json.EndObject();
}

}  // namespace

Result<ByteView> EncodeAuthRequest(const AuthRequest& message, ByteSpan out) {
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "version", message.version);
  PutText(json, "tee", message.tee);
  PutRaw(json, "extra-params", message.extra_params);
  json.EndObject();
  return json.Finish();
}

Result<ByteView> EncodeAuthRequest(ByteSpan out) {
  constexpr auto kTee = Ascii("snp");
  return EncodeAuthRequest({.version = kKbsVersion, .tee = kTee}, out);
}

Result<ByteView> EncodeChallenge(const Challenge& message, ByteSpan out) {
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "nonce", message.nonce);
  PutRaw(json, "extra-params", message.extra_params);
  json.EndObject();
  return json.Finish();
}

Result<ByteView> EncodeAttestation(const Attestation& message, ByteSpan out) {
  JsonWriter json(out);
  json.BeginObject();
  PutInitData(json, message);
  json.Key("runtime-data");
  json.BeginObject();
  PutText(json, "nonce", message.nonce);
  json.Key("tee-pubkey");
  PutKey(json, message.key);
  json.EndObject();
  json.Key("tee-evidence");
  json.BeginObject();
  PutRaw(json, "primary_evidence", message.primary_evidence);
  PutEscaped(json, "additional_evidence", message.additional_evidence);
  json.EndObject();
  json.EndObject();
  return json.Finish();
}

Result<ByteView> EncodeTokenReply(const TokenReply& message, ByteSpan out) {
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "token", message.token);
  json.EndObject();
  return json.Finish();
}

Result<ByteView> EncodeErrorReply(const ErrorReply& message, ByteSpan out) {
  Bytes<kErrorPrefix.size() + 32> type{};
  Copy(type, kErrorPrefix);
  std::size_t size = kErrorPrefix.size();
  for (const char* c = KbsErrorName(message.error); *c != '\0'; ++c) {
    type[size++] = static_cast<std::uint8_t>(*c);
  }
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "type", ByteView(type).first(size));
  PutEscaped(json, "detail", message.detail);
  json.EndObject();
  return json.Finish();
}

}  // namespace svsm::kbs
