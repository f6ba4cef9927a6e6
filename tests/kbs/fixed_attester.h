// An Attester whose report is given, or made of REPORT_DATA alone.
#ifndef TESTS_KBS_FIXED_ATTESTER_H_
#define TESTS_KBS_FIXED_ATTESTER_H_

#include "svsm/core/attester.h"
#include "svsm/core/hosted.h"

namespace svsm::kbs {

class FixedAttester final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {.report_bytes = report.size()}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan out,
                                  ByteSpan) override {
    if (!status.ok()) return status;
    asked = ToVector(report_data);
    Copy(out, report);
    return Sizes();
  }
  ByteVector report = ByteVector(1184, 0x77);
  ByteVector asked;
  Status status;
};

}  // namespace svsm::kbs

#endif  // TESTS_KBS_FIXED_ATTESTER_H_
