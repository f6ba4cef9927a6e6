#include "svsm/sim/chip.h"

#include <cstdint>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"

namespace svsm::sim {

namespace {

constexpr std::size_t kScalarSize = crypto::CoordinateSize(crypto::Curve::kP384);

// HMAC-SHA-384(secret, label || 0x00 || context || counter).
Status Derive(const Secret<32>& secret, ByteView label, ByteView context, std::uint8_t counter,
              FixedSpan<crypto::kSha384Size> out) {
  const std::uint8_t separator = 0;
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha384);
  SVSM_TRY(hmac.SetKey(secret.view()));
  const ByteView parts[] = {label, {&separator, 1}, context, {&counter, 1}};
  return hmac.Compute(parts, out);
}

}  // namespace

Result<Chip> Chip::Make(const ProductLine& line, crypto::Rng& rng) {
  Chip chip(line);
  SVSM_TRY(rng.Generate(ByteSpan(chip.chip_id_).first(line.hwid_size)));
  SVSM_TRY(rng.Generate(chip.secret_.writable()));
  return chip;
}

Status Chip::LoadVcek(const snp::RawTcb& tcb, crypto::EcdsaSigner& signer) const {
  if (signer.curve() != crypto::Curve::kP384) {
    return Status(Code::kInvalidArgument, Source::kSim);
  }
  Secret<kScalarSize> scalar;
  // A scalar that is not below the group's order is as good as never drawn.
  Status status(Code::kMalformed, Source::kSim);
  for (std::uint8_t counter = 0; status.code() == Code::kMalformed && counter < 8; ++counter) {
    SVSM_TRY(Derive(secret_, AsBytes("VCEK"), tcb, counter, scalar.writable()));
    status = signer.SetPrivateKey(scalar.view());
  }
  return status;
}

Result<ByteVector> Chip::IssueVcek(const CertificateAuthority& ca, const snp::RawTcb& tcb,
                                   std::int64_t not_before_unix_s) const {
  if (&ca.line() != line_) return Status(Code::kInvalidArgument, Source::kSim);
  crypto::OpensslEcdsaSigner signer(crypto::Curve::kP384);
  SVSM_TRY(LoadVcek(tcb, signer));
  Bytes<kScalarSize> x{};
  Bytes<kScalarSize> y{};
  SVSM_TRY(signer.PublicKey(x, y));
  return ca.IssueVcek({hwid(), tcb, {x, y}, not_before_unix_s});
}

Status Chip::DeriveSecret(ByteView context, FixedSpan<32> out) const {
  Secret<crypto::kSha384Size> derived;
  const Status status = Derive(secret_, AsBytes("derived key"), context, 0, derived.writable());
  Copy(out, derived.view().first<32>());
  return status;
}

}  // namespace svsm::sim
