// svsm/snp/vmsa.h: the register state that a VMM gives a vCPU at launch, as the launch digest sees
// it.
//
// Each VMM fills the VMSA a little differently, and the digest covers every byte. A profile names
// the VMM; where its versions differ, each is a profile of its own.
//
//   BuildVmsa({VmsaProfile::kQemu, CpuSignature(25, 1, 1), 1}, kResetAddress, page);
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: AMD APM volume 2, table B-4; the values are those of the VMMs.
#ifndef SVSM_SNP_VMSA_H_
#define SVSM_SNP_VMSA_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/strong.h"

namespace svsm::snp {

// Where x86 begins: the boot vCPU's CS base and IP together.
inline constexpr std::uint32_t kResetAddress = 0xFFFFFFF0;

enum class VmsaProfile : std::uint8_t {
  kQemu,        // on KVM with KVM_SEV_INIT2 (Linux 6.10): MXCSR and x87 control word are set
  kQemuLegacy,  // on older KVM: both are zero
  kEc2,         // Amazon EC2, RDX = 600h
  kEc2RdxZero,  // Amazon EC2, RDX = 0; tools differ, and neither was checked on the hardware
  kGce,         // Google Compute Engine: PAT of its own, RDX = 600h
  kKrun,        // libkrun
  kSvsmQemu     // COCONUT's QEMU before IGVM: flat 32-bit state at the SVSM's entry point
};

struct VmsaParameters {
  VmsaProfile profile = VmsaProfile::kQemu;
  std::uint32_t cpu_signature = 0;   // QEMU profiles put it into RDX
  std::uint64_t guest_features = 1;  // SEV_FEATURES; bit 0 is SNP active
};

// Writes the VMSA of a vCPU that starts at `entry`: for kSvsmQemu the entry point itself, otherwise
// CS base in the upper 16 bits and IP in the lower.
void BuildVmsa(const VmsaParameters& parameters, std::uint32_t entry, FixedSpan<kPageSize> page);

// CPUID Fn0000_0001_EAX of a family, model and stepping; each is cut to the bits that it has there.
// Spec: AMD 25481.
constexpr std::uint32_t CpuSignature(std::uint32_t family, std::uint32_t model,
                                     std::uint32_t stepping) {
  const std::uint32_t base_family = family > 0xF ? 0xF : family;
  const std::uint32_t extended_family = family > 0xF ? (family - 0xF) & 0xFF : 0;
  return extended_family << 20 | ((model >> 4) & 0xF) << 16 | base_family << 8 |
         (model & 0xF) << 4 | (stepping & 0xF);
}

// QEMU's names of AMD's server CPUs.
struct CpuModel {
  const char* name;
  std::uint32_t signature;
};
std::span<const CpuModel> CpuModels();

}  // namespace svsm::snp

#endif  // SVSM_SNP_VMSA_H_
