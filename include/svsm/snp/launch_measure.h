// svsm/snp/launch_measure.h: the launch digest that a VMM will cause, computed from its inputs.
//
//   SVSM_ASSIGN_OR_RETURN(const OvmfImage image, OvmfImage::Parse(bytes));
//   FirmwareLaunch launch;
//   launch.vcpu.cpu_signature = CpuSignature(25, 1, 1);
//   launch.num_vcpus = 4;
//   SVSM_ASSIGN_OR_RETURN(const auto digest, MeasureFirmware(sha384, image, launch, scratch));
//
// `sha384` must be SHA-384 (panics otherwise); `scratch` is a page of the caller's for the pages
// that are made here, and holds nothing of use afterwards.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: AMD 56860, "SNP_LAUNCH_UPDATE"; the order of pages is that of the VMMs.
#ifndef SVSM_SNP_LAUNCH_MEASURE_H_
#define SVSM_SNP_LAUNCH_MEASURE_H_

#include <cstdint>
#include <optional>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/crypto/hash.h"
#include "svsm/snp/kernel_hashes.h"
#include "svsm/snp/launch_digest.h"
#include "svsm/snp/ovmf.h"
#include "svsm/snp/vmsa.h"

namespace svsm::snp {

inline constexpr std::uint32_t kMaxLaunchVcpus = 4096;

struct FirmwareLaunch {
  VmsaParameters vcpu;          // not kSvsmQemu; the profile also decides how sections are prepared
  std::uint32_t num_vcpus = 1;  // 1 to kMaxLaunchVcpus
  std::optional<KernelHashes> kernel{};  // of a directly booted kernel
  // MeasureFirmwarePages() of the firmware, in place of the image's own pages. The image still
  // gives the sections and the entry of further vCPUs.
  std::optional<Bytes<kLaunchDigestSize>> firmware_pages{};
};

// Firmware below 4 GiB, then its sections in their order (under kEc2 and kEc2RdxZero the CPUID page
// last), then a VMSA for each vCPU.
// Errors: kInvalidArgument (number of vCPUs, profile), kMalformed (detail = LaunchProblem:
// kSectionOverlap, kNoResetBlock, kResetAddressZero, kNoKernelHashes, kKernelHashesPlace,
// kKernelHashesPages), and the hash's.
Result<Bytes<kLaunchDigestSize>> MeasureFirmware(const crypto::Hash& sha384, const OvmfImage& image,
                                                 const FirmwareLaunch& launch,
                                                 FixedSpan<kPageSize> scratch);

// The digest after the firmware's own pages. Errors: the hash's.
Result<Bytes<kLaunchDigestSize>> MeasureFirmwarePages(const crypto::Hash& sha384,
                                                      const OvmfImage& image);

// An SVSM image that is launched below the firmware without IGVM, as COCONUT's QEMU did.
struct SvsmLaunch {
  std::uint32_t cpu_signature = 0;
  std::uint32_t num_vcpus = 1;       // 1 to kMaxLaunchVcpus
  std::uint64_t variables_size = 0;  // bytes between SVSM and firmware, a multiple of 4096
};

// Firmware below 4 GiB, the SVSM below the firmware's variables, the SVSM's sections, and a VMSA at
// the SVSM's entry point for each vCPU. `firmware` is not looked into.
// Errors: kInvalidArgument (number of vCPUs, variables_size), kMalformed (detail = LaunchProblem:
// kImageSize of the firmware, kNoSvsmInfo, kSvsmPlace), and the hash's.
Result<Bytes<kLaunchDigestSize>> MeasureSvsm(const crypto::Hash& sha384, ByteView firmware,
                                             const OvmfImage& svsm, const SvsmLaunch& launch,
                                             FixedSpan<kPageSize> scratch);

}  // namespace svsm::snp

#endif  // SVSM_SNP_LAUNCH_MEASURE_H_
