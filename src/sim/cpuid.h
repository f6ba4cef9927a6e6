// What CPUID says on a simulated processor, as far as the AMD-SP checks it.
#ifndef SVSM_SIM_CPUID_H_
#define SVSM_SIM_CPUID_H_

#include <cstdint>
#include <span>

#include "svsm/sim/product_line.h"
#include "svsm/snp/cpuid_table.h"

namespace svsm::sim {

// Family, model and stepping as CPUID leaf 1 EAX packs them.
std::uint32_t PackCpuid(const ProductLine& line);

// Makes `functions` say what the processor has, where they claim otherwise; leaves that are not
// checked stay as they are. Whether anything changed.
bool CorrectCpuid(const ProductLine& line, std::span<snp::CpuidFunction> functions);

}  // namespace svsm::sim

#endif  // SVSM_SIM_CPUID_H_
