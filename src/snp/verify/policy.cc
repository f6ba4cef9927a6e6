#include "svsm/snp_verify/policy.h"

namespace svsm::snp {

std::vector<Aspect> NotJudged(const Policy& policy) {
  std::vector<Aspect> out;
  const auto open = [&out](bool is_open, Aspect aspect) {
    if (is_open) out.push_back(aspect);
  };
  open(policy.measurements.empty(), Aspect::kMeasurement);
  open(!policy.vmpl, Aspect::kVmpl);
  open(!policy.report_data, Aspect::kReportData);
  open(policy.minimum_tcb.empty(), Aspect::kMinimumTcb);
  open(policy.crl != CrlRule::kRequired, Aspect::kRevocation);
  open(policy.provisional_firmware == Rule::kAllow, Aspect::kProvisionalFirmware);
  open(policy.chip_ids.empty(), Aspect::kChipIdList);
  open(policy.host_data.empty(), Aspect::kHostData);
  open(policy.id_key_digests.empty(), Aspect::kIdKey);
  open(policy.author_key_digests.empty(), Aspect::kAuthorKey);
  return out;
}

}  // namespace svsm::snp
