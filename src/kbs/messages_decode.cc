#include "kbs/json_bytes.h"
#include "svsm/kbs/messages.h"

namespace svsm::kbs {
namespace {

// The wire's names; az-… are vTPM evidence, se is IBM's, hygondcu, nvidia and sampledevice devices.
constexpr const char* kTees[] = {
    "az-snp-vtpm", "az-tdx-vtpm",  "cca", "csv", "hygondcu", "nvidia", "sample",
    "se",          "sampledevice", "sgx", "snp", "tdx",      "tpm",
};

constexpr KbsError kErrors[] = {
    KbsError::kAdminAuthInitialization, KbsError::kAttestationError,
    KbsError::kInvalidRequestPath,      KbsError::kJweError,
    KbsError::kParsePolicyError,        KbsError::kPluginInternalError,
    KbsError::kPluginNotFound,          KbsError::kPolicyDeny,
    KbsError::kPolicyEngineError,       KbsError::kRvpsError,
    KbsError::kTokenNotFound,           KbsError::kTokenVerifierError,
};

ByteView ReadTee(JsonReader& json) {
  const ByteView tee = json.String();
  for (const char* name : kTees) {
    if (TextIs(tee, name)) return tee;
  }
  if (json.ok()) json.Fail(Code::kUnsupported);
  return {};
}

ByteView ReadNonce(JsonReader& json) {
  const ByteView text = json.String();
  Bytes<kMaxNonceSize> nonce{};
  if (json.ok() && !DecodeNonce(text, nonce).ok()) json.Fail(Code::kMalformed);
  return text;
}

enum : std::uint32_t { kKty = 1, kAlg = 2, kCrv = 4, kX = 8, kY = 16, kN = 32, kE = 64 };

// The member of a JWK with this name, if it is one of those that count.
ByteView* KeyMember(ByteView name, TeeKey& key, std::uint32_t& bit) {
  const struct {
    const char* name;
    ByteView* text;
    std::uint32_t bit;
  } members[] = {
      {"alg", &key.alg, kAlg}, {"crv", &key.crv, kCrv}, {"x", &key.x, kX},
      {"y", &key.y, kY},       {"n", &key.n, kN},       {"e", &key.e, kE},
  };
  for (const auto& member : members) {
    if (!TextIs(name, member.name)) continue;
    bit = member.bit;
    return member.text;
  }
  return nullptr;
}

TeeKey ReadKey(JsonReader& json) {
  TeeKey key;
  ByteView name;
  std::uint32_t seen = 0;
  json.BeginObject();
  while (json.NextMember(name)) {
    std::uint32_t bit = kKty;
    if (TextIs(name, "kty")) {
      const ByteView type = json.String();
      if (TextIs(type, "RSA")) key.type = TeeKey::Type::kRsa;
      if (json.ok() && !TextIs(type, "RSA") && !TextIs(type, "EC")) json.Fail(Code::kUnsupported);
    } else if (ByteView* text = KeyMember(name, key, bit); text != nullptr) {
      *text = json.String();
    } else {
      json.Skip();
      continue;
    }
    seen |= bit;
  }
  const bool rsa = key.type == TeeKey::Type::kRsa;
  const std::uint32_t required = kKty | kAlg | (rsa ? kN | kE : kCrv | kX | kY);
  if ((seen & required) != required) json.Fail(Code::kMalformed);
  if (rsa) {
    key.crv = key.x = key.y = {};
  } else {
    key.n = key.e = {};
  }
  return key;
}

void ReadInitData(ShapeReader& shape, Attestation& message) {
  if (shape.json.TakeNull()) {
    message.init_data = Attestation::InitData::kNull;
    return;
  }
  message.init_data = Attestation::InitData::kGiven;
  ReadObject(shape.json, Required("format", [&] { message.init_format = shape.json.String(); }),
             Required("body", [&] { message.init_body = shape.Text(); }));
}

void ReadRuntimeData(ShapeReader& shape, Attestation& message) {
  ReadObject(shape.json, Required("nonce", [&] { message.nonce = ReadNonce(shape.json); }),
             Required("tee-pubkey", [&] { message.key = ReadKey(shape.json); }));
}

void ReadEvidence(ShapeReader& shape, Attestation& message) {
  ReadObject(shape.json,
             Required("primary_evidence", [&] { message.primary_evidence = shape.json.Raw(); }),
             Required("additional_evidence", [&] { message.additional_evidence = shape.Text(); }));
}

KbsError ReadErrorType(ShapeReader& shape) {
  const ByteView type = shape.json.String();
  const ByteView prefix = kErrorPrefix;
  if (type.size() < prefix.size() || !Equal(type.first(prefix.size()), prefix)) {
    return KbsError::kOther;
  }
  for (const KbsError error : kErrors) {
    if (TextIs(type.subspan(prefix.size()), KbsErrorName(error))) return error;
  }
  return KbsError::kOther;
}

}  // namespace

Result<AuthRequest> DecodeAuthRequest(ByteView body) {
  AuthRequest message;
  ShapeReader shape(body, Base64::kStandard, {});
  ReadObject(shape.json, Required("version", [&] { message.version = shape.json.String(); }),
             Required("tee", [&] { message.tee = ReadTee(shape.json); }),
             Required("extra-params", [&] { message.extra_params = shape.json.Raw(); }));
  SVSM_TRY(shape.Finish());
  return message;
}

Result<Challenge> DecodeChallenge(ByteView body) {
  Challenge message;
  ShapeReader shape(body, Base64::kStandard, {});
  ReadObject(shape.json, Required("nonce", [&] { message.nonce = ReadNonce(shape.json); }),
             Optional("extra-params", [&] { message.extra_params = shape.json.Raw(); }));
  SVSM_TRY(shape.Finish());
  return message;
}

Result<Attestation> DecodeAttestation(ByteView body, ByteSpan workspace) {
  Attestation message;
  ShapeReader shape(body, Base64::kStandard, workspace);
  ReadObject(shape.json, Optional("init-data", [&] { ReadInitData(shape, message); }),
             Required("runtime-data", [&] { ReadRuntimeData(shape, message); }),
             Required("tee-evidence", [&] { ReadEvidence(shape, message); }));
  SVSM_TRY(shape.Finish());
  return message;
}

Result<TokenReply> DecodeTokenReply(ByteView body) {
  TokenReply message;
  ShapeReader shape(body, Base64::kStandard, {});
  ReadObject(shape.json, Required("token", [&] {
               message.token = shape.json.String();
               if (message.token.size() > kMaxTokenSize) shape.json.Fail(Code::kOutOfRange);
             }));
  SVSM_TRY(shape.Finish());
  return message;
}

Result<ErrorReply> DecodeErrorReply(ByteView body, ByteSpan workspace) {
  ErrorReply message;
  ShapeReader shape(body, Base64::kStandard, workspace);
  ReadObject(shape.json, Required("type", [&] { message.error = ReadErrorType(shape); }),
             Required("detail", [&] { message.detail = shape.Text(); }));
  SVSM_TRY(shape.Finish());
  return message;
}

}  // namespace svsm::kbs
