// Decodes a report and checks what a decoded one promises.
#include <cstddef>
#include <cstdint>

#include "svsm/core/panic.h"
#include "svsm/snp/report.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace svsm;
  const ByteView in(data, size);
  const Result<snp::UnverifiedReport> report = snp::DecodeReport(in);
  if (!report.ok()) return 0;
  SVSM_CHECK(Equal(report->signed_bytes(), in.first(snp::kReportBodySize)));
  const snp::ReportSignature signature =
      snp::EncodeReportSignature(report->signature_r(), report->signature_s());
  SVSM_CHECK(Equal(wire::ToBytes(signature), in.subspan(snp::kReportBodySize)));
  SVSM_CHECK(report->made_by_host() || report->vmpl().value() < kNumVmpls);
  SVSM_CHECK((report->policy() & snp::guest_policy::kMustBeOne) != 0);
  const Result<snp::Product> product = report->product();
  if (!product.ok()) return 0;
  const Result<snp::ReportTcbs> tcbs = snp::DecodeReportTcbs(*report, *product);
  if (!tcbs.ok()) return 0;
  SVSM_CHECK(snp::EncodeTcb(tcbs->reported) == report->reported_tcb());
  SVSM_CHECK(snp::AtLeast(tcbs->current, tcbs->current));
  return 0;
}
