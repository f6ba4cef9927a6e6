#include "svsm/kbs/binding.h"

#include "svsm/kbs/runtime_data.h"

namespace svsm::kbs {
namespace {

Status BadArgument(std::size_t detail) {
  return Status(Code::kInvalidArgument, Source::kKbs, static_cast<std::uint32_t>(detail));
}

bool AreCoordinates(crypto::EcPointView key) {
  const std::size_t size = key.x.size();
  return key.y.size() == size && (size == crypto::CoordinateSize(crypto::Curve::kP256) ||
                                  size == crypto::CoordinateSize(crypto::Curve::kP521));
}

bool IsNonce(ByteView nonce) {
  return nonce.size() >= kMinChallengeSize && nonce.size() <= kMaxChallengeSize;
}

Result<evidence::ReportData> OwnBinding(const crypto::Hash& sha384, const BindingInput& input) {
  const ByteView parts[] = {input.key.x, input.key.y, input.nonce, input.boot_context};
  return evidence::OwnReportData(evidence::OwnKind::kBrokerBinding, sha384, parts);
}

Result<evidence::ReportData> ProxyBinding(const crypto::Hash& sha512, const BindingInput& input) {
  if (input.key.x.size() != kProxyCoordinateSize || input.key.y.size() != kProxyCoordinateSize) {
    return BadArgument(kProxyCoordinateSize);
  }
  return evidence::BrokerKeyReportData(sha512, input.key.x, input.key.y, input.nonce);
}

Result<evidence::ReportData> TrusteeBinding(const crypto::Hash& sha384, const BindingInput& input) {
  const bool p521 = input.key.x.size() == kProxyCoordinateSize;
  Bytes<kTeeKeyTextSize> key_texts{};
  Bytes<kMaxNonceText> nonce_text{};
  Bytes<kEcRuntimeDataSize> text{};
  SVSM_ASSIGN_OR_RETURN(
      const TeeKey key,
      TeeKeyOf({p521 ? crypto::Curve::kP521 : crypto::Curve::kP256, input.key}, key_texts));
  SVSM_ASSIGN_OR_RETURN(const ByteView nonce,
                        EncodeBase64(Base64::kStandard, input.nonce, nonce_text));
  SVSM_ASSIGN_OR_RETURN(const ByteView json, EncodeRuntimeData({.nonce = nonce, .key = key}, text));
  return evidence::RuntimeReportData(sha384, json);
}

}  // namespace

Result<evidence::ReportData> BindingReportData(BindingMode mode, const crypto::Hash& hash,
                                               const BindingInput& input) {
  const bool proxy = mode == BindingMode::kProxyCompatible;
  if (hash.algorithm() != (proxy ? crypto::HashAlg::kSha512 : crypto::HashAlg::kSha384)) {
    return BadArgument(0);
  }
  if (!AreCoordinates(input.key)) return BadArgument(kProxyCoordinateSize);
  if (!IsNonce(input.nonce)) return BadArgument(kMaxChallengeSize);
  const std::size_t context_limit = mode == BindingMode::kOwn ? kMaxBootContextSize : 0;
  if (input.boot_context.size() > context_limit) return BadArgument(kMaxBootContextSize);
  switch (mode) {
    case BindingMode::kOwn:
      return OwnBinding(hash, input);
    case BindingMode::kProxyCompatible:
      return ProxyBinding(hash, input);
    case BindingMode::kTrustee:
      return TrusteeBinding(hash, input);
  }
  return BadArgument(0);
}

Status CheckBindingParams(const NegotiationResponse& negotiated) {
  const bool expected = negotiated.num_params == 2 &&
                        negotiated.params[0] == BindingParam::kEcPublicKeyBytes &&
                        negotiated.params[1] == BindingParam::kChallenge;
  if (expected) return OkStatus();
  return Status(Code::kUnsupported, Source::kKbs,
                static_cast<std::uint32_t>(negotiated.num_params));
}

}  // namespace svsm::kbs
