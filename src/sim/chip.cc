#include "svsm/sim/chip.h"

#include <cstdint>

#include "sim/derive.h"
#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"

namespace svsm::sim {

namespace {

constexpr std::size_t kScalarSize = crypto::CoordinateSize(crypto::Curve::kP384);

}  // namespace

Result<Chip> Chip::Make(const ProductLine& line, crypto::Rng& rng) {
  Chip chip(line);
  SVSM_TRY(rng.Generate(ByteSpan(chip.chip_id_).first(line.hwid_size)));
  SVSM_TRY(rng.Generate(chip.secret_.writable()));
  return chip;
}

Status Chip::LoadVcek(const snp::RawTcb& tcb, crypto::EcdsaSigner& signer) const {
  return LoadDerivedKey(secret_, AsBytes("VCEK"), tcb, signer);
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
  const Status status =
      DeriveFromSecret(secret_, AsBytes("derived key"), context, 0, derived.writable());
  Copy(out, derived.view().first<32>());
  return status;
}

}  // namespace svsm::sim
