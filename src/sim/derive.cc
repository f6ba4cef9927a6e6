#include "sim/derive.h"

#include "svsm/crypto/openssl.h"

namespace svsm::sim {

Status DeriveFromSecret(const Secret<32>& secret, ByteView label, ByteView context,
                        std::uint8_t counter, FixedSpan<crypto::kSha384Size> out) {
  const std::uint8_t separator = 0;
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha384);
  SVSM_TRY(hmac.SetKey(secret.view()));
  const ByteView parts[] = {label, {&separator, 1}, context, {&counter, 1}};
  return hmac.Compute(parts, out);
}

Status LoadDerivedKey(const Secret<32>& secret, ByteView label, ByteView context,
                      crypto::EcdsaSigner& signer) {
  if (signer.curve() != crypto::Curve::kP384) {
    return Status(Code::kInvalidArgument, Source::kSim);
  }
  Secret<crypto::CoordinateSize(crypto::Curve::kP384)> scalar;
  // A scalar that is not below the group's order is as good as never drawn.
  Status status(Code::kMalformed, Source::kSim);
  for (std::uint8_t counter = 0; status.code() == Code::kMalformed && counter < 8; ++counter) {
    SVSM_TRY(DeriveFromSecret(secret, label, context, counter, scalar.writable()));
    status = signer.SetPrivateKey(scalar.view());
  }
  return status;
}

}  // namespace svsm::sim
