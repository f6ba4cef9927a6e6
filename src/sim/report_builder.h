#ifndef SVSM_SIM_REPORT_BUILDER_H_
#define SVSM_SIM_REPORT_BUILDER_H_

#include "sim/guest.h"
#include "svsm/core/result.h"

namespace svsm::sim {

// A report about a guest, signed by the chip's VCEK for the reported TCB unless the chip key is
// masked. `vmpl` may be snp::kHostVmpl. Errors: those of the crypto backend.
Result<Bytes<snp::kReportSize>> BuildReport(const GuestFacts& guest, const PlatformState& platform,
                                            const Chip& chip, std::uint32_t vmpl,
                                            FixedView<64> report_data);

}  // namespace svsm::sim

#endif  // SVSM_SIM_REPORT_BUILDER_H_
