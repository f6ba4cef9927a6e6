// svsm/protocol/vmsa.h: the few fields of a VM save area that the SVSM reads and writes.
//
//   std::uint8_t vmpl = 0;
//   SVSM_TRY(platform.ReadVmsa(vmsa, kVmsaVmpl, {&vmpl, 1}));
//
// Spec: AMD 24593 (APM volume 2), table B-4. Profile: freestanding. Allocates: never. Threads:
// constants.
#ifndef SVSM_PROTOCOL_VMSA_H_
#define SVSM_PROTOCOL_VMSA_H_

#include <cstddef>
#include <cstdint>

namespace svsm::protocol {

inline constexpr std::size_t kVmsaVmpl = 0xCA;  // u8
inline constexpr std::size_t kVmsaEfer = 0xD0;  // u64, as all that follow
inline constexpr std::size_t kVmsaCr3 = 0x150;
inline constexpr std::size_t kVmsaRip = 0x178;
inline constexpr std::size_t kVmsaRsp = 0x1D8;
inline constexpr std::size_t kVmsaRax = 0x1F8;
inline constexpr std::size_t kVmsaRcx = 0x308;
inline constexpr std::size_t kVmsaRdx = 0x310;
inline constexpr std::size_t kVmsaR8 = 0x340;
inline constexpr std::size_t kVmsaR9 = 0x348;
inline constexpr std::size_t kVmsaSevFeatures = 0x3B0;
inline constexpr std::size_t kVmsaExitCode = 0x3C0;  // GUEST_EXITCODE
inline constexpr std::size_t kVmsaVirtualTom = 0x3C8;

// EFER.SVME: a VMSA without it cannot be entered, so clearing it holds a vCPU still.
inline constexpr std::uint64_t kEferSvme = std::uint64_t{1} << 12;
// SEV_FEATURES: addresses from VIRTUAL_TOM on are shared, and the page tables have no C-bit.
inline constexpr std::uint64_t kSevFeatureVtom = std::uint64_t{1} << 1;
// GUEST_EXITCODE of VMGEXIT.
inline constexpr std::uint64_t kExitVmgexit = 0x403;

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_VMSA_H_
