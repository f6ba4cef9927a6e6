#include <optional>

#include "kbs/json_bytes.h"
#include "svsm/core/wire.h"
#include "svsm/kbs/proxy_protocol.h"

namespace svsm::kbs {
namespace {

constexpr Base64 kVariant = Base64::kStandard;
constexpr SizeBounds kChallengeBounds = {kMinChallengeSize, kMaxChallengeSize};
constexpr SizeBounds kReportBounds = {1, kMaxReportSize};
constexpr SizeBounds kTableBounds = {0, kMaxCertificatesSize};
constexpr SizeBounds kCiphertextBounds = {0, kMaxFrameBodySize};
// Sizes that the JWE layer judges: its errors say more than this layer's.
constexpr SizeBounds kShortBounds = {0, 256};

void ReadTee(JsonReader& json) {
  const ByteView tee = json.String();
  if (json.ok() && !TextIs(tee, "snp")) json.Fail(Code::kUnsupported);
}

crypto::EcPointView ReadPoint(ShapeReader& shape) {
  crypto::EcPointView point;
  ReadObject(shape.json,
             Required("x", [&] { point.x = shape.Encoded(Exactly(kProxyCoordinateSize)); }),
             Required("y", [&] { point.y = shape.Encoded(Exactly(kProxyCoordinateSize)); }));
  return point;
}

ProtocolVersion ReadVersion(JsonReader& json) {
  ProtocolVersion version;
  std::size_t count = 0;
  json.BeginArray();
  while (json.NextElement()) {
    const std::uint64_t part = json.Unsigned();
    if (count == version.parts.size() || part > UINT32_MAX) {
      json.Fail(Code::kMalformed);
      break;
    }
    version.parts[count++] = static_cast<std::uint32_t>(part);
  }
  if (count != version.parts.size()) json.Fail(Code::kMalformed);
  return version;
}

void ReadParams(JsonReader& json, NegotiationResponse& message) {
  json.BeginArray();
  while (json.NextElement()) {
    const ByteView name = json.String();
    if (!json.ok()) return;
    if (message.num_params == kMaxBindingParams) return json.Fail(Code::kMalformed);
    BindingParam& param = message.params[message.num_params++];
    if (TextIs(name, "EcPublicKeyBytes")) {
      param = BindingParam::kEcPublicKeyBytes;
    } else if (TextIs(name, "Challenge")) {
      param = BindingParam::kChallenge;
    } else {
      return json.Fail(Code::kUnsupported);
    }
  }
}

void ReadSnpEvidence(ShapeReader& shape, AttestationRequest& message) {
  ReadObject(shape.json, Required("report", [&] { message.report = shape.Encoded(kReportBounds); }),
             Optional("certs_buf", [&] { message.certificates = shape.Encoded(kTableBounds); }));
}

// An object whose one member names the kind of its value.
void ReadEvidence(ShapeReader& shape, AttestationRequest& message) {
  ByteView name;
  std::uint32_t seen = 0;
  shape.json.BeginObject();
  while (shape.json.NextMember(name)) {
    if (!TextIs(name, "Snp")) return shape.json.Fail(Code::kUnsupported);
    ReadSnpEvidence(shape, message);
    seen |= 1;
  }
  shape.Require(seen, 1);
}

ProxyDecryption ReadDecryption(ShapeReader& shape) {
  ProxyDecryption decryption;
  ReadObject(shape.json, Required("epk", [&] { decryption.epk = ReadPoint(shape); }),
             Required("wrapped_cek", [&] { decryption.wrapped_cek = shape.Encoded(kShortBounds); }),
             Required("aad", [&] { decryption.aad = shape.Encoded(kCiphertextBounds); }),
             Required("iv", [&] { decryption.iv = shape.Encoded(kShortBounds); }),
             Required("tag", [&] { decryption.tag = shape.Encoded(kShortBounds); }));
  return decryption;
}

ProxyToken ReadToken(ShapeReader& shape) {
  ProxyToken token;
  ByteView name;
  std::uint32_t seen = 0;
  shape.json.BeginObject();
  while (shape.json.NextMember(name)) {
    if (TextIs(name, "Jwt") && seen == 0) {
      token.kind = ProxyToken::Kind::kJwt;
    } else if (TextIs(name, "Cwt") && seen == 0) {
      token.kind = ProxyToken::Kind::kCwt;
    } else {
      shape.json.Fail(seen == 0 ? Code::kUnsupported : Code::kMalformed);
      break;
    }
    token.text = shape.json.String();
    seen = 1;
  }
  shape.Require(seen, 1);
  return token;
}

// What `read` reads, or nothing for null.
template <typename Read>
auto OrNull(ShapeReader& shape, Read read) -> std::optional<decltype(read())> {
  if (shape.json.TakeNull()) return std::nullopt;
  return read();
}

}  // namespace

Result<std::size_t> FrameBodySize(FixedView<kFrameHeaderSize> header, std::size_t limit) {
  SVSM_ASSIGN_OR_RETURN(const wire::Le64 size, wire::Read<wire::Le64>(header));
  if (size.get() == 0) return Status(Code::kMalformed, Source::kKbs);
  if (size.get() > limit) {
    return Status(Code::kOutOfRange, Source::kKbs, static_cast<std::uint32_t>(limit));
  }
  return static_cast<std::size_t>(size.get());
}

Result<NegotiationRequest> DecodeNegotiationRequest(ByteView body) {
  NegotiationRequest message;
  ShapeReader shape(body, kVariant, {});
  ReadObject(shape.json, Required("version", [&] { message.version = ReadVersion(shape.json); }),
             Required("tee", [&] { ReadTee(shape.json); }));
  SVSM_TRY(shape.Finish());
  return message;
}

Result<NegotiationResponse> DecodeNegotiationResponse(ByteView body, ByteSpan workspace) {
  NegotiationResponse message;
  ShapeReader shape(body, kVariant, workspace);
  ReadObject(shape.json,
             Required("challenge", [&] { message.challenge = shape.Encoded(kChallengeBounds); }),
             Required("params", [&] { ReadParams(shape.json, message); }));
  SVSM_TRY(shape.Finish());
  return message;
}

Result<AttestationRequest> DecodeAttestationRequest(ByteView body, ByteSpan workspace) {
  AttestationRequest message;
  ShapeReader shape(body, kVariant, workspace);
  ReadObject(shape.json, Required("tee", [&] { ReadTee(shape.json); }),
             Required("evidence", [&] { ReadEvidence(shape, message); }),
             Required("challenge", [&] { message.challenge = shape.Encoded(kChallengeBounds); }),
             Required("key", [&] { message.key = ReadPoint(shape); }));
  SVSM_TRY(shape.Finish());
  return message;
}

Result<AttestationResponse> DecodeAttestationResponse(ByteView body, ByteSpan workspace) {
  AttestationResponse message;
  ShapeReader shape(body, kVariant, workspace);
  ReadObject(
      shape.json, Required("success", [&] { message.success = shape.json.Bool(); }),
      Optional("secret",
               [&] {
                 message.secret = OrNull(shape, [&] { return shape.Encoded(kCiphertextBounds); });
               }),
      Optional("decryption",
               [&] { message.decryption = OrNull(shape, [&] { return ReadDecryption(shape); }); }),
      Optional("token", [&] { message.token = OrNull(shape, [&] { return ReadToken(shape); }); }));
  SVSM_TRY(shape.Finish());
  return message;
}

}  // namespace svsm::kbs
