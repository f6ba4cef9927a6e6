#include "svsm/broker/token.h"

#include <algorithm>
#include <utility>

#include "broker/base64_text.h"
#include "broker/token_shape.h"
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/json.h"

namespace svsm::broker {
namespace {

using kbs::Base64;

constexpr std::int64_t kClockLeewaySeconds = 60;
constexpr std::size_t kHalfSize = 32;

Status Fail(Code code) { return Status(code, Source::kBroker); }

Result<Bytes<crypto::kSha256Size>> Sha256(std::string_view text) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<crypto::kSha256Size> digest{};
  SVSM_TRY(sha256.Digest(AsBytes(text), digest));
  return digest;
}

Status VerifySignature(std::span<const PublicKey> keys, std::string_view signed_text,
                       ByteView signature) {
  SVSM_ASSIGN_OR_RETURN(const auto digest, Sha256(signed_text));
  for (const PublicKey& key : keys) {
    if (key.curve != crypto::Curve::kP256) continue;
    crypto::OpensslEcdsaVerifier verifier(key.curve);
    if (!verifier.SetPublicKey({key.x, key.y}).ok()) continue;
    if (verifier.Verify(digest, {signature.first(kHalfSize), signature.subspan(kHalfSize)}).ok()) {
      return OkStatus();
    }
  }
  return Fail(Code::kAuthFailed);
}

}  // namespace

const char* EarStatusName(EarStatus status) {
  switch (status) {
    case EarStatus::kNone:
      return "none";
    case EarStatus::kAffirming:
      return "affirming";
    case EarStatus::kWarning:
      return "warning";
    case EarStatus::kContraindicated:
      return "contraindicated";
  }
  return "?";
}

Result<std::string> IssueToken(const SigningKey& key, const TokenClaims& claims,
                               EarSpelling spelling) {
  if (key.public_key().curve != crypto::Curve::kP256) return Fail(Code::kUnsupported);
  SVSM_ASSIGN_OR_RETURN(const std::string header, WriteTokenHeader(key));
  SVSM_ASSIGN_OR_RETURN(const std::string payload, WriteTokenClaims(claims, spelling));
  std::string token =
      ToBase64(Base64::kUrl, AsBytes(header)) + '.' + ToBase64(Base64::kUrl, AsBytes(payload));
  SVSM_ASSIGN_OR_RETURN(const auto digest, Sha256(token));
  SVSM_ASSIGN_OR_RETURN(const SignatureBytes signature, key.Sign(digest));
  ByteVector both = signature.r;
  both.insert(both.end(), signature.s.begin(), signature.s.end());
  token += '.' + ToBase64(Base64::kUrl, both);
  if (token.size() > kMaxTokenSize) {
    return Status(Code::kOutOfRange, Source::kBroker, static_cast<std::uint32_t>(kMaxTokenSize));
  }
  return token;
}

Result<TokenClaims> VerifyToken(std::string_view token, std::span<const PublicKey> keys,
                                std::int64_t now_unix) {
  if (token.size() > kMaxTokenSize) return Fail(Code::kOutOfRange);
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return Fail(Code::kMalformed);
  const Result<ByteVector> header = FromBase64(Base64::kUrl, token.substr(0, first));
  const Result<ByteVector> payload =
      FromBase64(Base64::kUrl, token.substr(first + 1, last - first - 1));
  const Result<ByteVector> signature = FromBase64(Base64::kUrl, token.substr(last + 1));
  if (!header.ok() || !payload.ok() || !signature.ok() || signature->size() != 2 * kHalfSize) {
    return Fail(Code::kMalformed);
  }
  SVSM_TRY(CheckTokenHeader(*header));
  SVSM_TRY(VerifySignature(keys, token.substr(0, last), *signature));
  SVSM_ASSIGN_OR_RETURN(TokenClaims claims, ReadTokenClaims(*payload));
  if (claims.expires_at <= now_unix || claims.issued_at > now_unix + kClockLeewaySeconds) {
    return Fail(Code::kPermissionDenied);
  }
  return claims;
}

Result<std::string> TeeKeyOf(const TokenClaims& claims) {
  if (claims.evidence.empty()) return Fail(Code::kNotFound);
  std::string key;
  kbs::JsonReader json(AsBytes(claims.evidence));
  ByteView name;
  json.BeginObject();
  while (json.NextMember(name)) {
    if (!kbs::TextIs(name, "runtime_data_claims") ||
        json.Peek() != kbs::JsonReader::Type::kObject) {
      json.Skip();
      continue;
    }
    ByteView inner;
    json.BeginObject();
    while (json.NextMember(inner)) {
      const ByteView value = json.Raw();
      if (kbs::TextIs(inner, "tee-pubkey")) key = ToText(value);
    }
  }
  if (!json.Finish().ok()) return Fail(Code::kMalformed);
  if (key.empty()) return Fail(Code::kNotFound);
  return key;
}

}  // namespace svsm::broker
