#include "kbs/json_bytes.h"
#include "svsm/kbs/jwe.h"

namespace svsm::kbs {
namespace {

constexpr SizeBounds kAnySize = {0, kMaxJsonSize};
constexpr SizeBounds kPartySize = {0, 256};

const char* CurveName(crypto::Curve curve) {
  switch (curve) {
    case crypto::Curve::kP256:
      return "P-256";
    case crypto::Curve::kP384:
      return "P-384";
    case crypto::Curve::kP521:
      return "P-521";
  }
  return "?";
}

void ExpectName(JsonReader& json, const char* name) {
  const ByteView found = json.String();
  if (json.ok() && !TextIs(found, name)) json.Fail(Code::kUnsupported);
}

crypto::Curve ReadCurve(JsonReader& json) {
  const ByteView name = json.String();
  if (TextIs(name, "P-256")) return crypto::Curve::kP256;
  if (json.ok() && !TextIs(name, "P-521")) json.Fail(Code::kUnsupported);
  return crypto::Curve::kP521;
}

EcJwk ReadJwk(ShapeReader& shape) {
  EcJwk jwk;
  ReadObject(shape.json, Required("kty", [&] { ExpectName(shape.json, "EC"); }),
             Required("crv", [&] { jwk.curve = ReadCurve(shape.json); }),
             Required("x", [&] { jwk.point.x = shape.Encoded(kAnySize); }),
             Required("y", [&] { jwk.point.y = shape.Encoded(kAnySize); }));
  const std::size_t size = crypto::CoordinateSize(jwk.curve);
  if (jwk.point.x.size() != size || jwk.point.y.size() != size) {
    shape.json.Fail(Code::kMalformed);
  }
  return jwk;
}

// The unprotected header.
void ReadOutside(ShapeReader& shape, JweMessage& jwe) {
  ByteView name;
  shape.json.BeginObject();
  while (shape.json.NextMember(name)) {
    if (!TextIs(name, "epk")) return shape.json.Fail(Code::kUnsupported);
    jwe.epk = ReadJwk(shape);
  }
}

void PutBytes(JsonWriter& json, const char* name, ByteView bytes) {
  json.Key(name);
  json.Encoded(Base64::kUrl, bytes);
}

void PutEpk(JsonWriter& json, const EcJwk& epk) {
  json.Key("epk");
  json.BeginObject();
  json.Key("crv");
  json.String(CurveName(epk.curve));
  json.Key("kty");
  json.String("EC");
  PutBytes(json, "x", epk.point.x);
  PutBytes(json, "y", epk.point.y);
  json.EndObject();
}

}  // namespace

Result<JweHeader> DecodeJweHeader(ByteView text, ByteSpan workspace) {
  JweHeader header;
  ShapeReader shape(text, Base64::kUrl, workspace);
  const auto refuse = [&] { shape.json.Fail(Code::kUnsupported); };
  ReadObject(shape.json, Required("alg", [&] { ExpectName(shape.json, "ECDH-ES+A256KW"); }),
             Required("enc", [&] { ExpectName(shape.json, "A256GCM"); }),
             Optional("epk", [&] { header.epk = ReadJwk(shape); }),
             Optional("apu", [&] { header.apu = shape.Encoded(kPartySize); }),
             Optional("apv", [&] { header.apv = shape.Encoded(kPartySize); }),
             Optional("svsm", [&] { header.svsm = shape.json.Raw(); }), Optional("crit", refuse),
             Optional("zip", refuse));
  SVSM_TRY(shape.Finish());
  return header;
}

Result<ByteView> EncodeJweHeader(const EcJwk& epk, ByteView svsm, ByteSpan out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Key("alg");
  json.String("ECDH-ES+A256KW");
  json.Key("enc");
  json.String("A256GCM");
  PutEpk(json, epk);
  if (!svsm.empty()) {
    json.Key("svsm");
    json.Raw(svsm);
  }
  json.EndObject();
  return json.Finish();
}

Result<JweMessage> DecodeJwe(ByteView text, ByteSpan workspace) {
  JweMessage jwe;
  ShapeReader shape(text, Base64::kUrl, workspace);
  ReadObject(shape.json, Required("protected", [&] { jwe.protected_text = shape.json.String(); }),
             Required("encrypted_key", [&] { jwe.encrypted_key = shape.Encoded(kAnySize); }),
             Required("iv", [&] { jwe.iv = shape.Encoded(kAnySize); }),
             Required("ciphertext", [&] { jwe.ciphertext = shape.Encoded(kAnySize); }),
             Required("tag", [&] { jwe.tag = shape.Encoded(kAnySize); }),
             Optional("header", [&] { ReadOutside(shape, jwe); }),
             Optional("aad", [&] { shape.json.Fail(Code::kMalformed); }));
  SVSM_TRY(shape.Finish());
  return jwe;
}

Result<ByteView> EncodeJwe(const JweMessage& jwe, ByteSpan out) {
  JsonWriter json(out);
  json.BeginObject();
  json.Key("protected");
  json.String(jwe.protected_text);
  if (jwe.epk) {
    json.Key("header");
    json.BeginObject();
    PutEpk(json, *jwe.epk);
    json.EndObject();
  }
  PutBytes(json, "encrypted_key", jwe.encrypted_key);
  PutBytes(json, "iv", jwe.iv);
  PutBytes(json, "ciphertext", jwe.ciphertext);
  PutBytes(json, "tag", jwe.tag);
  json.EndObject();
  return json.Finish();
}

}  // namespace svsm::kbs
