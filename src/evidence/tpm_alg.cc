#include "svsm/evidence/tpm_alg.h"

namespace svsm::evidence {

std::size_t TpmDigestSize(TpmAlg hash) {
  const Result<crypto::HashAlg> alg = ToHashAlg(hash);
  return alg.ok() ? crypto::DigestSize(*alg) : 0;
}

Result<crypto::HashAlg> ToHashAlg(TpmAlg hash) {
  switch (hash) {
    case TpmAlg::kSha1:
      return crypto::HashAlg::kSha1;
    case TpmAlg::kSha256:
      return crypto::HashAlg::kSha256;
    case TpmAlg::kSha384:
      return crypto::HashAlg::kSha384;
    case TpmAlg::kSha512:
      return crypto::HashAlg::kSha512;
    default:
      return Status(Code::kUnsupported, Source::kEvidence, static_cast<std::uint32_t>(hash));
  }
}

Result<crypto::Curve> ToCurve(TpmCurve curve) {
  switch (curve) {
    case TpmCurve::kNistP256:
      return crypto::Curve::kP256;
    case TpmCurve::kNistP384:
      return crypto::Curve::kP384;
    case TpmCurve::kNistP521:
      return crypto::Curve::kP521;
    default:
      return Status(Code::kUnsupported, Source::kEvidence, static_cast<std::uint32_t>(curve));
  }
}

TpmAlg ToTpmAlg(crypto::HashAlg hash) {
  switch (hash) {
    case crypto::HashAlg::kSha1:
      return TpmAlg::kSha1;
    case crypto::HashAlg::kSha256:
      return TpmAlg::kSha256;
    case crypto::HashAlg::kSha384:
      return TpmAlg::kSha384;
    case crypto::HashAlg::kSha512:
      return TpmAlg::kSha512;
    case crypto::HashAlg::kSha3_256:
      return TpmAlg::kSha3_256;
    case crypto::HashAlg::kSha3_384:
      return TpmAlg::kSha3_384;
    case crypto::HashAlg::kSha3_512:
      return TpmAlg::kSha3_512;
    case crypto::HashAlg::kSm3:
      return TpmAlg::kSm3;
  }
  return TpmAlg::kError;
}

}  // namespace svsm::evidence
