// svsm/snp/report_layout.h: the attestation report as bytes, and the names of its bits.
//
//   SVSM_ASSIGN_OR_RETURN(ReportBody body, wire::Read<ReportBody>(report.first(kReportBodySize)));
//   body.policy = body.policy.get() | guest_policy::kDebug;
//
// For those who make reports (a software AMD-SP) and for the decoder of svsm/snp/report.h. Readers
// of reports want that header instead.
//
// Profile: freestanding. Allocates: never. Threads: values and pure functions.
// Spec: AMD 56860, "ATTESTATION_REPORT structure", versions 2 to 5.
#ifndef SVSM_SNP_REPORT_LAYOUT_H_
#define SVSM_SNP_REPORT_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/wire.h"
#include "svsm/snp/product.h"
#include "svsm/snp/tcb.h"

namespace svsm::snp {

inline constexpr std::size_t kReportSize = 0x4A0;
inline constexpr std::size_t kReportBodySize = 0x2A0;  // what is signed
inline constexpr std::size_t kMeasurementSize = 48;
inline constexpr std::size_t kHostDataSize = 32;
inline constexpr std::size_t kKeyDigestSize = 48;
inline constexpr std::size_t kReportIdSize = 32;
inline constexpr std::size_t kIdSize = 16;
inline constexpr std::size_t kScalarSize = 48;  // R or S of ECDSA P-384

inline constexpr std::uint32_t kMinReportVersion = 2;
inline constexpr std::uint32_t kMaxReportVersion = 5;

// VMPL of a report that the host asked for.
inline constexpr std::uint32_t kHostVmpl = 0xFFFFFFFF;
// SIGNATURE_ALGO.
inline constexpr std::uint32_t kSignatureEcdsaP384Sha384 = 1;

// POLICY. Bits 7:0 and 15:8 are the least minor and major ABI version.
namespace guest_policy {
inline constexpr std::uint64_t kAbiMinorMask = 0xFF;
inline constexpr std::uint64_t kAbiMajorMask = 0xFF00;
inline constexpr std::uint64_t kSmt = 1ull << 16;
inline constexpr std::uint64_t kMustBeOne = 1ull << 17;
inline constexpr std::uint64_t kMigrateMa = 1ull << 18;
inline constexpr std::uint64_t kDebug = 1ull << 19;
inline constexpr std::uint64_t kSingleSocket = 1ull << 20;
inline constexpr std::uint64_t kCxlAllow = 1ull << 21;
inline constexpr std::uint64_t kMemAes256Xts = 1ull << 22;
inline constexpr std::uint64_t kRaplDis = 1ull << 23;
inline constexpr std::uint64_t kCiphertextHiding = 1ull << 24;
inline constexpr std::uint64_t kPageSwapDisable = 1ull << 25;
inline constexpr std::uint64_t kReserved = ~((1ull << 26) - 1);
}  // namespace guest_policy

// PLATFORM_INFO. Real Turin machines set bits that no document names, so the decoder lets reserved
// bits pass; a verifier's policy judges them.
namespace platform_info {
inline constexpr std::uint64_t kSmtEnabled = 1ull << 0;
inline constexpr std::uint64_t kTsmeEnabled = 1ull << 1;
inline constexpr std::uint64_t kEccEnabled = 1ull << 2;
inline constexpr std::uint64_t kRaplDisabled = 1ull << 3;
inline constexpr std::uint64_t kCiphertextHidingEnabled = 1ull << 4;
inline constexpr std::uint64_t kAliasCheckComplete = 1ull << 5;
inline constexpr std::uint64_t kTioEnabled = 1ull << 7;
inline constexpr std::uint64_t kReserved = ~0xBFull;
}  // namespace platform_info

// The 32-bit word at 48h.
namespace key_info {
inline constexpr std::uint32_t kAuthorKeyEnabled = 1u << 0;
inline constexpr std::uint32_t kMaskChipKey = 1u << 1;
inline constexpr std::uint32_t kSigningKeyShift = 2;
inline constexpr std::uint32_t kSigningKeyMask = 7u << kSigningKeyShift;
inline constexpr std::uint32_t kReserved = ~0x1Fu;
}  // namespace key_info

// SIGNING_KEY in bits 4:2 of that word.
enum class SigningKey : std::uint8_t { kVcek = 0, kVlek = 1, kNone = 7 };

// Bytes 000h..29Fh.
struct ReportBody {
  wire::Le32 version;
  wire::Le32 guest_svn;
  wire::Le64 policy;
  Bytes<kIdSize> family_id;
  Bytes<kIdSize> image_id;
  wire::Le32 vmpl;
  wire::Le32 signature_algo;
  RawTcb current_tcb;
  wire::Le64 platform_info;
  wire::Le32 key_info;
  wire::Le32 reserved_4c;
  Bytes<64> report_data;
  Bytes<kMeasurementSize> measurement;
  Bytes<kHostDataSize> host_data;
  Bytes<kKeyDigestSize> id_key_digest;
  Bytes<kKeyDigestSize> author_key_digest;
  Bytes<kReportIdSize> report_id;
  Bytes<kReportIdSize> report_id_ma;
  RawTcb reported_tcb;
  std::uint8_t cpuid_family;  // versions 3 and up; reserved before
  std::uint8_t cpuid_model;
  std::uint8_t cpuid_stepping;
  Bytes<21> reserved_18b;
  Bytes<kChipIdSize> chip_id;
  RawTcb committed_tcb;
  std::uint8_t current_build;
  std::uint8_t current_minor;
  std::uint8_t current_major;
  std::uint8_t reserved_1eb;
  std::uint8_t committed_build;
  std::uint8_t committed_minor;
  std::uint8_t committed_major;
  std::uint8_t reserved_1ef;
  RawTcb launch_tcb;
  wire::Le64 launch_mit_vector;  // version 5 and up; reserved before
  wire::Le64 current_mit_vector;
  Bytes<152> reserved_208;
};
static_assert(wire::Struct<ReportBody> && sizeof(ReportBody) == kReportBodySize);
static_assert(offsetof(ReportBody, version) == 0x000 && offsetof(ReportBody, guest_svn) == 0x004);
static_assert(offsetof(ReportBody, policy) == 0x008 && offsetof(ReportBody, family_id) == 0x010);
static_assert(offsetof(ReportBody, image_id) == 0x020 && offsetof(ReportBody, vmpl) == 0x030);
static_assert(offsetof(ReportBody, signature_algo) == 0x034);
static_assert(offsetof(ReportBody, current_tcb) == 0x038);
static_assert(offsetof(ReportBody, platform_info) == 0x040);
static_assert(offsetof(ReportBody, key_info) == 0x048);
static_assert(offsetof(ReportBody, reserved_4c) == 0x04C);
static_assert(offsetof(ReportBody, report_data) == 0x050);
static_assert(offsetof(ReportBody, measurement) == 0x090);
static_assert(offsetof(ReportBody, host_data) == 0x0C0);
static_assert(offsetof(ReportBody, id_key_digest) == 0x0E0);
static_assert(offsetof(ReportBody, author_key_digest) == 0x110);
static_assert(offsetof(ReportBody, report_id) == 0x140);
static_assert(offsetof(ReportBody, report_id_ma) == 0x160);
static_assert(offsetof(ReportBody, reported_tcb) == 0x180);
static_assert(offsetof(ReportBody, cpuid_family) == 0x188);
static_assert(offsetof(ReportBody, cpuid_model) == 0x189);
static_assert(offsetof(ReportBody, cpuid_stepping) == 0x18A);
static_assert(offsetof(ReportBody, reserved_18b) == 0x18B);
static_assert(offsetof(ReportBody, chip_id) == 0x1A0);
static_assert(offsetof(ReportBody, committed_tcb) == 0x1E0);
static_assert(offsetof(ReportBody, current_build) == 0x1E8);
static_assert(offsetof(ReportBody, current_minor) == 0x1E9);
static_assert(offsetof(ReportBody, current_major) == 0x1EA);
static_assert(offsetof(ReportBody, reserved_1eb) == 0x1EB);
static_assert(offsetof(ReportBody, committed_build) == 0x1EC);
static_assert(offsetof(ReportBody, committed_minor) == 0x1ED);
static_assert(offsetof(ReportBody, committed_major) == 0x1EE);
static_assert(offsetof(ReportBody, reserved_1ef) == 0x1EF);
static_assert(offsetof(ReportBody, launch_tcb) == 0x1F0);
static_assert(offsetof(ReportBody, launch_mit_vector) == 0x1F8);
static_assert(offsetof(ReportBody, current_mit_vector) == 0x200);
static_assert(offsetof(ReportBody, reserved_208) == 0x208);

// Bytes 2A0h..49Fh: ECDSA P-384 over SHA-384 of the body. R and S are little-endian, 48 bytes used.
struct ReportSignature {
  Bytes<kScalarSize> r;
  Bytes<24> reserved_r;
  Bytes<kScalarSize> s;
  Bytes<24> reserved_s;
  Bytes<368> reserved_330;
};
static_assert(wire::Struct<ReportSignature> && sizeof(ReportSignature) == 0x200);
static_assert(offsetof(ReportSignature, r) == 0x00 &&
              offsetof(ReportSignature, reserved_r) == 0x30);
static_assert(offsetof(ReportSignature, s) == 0x48 &&
              offsetof(ReportSignature, reserved_s) == 0x78);
static_assert(offsetof(ReportSignature, reserved_330) == 0x90);

struct ReportLayout {
  ReportBody body;
  ReportSignature signature;
};
static_assert(wire::Struct<ReportLayout> && sizeof(ReportLayout) == kReportSize);
static_assert(offsetof(ReportLayout, signature) == 0x2A0);

// The signature field of the scalars R and S, given big-endian as crypto libraries give them.
ReportSignature EncodeReportSignature(FixedView<kScalarSize> r, FixedView<kScalarSize> s);

}  // namespace svsm::snp

#endif  // SVSM_SNP_REPORT_LAYOUT_H_
