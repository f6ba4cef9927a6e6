#ifndef SVSM_SIM_REPORT_BUILDER_H_
#define SVSM_SIM_REPORT_BUILDER_H_

#include "sim/guest.h"
#include "svsm/core/result.h"

namespace svsm::sim {

// Whose key signs: the provider's VLEK, or without one the chip's VCEK.
struct ReportSigner {
  const Chip& chip;
  const Provider* vlek;
};

// A report about a guest, signed for the reported TCB unless the chip key is masked. `vmpl` may be
// snp::kHostVmpl. Errors: those of the crypto backend.
Result<Bytes<snp::kReportSize>> BuildReport(const GuestFacts& guest, const PlatformState& platform,
                                            const ReportSigner& signer, std::uint32_t vmpl,
                                            FixedView<64> report_data);

}  // namespace svsm::sim

#endif  // SVSM_SIM_REPORT_BUILDER_H_
