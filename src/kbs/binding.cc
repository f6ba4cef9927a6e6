#include "svsm/kbs/binding.h"

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
  if (!AreCoordinates(input.key)) return BadArgument(kProxyCoordinateSize);
  if (!IsNonce(input.nonce)) return BadArgument(kMaxChallengeSize);
  if (input.boot_context.size() > kMaxBootContextSize) return BadArgument(kMaxBootContextSize);
  const ByteView parts[] = {input.key.x, input.key.y, input.nonce, input.boot_context};
  return evidence::OwnReportData(evidence::OwnKind::kBrokerBinding, sha384, parts);
}

}  // namespace

Result<evidence::ReportData> BindingReportData(BindingMode mode, const crypto::Hash& hash,
                                               const BindingInput& input) {
  const bool own = mode == BindingMode::kOwn;
  if (hash.algorithm() != (own ? crypto::HashAlg::kSha384 : crypto::HashAlg::kSha512)) {
    return BadArgument(0);
  }
  if (own) return OwnBinding(hash, input);
  if (!input.boot_context.empty()) return BadArgument(kMaxBootContextSize);
  if (input.key.x.size() != kProxyCoordinateSize || input.key.y.size() != kProxyCoordinateSize) {
    return BadArgument(kProxyCoordinateSize);
  }
  if (!IsNonce(input.nonce)) return BadArgument(kMaxChallengeSize);
  return evidence::BrokerKeyReportData(hash, input.key.x, input.key.y, input.nonce);
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
