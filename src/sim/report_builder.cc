#include "sim/report_builder.h"

#include "svsm/crypto/openssl.h"

namespace svsm::sim {

namespace {

std::uint32_t KeyInfo(snp::SigningKey key) {
  return static_cast<std::uint32_t>(key) << snp::key_info::kSigningKeyShift;
}

void FillPlatform(snp::ReportBody& body, const PlatformState& platform,
                  const ReportSigner& signer) {
  const Chip& chip = signer.chip;
  body.current_tcb = platform.current_tcb;
  body.reported_tcb = platform.reported_tcb;
  body.committed_tcb = platform.committed_tcb;
  body.platform_info = platform.platform_info;
  body.current_build = platform.current_version.build;
  body.current_minor = platform.current_version.minor;
  body.current_major = platform.current_version.major;
  body.committed_build = platform.committed_version.build;
  body.committed_minor = platform.committed_version.minor;
  body.committed_major = platform.committed_version.major;
  if (platform.report_version >= 3) {
    body.cpuid_family = chip.line().family;
    body.cpuid_model = chip.line().model;
    body.cpuid_stepping = chip.line().stepping;
  }
  if (platform.mask_chip_id == Masking::kOff) body.chip_id = chip.chip_id();
  if (platform.report_version >= 5) body.current_mit_vector = platform.mit_vector;
  if (platform.mask_chip_key == Masking::kOn) {
    body.key_info = snp::key_info::kMaskChipKey | KeyInfo(snp::SigningKey::kNone);
  } else if (signer.vlek != nullptr) {
    body.key_info = KeyInfo(snp::SigningKey::kVlek);
  }
}

void FillGuest(snp::ReportBody& body, const GuestFacts& guest) {
  body.guest_svn = guest.guest_svn;
  body.policy = guest.policy;
  body.family_id = guest.family_id;
  body.image_id = guest.image_id;
  body.measurement = guest.measurement;
  body.host_data = guest.host_data;
  body.report_id = guest.report_id;
  body.id_key_digest = guest.id_key_digest;
  body.author_key_digest = guest.author_key_digest;
  Fill(body.report_id_ma, 0xFF);  // there is no migration agent
  body.launch_tcb = guest.launch_tcb;
  if (body.version.get() >= 5) body.launch_mit_vector = guest.launch_mit_vector;
}

Result<snp::ReportSignature> Sign(const snp::ReportBody& body, const ReportSigner& with) {
  crypto::OpensslEcdsaSigner signer(crypto::Curve::kP384);
  SVSM_TRY(with.vlek != nullptr ? with.vlek->LoadVlek(body.reported_tcb, signer)
                                : with.chip.LoadVcek(body.reported_tcb, signer));
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  Bytes<crypto::kSha384Size> digest{};
  const auto signed_bytes = wire::ToBytes(body);
  SVSM_TRY(sha384.Digest(ByteView(signed_bytes), digest));
  Bytes<snp::kScalarSize> r{};
  Bytes<snp::kScalarSize> s{};
  SVSM_TRY(signer.Sign(digest, r, s));
  return snp::EncodeReportSignature(r, s);
}

}  // namespace

Result<Bytes<snp::kReportSize>> BuildReport(const GuestFacts& guest, const PlatformState& platform,
                                            const ReportSigner& signer, std::uint32_t vmpl,
                                            FixedView<64> report_data) {
  snp::ReportLayout report{};
  report.body.version = platform.report_version;
  report.body.vmpl = vmpl;
  report.body.signature_algo = snp::kSignatureEcdsaP384Sha384;
  Copy(report.body.report_data, report_data);
  FillGuest(report.body, guest);
  FillPlatform(report.body, platform, signer);
  if (guest.has_author_key) {
    report.body.key_info = report.body.key_info.get() | snp::key_info::kAuthorKeyEnabled;
  }
  if (platform.mask_chip_key == Masking::kOff) {
    SVSM_ASSIGN_OR_RETURN(report.signature, Sign(report.body, signer));
  }
  return wire::ToBytes(report);
}

}  // namespace svsm::sim
