// The report as the crate `sev` spells it: one row a member, in the crate's order.
#ifndef SVSM_KBS_SNP_REPORT_FIELDS_H_
#define SVSM_KBS_SNP_REPORT_FIELDS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/kbs/snp_evidence.h"

namespace svsm::kbs {

enum class SnpFieldKind : std::uint8_t {
  kNumber,   // little-endian
  kSince3,   // the same, null before version 3
  kSince5,   // the same, null before version 5
  kBytes,    // an array of numbers
  kTcb,      // an object of five numbers
  kVersion,  // an object of three
};
struct SnpField {
  const char* name;
  std::uint16_t offset;
  std::uint16_t size;
  SnpFieldKind kind;
};

inline constexpr std::size_t kNumSnpTcbs = 4;
// All but the last member, the signature: {"r": [...], "s": [...]}.
inline constexpr std::array<SnpField, 28> kSnpFields = {{
    {"version", 0x000, 4, SnpFieldKind::kNumber},
    {"guest_svn", 0x004, 4, SnpFieldKind::kNumber},
    {"policy", 0x008, 8, SnpFieldKind::kNumber},
    {"family_id", 0x010, 16, SnpFieldKind::kBytes},
    {"image_id", 0x020, 16, SnpFieldKind::kBytes},
    {"vmpl", 0x030, 4, SnpFieldKind::kNumber},
    {"sig_algo", 0x034, 4, SnpFieldKind::kNumber},
    {"current_tcb", 0x038, 8, SnpFieldKind::kTcb},
    {"plat_info", 0x040, 8, SnpFieldKind::kNumber},
    {"key_info", 0x048, 4, SnpFieldKind::kNumber},
    {"report_data", 0x050, 64, SnpFieldKind::kBytes},
    {"measurement", 0x090, 48, SnpFieldKind::kBytes},
    {"host_data", 0x0C0, 32, SnpFieldKind::kBytes},
    {"id_key_digest", 0x0E0, 48, SnpFieldKind::kBytes},
    {"author_key_digest", 0x110, 48, SnpFieldKind::kBytes},
    {"report_id", 0x140, 32, SnpFieldKind::kBytes},
    {"report_id_ma", 0x160, 32, SnpFieldKind::kBytes},
    {"reported_tcb", 0x180, 8, SnpFieldKind::kTcb},
    {"cpuid_fam_id", 0x188, 1, SnpFieldKind::kSince3},
    {"cpuid_mod_id", 0x189, 1, SnpFieldKind::kSince3},
    {"cpuid_step", 0x18A, 1, SnpFieldKind::kSince3},
    {"chip_id", 0x1A0, 64, SnpFieldKind::kBytes},
    {"committed_tcb", 0x1E0, 8, SnpFieldKind::kTcb},
    {"current", 0x1E8, 3, SnpFieldKind::kVersion},
    {"committed", 0x1EC, 3, SnpFieldKind::kVersion},
    {"launch_tcb", 0x1F0, 8, SnpFieldKind::kTcb},
    {"launch_mit_vector", 0x1F8, 8, SnpFieldKind::kSince5},
    {"current_mit_vector", 0x200, 8, SnpFieldKind::kSince5},
}};
inline constexpr std::size_t kSnpSignatureR = 0x2A0;
inline constexpr std::size_t kSnpSignatureS = 0x2E8;
inline constexpr std::size_t kSnpSignaturePartSize = 72;
inline constexpr std::size_t kSnpCpuidFamily = 0x188;
inline constexpr std::size_t kSnpChipId = 0x1A0;

// Where the parts of a TCB stand: the bytes of bootloader, tee, snp and microcode; the firmware
// component FMC, in byte 0, came with family 1Ah.
struct SnpTcbLayout {
  bool has_fmc;
  std::array<std::uint8_t, 4> parts;
};
SnpTcbLayout SnpTcbLayoutOf(FixedView<kSnpReportSize> report);

std::uint32_t SnpReportVersion(FixedView<kSnpReportSize> report);
inline bool IsKnownSnpReport(std::uint32_t version) { return version >= 2 && version <= 5; }

// Whether all that the text carries is all that the report has. Errors: kMalformed (detail = offset
// in the report).
Status CheckSnpReportCarried(FixedView<kSnpReportSize> report);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_SNP_REPORT_FIELDS_H_
