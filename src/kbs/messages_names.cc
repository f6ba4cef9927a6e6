// The small texts around the bodies: versions, nonces, keys, errors, resources, cookies.
#include "svsm/kbs/json.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs/secret_signature.h"

namespace svsm::kbs {
namespace {

Status Malformed(std::size_t offset) {
  return Status(Code::kMalformed, Source::kKbs, static_cast<std::uint32_t>(offset));
}

bool IsDigit(std::uint8_t c) { return c >= '0' && c <= '9'; }
bool IsAlphanumeric(std::uint8_t c) {
  return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Takes "0" or digits that begin with another.
bool TakeNumber(ByteView text, std::size_t& at) {
  const std::size_t start = at;
  while (at < text.size() && IsDigit(text[at])) ++at;
  return at > start && (text[start] != '0' || at == start + 1);
}

// Takes what follows '-' or '+' in a semantic version.
bool TakeIdentifiers(ByteView text, std::size_t& at) {
  const std::size_t start = ++at;
  while (at < text.size() && (IsAlphanumeric(text[at]) || text[at] == '-' || text[at] == '.')) {
    const bool after_dot = at == start || text[at - 1] == '.';
    if (text[at] == '.' && after_dot) return false;
    ++at;
  }
  return at > start && text[at - 1] != '.';
}

bool IsNameCharacter(std::uint8_t c) { return IsAlphanumeric(c) || c == '_' || c == '-'; }

}  // namespace

Status CheckKbsVersion(ByteView version) {
  std::size_t at = 0;
  for (int part = 0; part < 3; ++part) {
    if (part > 0) {
      if (at == version.size() || version[at] != '.') return Malformed(at);
      ++at;
    }
    if (!TakeNumber(version, at)) return Malformed(at);
  }
  bool ours = Equal(version.first(at), kKbsVersion);
  if (at < version.size() && version[at] == '-') {
    ours = false;
    if (!TakeIdentifiers(version, at)) return Malformed(at);
  }
  if (at < version.size() && version[at] == '+') {
    if (!TakeIdentifiers(version, at)) return Malformed(at);
  }
  if (at != version.size()) return Malformed(at);
  return ours ? OkStatus() : Status(Code::kUnsupported, Source::kKbs);
}

Result<ByteView> DecodeNonce(ByteView text, FixedSpan<kMaxNonceSize> out) {
  if (text.size() > kMaxNonceText) return Malformed(text.size());
  SVSM_ASSIGN_OR_RETURN(const ByteView nonce, DecodeBase64(Base64::kStandard, text, out));
  if (nonce.size() < kMinNonceSize) return Malformed(text.size());
  return nonce;
}

Result<EcJwk> EcKeyOf(const TeeKey& key, ByteSpan workspace) {
  const bool ec = key.type == TeeKey::Type::kEc && TextIs(key.alg, "ECDH-ES+A256KW");
  if (!ec || (!TextIs(key.crv, "P-256") && !TextIs(key.crv, "P-521"))) {
    return Status(Code::kUnsupported, Source::kKbs);
  }
  EcJwk jwk;
  jwk.curve = TextIs(key.crv, "P-256") ? crypto::Curve::kP256 : crypto::Curve::kP521;
  SVSM_ASSIGN_OR_RETURN(jwk.point.x, DecodeBase64(Base64::kUrl, key.x, workspace));
  SVSM_ASSIGN_OR_RETURN(jwk.point.y,
                        DecodeBase64(Base64::kUrl, key.y, workspace.subspan(jwk.point.x.size())));
  const std::size_t size = crypto::CoordinateSize(jwk.curve);
  if (jwk.point.x.size() != size) return Malformed(key.x.size());
  if (jwk.point.y.size() != size) return Malformed(key.y.size());
  return jwk;
}

Result<TeeKey> TeeKeyOf(const EcJwk& key, ByteSpan workspace) {
  static constexpr auto kAlg = Ascii("ECDH-ES+A256KW");
  static constexpr auto kP256 = Ascii("P-256");
  static constexpr auto kP521 = Ascii("P-521");
  if (key.curve == crypto::Curve::kP384) return Status(Code::kUnsupported, Source::kKbs);
  const std::size_t size = crypto::CoordinateSize(key.curve);
  if (key.point.x.size() != size || key.point.y.size() != size) {
    return Status(Code::kInvalidArgument, Source::kKbs, static_cast<std::uint32_t>(size));
  }
  const std::size_t text_size = EncodedSize(Base64::kUrl, size);
  if (workspace.size() < 2 * text_size) {
    return Status(Code::kBufferTooSmall, Source::kKbs, static_cast<std::uint32_t>(2 * text_size));
  }
  TeeKey out;
  out.alg = kAlg;
  out.crv = key.curve == crypto::Curve::kP256 ? ByteView(kP256) : ByteView(kP521);
  SVSM_ASSIGN_OR_RETURN(out.x, EncodeBase64(Base64::kUrl, key.point.x, workspace));
  SVSM_ASSIGN_OR_RETURN(out.y,
                        EncodeBase64(Base64::kUrl, key.point.y, workspace.subspan(text_size)));
  return out;
}

const char* KbsErrorName(KbsError error) {
  switch (error) {
    case KbsError::kOther:
      return "Other";
    case KbsError::kAdminAuthInitialization:
      return "AdminAuthInitialization";
    case KbsError::kAttestationError:
      return "AttestationError";
    case KbsError::kInvalidRequestPath:
      return "InvalidRequestPath";
    case KbsError::kJweError:
      return "JweError";
    case KbsError::kParsePolicyError:
      return "ParsePolicyError";
    case KbsError::kPluginInternalError:
      return "PluginInternalError";
    case KbsError::kPluginNotFound:
      return "PluginNotFound";
    case KbsError::kPolicyDeny:
      return "PolicyDeny";
    case KbsError::kPolicyEngineError:
      return "PolicyEngineError";
    case KbsError::kRvpsError:
      return "RvpsError";
    case KbsError::kTokenNotFound:
      return "TokenNotFound";
    case KbsError::kTokenVerifierError:
      return "TokenVerifierError";
  }
  return "Other";
}

Result<ResourceName> ParseResourceName(ByteView text) {
  if (text.size() > kMaxResourceSize) {
    return Status(Code::kOutOfRange, Source::kKbs, static_cast<std::uint32_t>(kMaxResourceSize));
  }
  ByteView parts[3];
  std::size_t at = 0;
  for (std::size_t part = 0; part < 3; ++part) {
    if (part > 0) {
      if (at == text.size() || text[at] != '/') return Malformed(at);
      ++at;
    }
    const std::size_t start = at;
    while (at < text.size() && (IsNameCharacter(text[at]) || (at > start && text[at] == '.'))) {
      ++at;
    }
    if (at == start) return Malformed(at);
    parts[part] = text.subspan(start, at - start);
  }
  if (at != text.size()) return Malformed(at);
  return ResourceName{.repository = parts[0], .type = parts[1], .tag = parts[2]};
}

ByteView SessionOfCookie(ByteView header) {
  while (!header.empty()) {
    std::size_t end = 0;
    while (end < header.size() && header[end] != ';') ++end;
    const ByteView pair = header.first(end);
    if (pair.size() > kSessionCookie.size() && pair[kSessionCookie.size()] == '=' &&
        Equal(pair.first(kSessionCookie.size()), kSessionCookie)) {
      return pair.subspan(kSessionCookie.size() + 1);
    }
    header = header.subspan(end < header.size() ? end + 1 : end);
    while (!header.empty() && header[0] == ' ') header = header.subspan(1);
  }
  return {};
}

ByteView CookieOfSetCookie(ByteView header) {
  std::size_t end = 0;
  std::size_t name = 0;
  while (end < header.size() && header[end] != ';') {
    const std::uint8_t c = header[end];
    if (c <= 0x20 || c >= 0x7f || c == ',' || c == '"' || c == '\\') return {};
    if (c == '=' && name == 0) name = end;
    ++end;
  }
  return name == 0 ? ByteView() : header.first(end);
}

}  // namespace svsm::kbs
