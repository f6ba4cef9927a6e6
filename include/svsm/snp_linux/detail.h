// svsm/snp_linux/detail.h: details of Status that are no errno.
//
//   const Status status = attester.Attest(report_data, report, {}).status();
//   if (status.detail() == kDetailZeroReport) return AskForVmpl2();
//
// The rest of this target gives errno as detail, unless it says otherwise; these values are above
// every errno.
//
// Profile: hosted. Allocates: never. Threads: values.
#ifndef SVSM_SNP_LINUX_DETAIL_H_
#define SVSM_SNP_LINUX_DETAIL_H_

#include <cstdint>

namespace svsm::snp {

// With kPermissionDenied: the report is all zero. The usual reason: an SVSM runs at VMPL 0 and the
// report was asked for at a VMPL that is not this guest's any more. Ask for VMPL 2, or for the
// privilege level that configfs-tsm names as its floor.
inline constexpr std::uint32_t kDetailZeroReport = 0x10001;
// With kUnavailable: the kernel has no configfs-tsm, or no configfs is mounted.
inline constexpr std::uint32_t kDetailNoConfigfsTsm = 0x10002;
// With kUnavailable: the kernel offers no SVSM services (no SVSM runs below it, or it is too old).
inline constexpr std::uint32_t kDetailNoSvsm = 0x10003;
// With kUnsupported: the reports are of another TEE.
inline constexpr std::uint32_t kDetailOtherProvider = 0x10004;
// With kBusy: another process wrote to the same entry meanwhile.
inline constexpr std::uint32_t kDetailRacingWriter = 0x10005;
// With kMalformed: what should be a number is none.
inline constexpr std::uint32_t kDetailNotANumber = 0x10006;

}  // namespace svsm::snp

#endif  // SVSM_SNP_LINUX_DETAIL_H_
