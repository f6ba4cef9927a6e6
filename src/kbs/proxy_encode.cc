#include "kbs/frame.h"
#include "svsm/kbs/json.h"
#include "svsm/kbs/proxy_protocol.h"

namespace svsm::kbs {
namespace {

constexpr Base64 kVariant = Base64::kStandard;

void PutBytes(JsonWriter& json, const char* name, ByteView bytes) {
  json.Key(name);
  json.Encoded(kVariant, bytes);
}

void PutPoint(JsonWriter& json, const char* name, crypto::EcPointView point) {
  json.Key(name);
  json.BeginObject();
  PutBytes(json, "x", point.x);
  PutBytes(json, "y", point.y);
  json.EndObject();
}

bool HasCoordinates(crypto::EcPointView point) {
  return point.x.size() == kProxyCoordinateSize && point.y.size() == kProxyCoordinateSize;
}

bool IsChallenge(ByteView challenge) {
  return challenge.size() >= kMinChallengeSize && challenge.size() <= kMaxChallengeSize;
}

void PutDecryption(JsonWriter& json, const ProxyDecryption& decryption) {
  json.BeginObject();
  PutPoint(json, "epk", decryption.epk);
  PutBytes(json, "wrapped_cek", decryption.wrapped_cek);
  PutBytes(json, "aad", decryption.aad);
  PutBytes(json, "iv", decryption.iv);
  PutBytes(json, "tag", decryption.tag);
  json.EndObject();
}

void PutToken(JsonWriter& json, const ProxyToken& token) {
  json.BeginObject();
  json.Key(token.kind == ProxyToken::Kind::kJwt ? "Jwt" : "Cwt");
  json.String(token.text);
  json.EndObject();
}

}  // namespace

Result<ByteView> EncodeFrame(const NegotiationRequest& message, ByteSpan out) {
  JsonWriter json(BodyOf(out));
  json.BeginObject();
  json.Key("version");
  json.BeginArray();
  for (const std::uint32_t part : message.version.parts) json.Unsigned(part);
  json.EndArray();
  json.Key("tee");
  json.String("snp");
  json.EndObject();
  return Framed(json, out);
}

Result<ByteView> EncodeFrame(const NegotiationResponse& message, ByteSpan out) {
  if (!IsChallenge(message.challenge)) return BadField(kMaxChallengeSize);
  if (message.num_params > kMaxBindingParams) return BadField(kMaxBindingParams);
  JsonWriter json(BodyOf(out));
  json.BeginObject();
  PutBytes(json, "challenge", message.challenge);
  json.Key("params");
  json.BeginArray();
  for (std::size_t i = 0; i < message.num_params; ++i) {
    const bool key = message.params[i] == BindingParam::kEcPublicKeyBytes;
    json.String(key ? "EcPublicKeyBytes" : "Challenge");
  }
  json.EndArray();
  json.EndObject();
  return Framed(json, out);
}

Result<ByteView> EncodeFrame(const AttestationRequest& message, ByteSpan out) {
  if (message.report.empty() || message.report.size() > kMaxReportSize) {
    return BadField(kMaxReportSize);
  }
  if (message.certificates.size() > kMaxCertificatesSize) return BadField(kMaxCertificatesSize);
  if (!IsChallenge(message.challenge)) return BadField(kMaxChallengeSize);
  if (!HasCoordinates(message.key)) return BadField(kProxyCoordinateSize);
  JsonWriter json(BodyOf(out));
  json.BeginObject();
  json.Key("tee");
  json.String("snp");
  json.Key("evidence");
  json.BeginObject();
  json.Key("Snp");
  json.BeginObject();
  PutBytes(json, "report", message.report);
  if (!message.certificates.empty()) PutBytes(json, "certs_buf", message.certificates);
  json.EndObject();
  json.EndObject();
  PutBytes(json, "challenge", message.challenge);
  PutPoint(json, "key", message.key);
  json.EndObject();
  return Framed(json, out);
}

Result<ByteView> EncodeFrame(const AttestationResponse& message, ByteSpan out) {
  if (message.decryption && !HasCoordinates(message.decryption->epk)) {
    return BadField(kProxyCoordinateSize);
  }
  JsonWriter json(BodyOf(out));
  json.BeginObject();
  json.Key("success");
  json.Bool(message.success);
  if (message.secret) PutBytes(json, "secret", *message.secret);
  json.Key("decryption");
  if (message.decryption) {
    PutDecryption(json, *message.decryption);
  } else {
    json.Null();
  }
  json.Key("token");
  if (message.token) {
    PutToken(json, *message.token);
  } else {
    json.Null();
  }
  json.EndObject();
  return Framed(json, out);
}

}  // namespace svsm::kbs
