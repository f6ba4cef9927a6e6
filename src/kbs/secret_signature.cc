#include "svsm/kbs/secret_signature.h"

#include "kbs/json_bytes.h"
#include "svsm/core/wire.h"

namespace svsm::kbs {
namespace {

constexpr auto kLabel = Ascii("svsm broker secret");

Status BadArgument() { return Status(Code::kInvalidArgument, Source::kKbs); }

bool IsSignerCurve(crypto::Curve curve) {
  return curve == crypto::Curve::kP256 || curve == crypto::Curve::kP384;
}

crypto::Curve ReadCurve(JsonReader& json) {
  const ByteView name = json.String();
  if (TextIs(name, "P-256")) return crypto::Curve::kP256;
  if (json.ok() && !TextIs(name, "P-384")) json.Fail(Code::kUnsupported);
  return crypto::Curve::kP384;
}

struct Found {
  SecretSignature value;
  ByteView signature;
  std::uint32_t members = 0;
};

void ReadMember(ShapeReader& shape, ByteView name, Found& found) {
  constexpr SizeBounds kNumber = {1, 2 * crypto::kMaxCoordinateSize};
  if (TextIs(name, "boot")) {
    const ByteView bytes = shape.Encoded(Exactly(8));
    const Result<wire::Be64> number = wire::Read<wire::Be64>(bytes);
    if (number.ok()) found.value.boot = {number->get()};
    found.members |= 1;
  } else if (TextIs(name, "crv")) {
    found.value.signer.curve = ReadCurve(shape.json);
    found.members |= 2;
  } else if (TextIs(name, "res")) {
    found.value.resource = shape.json.String();
    if (found.value.resource.size() > kMaxResourceSize) shape.json.Fail(Code::kMalformed);
    found.members |= 4;
  } else if (TextIs(name, "sig")) {
    found.signature = shape.Encoded(kNumber);
    found.members |= 8;
  } else if (TextIs(name, "v")) {
    const std::uint64_t version = shape.json.Unsigned();
    if (shape.json.ok() && version != kSecretSignatureVersion) {
      shape.json.Fail(Code::kUnsupported);
    }
    found.members |= 16;
  } else if (TextIs(name, "x")) {
    found.value.signer.point.x = shape.Encoded(kNumber);
    found.members |= 32;
  } else if (TextIs(name, "y")) {
    found.value.signer.point.y = shape.Encoded(kNumber);
    found.members |= 64;
  } else {
    // What is not signed for has no place here.
    shape.json.Fail(Code::kMalformed);
  }
}

bool HasSizes(const SecretSignature& signature) {
  const std::size_t size = crypto::CoordinateSize(signature.signer.curve);
  return signature.signer.point.x.size() == size && signature.signer.point.y.size() == size &&
         signature.signature.r.size() == size && signature.signature.s.size() == size;
}

}  // namespace

Status CheckBootNumber(BootNumber stored, BootNumber released) {
  if (released > stored) return OkStatus();
  return Status(Code::kDataLoss, Source::kKbs);
}

Result<SecretSignature> DecodeSecretSignature(ByteView text, ByteSpan workspace) {
  Found found;
  ShapeReader shape(text, Base64::kUrl, workspace);
  ByteView name;
  shape.json.BeginObject();
  while (shape.json.NextMember(name)) ReadMember(shape, name, found);
  shape.Require(found.members, 127);
  if (shape.json.ok()) {
    const std::size_t half = found.signature.size() / 2;
    found.value.signature = {found.signature.first(half), found.signature.subspan(half)};
    if (!HasSizes(found.value)) shape.json.Fail(Code::kMalformed);
  }
  SVSM_TRY(shape.Finish());
  return found.value;
}

Result<ByteView> EncodeSecretSignature(const SecretSignature& signature, ByteSpan out) {
  if (!IsSignerCurve(signature.signer.curve) || !HasSizes(signature) ||
      signature.resource.size() > kMaxResourceSize) {
    return BadArgument();
  }
  Bytes<2 * crypto::CoordinateSize(crypto::Curve::kP384)> joined{};
  const std::size_t size = signature.signature.r.size();
  Copy(joined, signature.signature.r);
  Copy(ByteSpan(joined).subspan(size), signature.signature.s);
  JsonWriter json(out);
  json.BeginObject();
  json.Key("boot");
  json.Encoded(Base64::kUrl, wire::ToBytes(wire::Be64(signature.boot.value)));
  json.Key("crv");
  json.String(signature.signer.curve == crypto::Curve::kP256 ? "P-256" : "P-384");
  json.Key("res");
  json.String(signature.resource);
  json.Key("sig");
  json.Encoded(Base64::kUrl, ByteView(joined).first(2 * size));
  json.Key("v");
  json.Unsigned(kSecretSignatureVersion);
  json.Key("x");
  json.Encoded(Base64::kUrl, signature.signer.point.x);
  json.Key("y");
  json.Encoded(Base64::kUrl, signature.signer.point.y);
  json.EndObject();
  return json.Finish();
}

Result<Bytes<crypto::kSha384Size>> SecretDigest(const crypto::Hash& sha384,
                                                const SecretContext& context, ByteView resource,
                                                BootNumber boot) {
  if (sha384.algorithm() != crypto::HashAlg::kSha384) return BadArgument();
  Bytes<crypto::kSha384Size> digest{};
  const ByteView sealed[] = {context.encrypted_key, context.iv, context.ciphertext};
  SVSM_TRY(sha384.Digest(sealed, digest));
  const auto number = wire::ToBytes(wire::Be64(boot.value));
  const ByteView parts[] = {context.nonce, context.svsm_key.x,    context.svsm_key.y, context.epk.x,
                            context.epk.y, context.report_digest, resource,           number,
                            digest};
  constexpr std::size_t kNumParts = 9;
  const auto label_size = wire::ToBytes(wire::Be16(static_cast<std::uint16_t>(kLabel.size())));
  const auto version = wire::ToBytes(wire::Be32(kSecretSignatureVersion));
  std::array<Bytes<8>, kNumParts> sizes{};
  std::array<ByteView, 3 + 2 * kNumParts> views = {label_size, kLabel, version};
  for (std::size_t i = 0; i < kNumParts; ++i) {
    sizes[i] = wire::ToBytes(wire::Be64(parts[i].size()));
    views[3 + 2 * i] = sizes[i];
    views[4 + 2 * i] = parts[i];
  }
  Bytes<crypto::kSha384Size> signed_digest{};
  SVSM_TRY(sha384.Digest(views, signed_digest));
  return signed_digest;
}

Status VerifySecret(crypto::EcdsaVerifier& verifier, const crypto::Hash& sha384,
                    const SecretSignature& signature, const SecretContext& context) {
  if (signature.signer.curve != verifier.curve()) {
    return Status(Code::kUnsupported, Source::kKbs);
  }
  SVSM_ASSIGN_OR_RETURN(const auto digest,
                        SecretDigest(sha384, context, signature.resource, signature.boot));
  SVSM_TRY(verifier.SetPublicKey(signature.signer.point));
  const Status status = verifier.Verify(digest, signature.signature);
  return status.code() == Code::kAuthFailed ? Status(Code::kAuthFailed, Source::kKbs) : status;
}

}  // namespace svsm::kbs
