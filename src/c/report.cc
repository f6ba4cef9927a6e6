#include "svsm/c/report.h"

#include "c/bridge.h"
#include "svsm/crypto/bearssl.h"
#include "svsm/evidence/report_data.h"
#include "svsm/snp/report.h"

namespace svsm::c {
namespace {

static_assert(SVSM_REPORT_SIZE == snp::kReportSize);
static_assert(SVSM_HOST_VMPL == snp::kHostVmpl);

void Fill(const snp::UnverifiedReport& in, svsm_report& out) {
  out.version = in.version();
  out.guest_svn = in.guest_svn();
  out.policy = in.policy();
  out.platform_info = in.platform_info();
  out.vmpl = in.vmpl().value();
  out.is_signed = in.is_signed() ? 1 : 0;
  Copy(out.family_id, in.family_id());
  Copy(out.image_id, in.image_id());
  Copy(out.report_data, in.report_data());
  Copy(out.measurement, in.measurement());
  Copy(out.host_data, in.host_data());
  Copy(out.id_key_digest, in.id_key_digest());
  Copy(out.author_key_digest, in.author_key_digest());
  Copy(out.report_id, in.report_id());
  Copy(out.chip_id, in.chip_id());
  Copy(out.current_tcb, in.current_tcb());
  Copy(out.reported_tcb, in.reported_tcb());
  Copy(out.committed_tcb, in.committed_tcb());
  Copy(out.launch_tcb, in.launch_tcb());
}

}  // namespace
}  // namespace svsm::c

svsm_status svsm_report_parse(const std::uint8_t* bytes, std::size_t size, svsm_report* report) {
  *report = svsm_report();
  const svsm::Result<svsm::snp::UnverifiedReport> parsed = svsm::snp::DecodeReport({bytes, size});
  if (parsed.ok()) svsm::c::Fill(*parsed, *report);
  return svsm::c::ToC(parsed.status());
}

svsm_status svsm_service_report_data(const std::uint8_t nonce[64], const std::uint8_t* manifest,
                                     std::size_t manifest_size, std::uint8_t out[64]) {
  const svsm::crypto::BearsslHash sha512(svsm::crypto::HashAlg::kSha512);
  const auto data = svsm::evidence::ServiceManifestReportData(sha512, svsm::c::View<64>(nonce),
                                                              {manifest, manifest_size});
  if (data.ok()) svsm::Copy(svsm::c::Span<64>(out), *data);
  return svsm::c::ToC(data.status());
}
