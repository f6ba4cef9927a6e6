#include "svsm/sim/provider.h"

#include "sim/derive.h"
#include "svsm/crypto/openssl.h"

namespace svsm::sim {

Result<Provider> Provider::Make(const ProductLine& line, std::string_view csp_id,
                                crypto::Rng& rng) {
  Provider provider(line, csp_id);
  SVSM_TRY(rng.Generate(provider.seed_.writable()));
  return provider;
}

Status Provider::LoadVlek(const snp::RawTcb& tcb, crypto::EcdsaSigner& signer) const {
  return LoadDerivedKey(seed_, AsBytes("VLEK"), tcb, signer);
}

Result<ByteVector> Provider::IssueVlek(const CertificateAuthority& ca, const snp::RawTcb& tcb,
                                       std::int64_t not_before_unix_s) const {
  constexpr std::size_t kCoordinate = crypto::CoordinateSize(crypto::Curve::kP384);
  if (&ca.line() != line_) return Status(Code::kInvalidArgument, Source::kSim);
  crypto::OpensslEcdsaSigner signer(crypto::Curve::kP384);
  SVSM_TRY(LoadVlek(tcb, signer));
  Bytes<kCoordinate> x{};
  Bytes<kCoordinate> y{};
  SVSM_TRY(signer.PublicKey(x, y));
  return ca.IssueVlek({csp_id_, tcb, {x, y}, not_before_unix_s});
}

}  // namespace svsm::sim
