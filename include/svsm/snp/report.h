// svsm/snp/report.h: decodes SEV-SNP attestation reports.
//
//   SVSM_ASSIGN_OR_RETURN(const UnverifiedReport report, DecodeReport(bytes));
//   SVSM_ASSIGN_OR_RETURN(const Product product, report.product());
//   SVSM_ASSIGN_OR_RETURN(const ReportTcbs tcbs, DecodeReportTcbs(report, product));
//
// A decoded report has the form of a report; who made it is not known. svsm/snp_verify makes a
// VerifiedReport of it. The signed bytes are kept as they came, and signatures are checked over
// them.
//
// Profile: freestanding. Allocates: never. Threads: values and pure functions.
// Spec: AMD 56860, "ATTESTATION_REPORT structure", versions 2 to 5.
#ifndef SVSM_SNP_REPORT_H_
#define SVSM_SNP_REPORT_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/snp/product.h"
#include "svsm/snp/report_layout.h"
#include "svsm/snp/tcb.h"

namespace svsm::snp {

struct FirmwareVersion {
  std::uint8_t major = 0;
  std::uint8_t minor = 0;
  std::uint8_t build = 0;
  friend constexpr bool operator==(const FirmwareVersion&, const FirmwareVersion&) = default;
};

// A report of the right form and unknown origin. A value of 768 bytes; views that it gives live as
// long as it does. Made by DecodeReport() alone.
class UnverifiedReport {
 public:
  // 2 to 5.
  std::uint32_t version() const { return body_.version.get(); }
  std::uint32_t guest_svn() const { return body_.guest_svn.get(); }
  // Bits: guest_policy.
  std::uint64_t policy() const { return body_.policy.get(); }
  const Bytes<kIdSize>& family_id() const { return body_.family_id; }
  const Bytes<kIdSize>& image_id() const { return body_.image_id; }

  // Whether the host asked for this report, so that it speaks for no VMPL.
  bool made_by_host() const { return body_.vmpl.get() == kHostVmpl; }
  // 0 to 3. Meaningless (FFFFFFFFh) if made_by_host().
  Vmpl vmpl() const { return Vmpl(body_.vmpl.get()); }

  // Bits: platform_info; reserved ones may be set.
  std::uint64_t platform_info() const { return body_.platform_info.get(); }
  bool author_key_enabled() const { return (key_info() & key_info::kAuthorKeyEnabled) != 0; }
  bool mask_chip_key() const { return (key_info() & key_info::kMaskChipKey) != 0; }
  SigningKey signing_key() const {
    return static_cast<SigningKey>((key_info() & key_info::kSigningKeyMask) >>
                                   key_info::kSigningKeyShift);
  }
  // Whether there is a signature to check: false if the chip key is masked or no key signs; the
  // signature field is zero then.
  bool is_signed() const { return !mask_chip_key() && signing_key() != SigningKey::kNone; }

  const Bytes<64>& report_data() const { return body_.report_data; }
  const Bytes<kMeasurementSize>& measurement() const { return body_.measurement; }
  const Bytes<kHostDataSize>& host_data() const { return body_.host_data; }
  // All zero without an ID block.
  const Bytes<kKeyDigestSize>& id_key_digest() const { return body_.id_key_digest; }
  const Bytes<kKeyDigestSize>& author_key_digest() const { return body_.author_key_digest; }
  const Bytes<kReportIdSize>& report_id() const { return body_.report_id; }
  // All FFh without a migration agent.
  const Bytes<kReportIdSize>& report_id_ma() const { return body_.report_id_ma; }
  const Bytes<kChipIdSize>& chip_id() const { return body_.chip_id; }

  const RawTcb& current_tcb() const { return body_.current_tcb; }
  const RawTcb& reported_tcb() const { return body_.reported_tcb; }
  const RawTcb& committed_tcb() const { return body_.committed_tcb; }
  const RawTcb& launch_tcb() const { return body_.launch_tcb; }

  FirmwareVersion current_version() const {
    return {body_.current_major, body_.current_minor, body_.current_build};
  }
  FirmwareVersion committed_version() const {
    return {body_.committed_major, body_.committed_minor, body_.committed_build};
  }

  // Versions 3 and up; all zero in version 2.
  bool has_cpuid() const { return version() >= 3; }
  std::uint8_t cpuid_family() const { return body_.cpuid_family; }
  std::uint8_t cpuid_model() const { return body_.cpuid_model; }
  std::uint8_t cpuid_stepping() const { return body_.cpuid_stepping; }

  // Version 5; zero before.
  bool has_mitigation_vectors() const { return version() >= 5; }
  std::uint64_t launch_mit_vector() const { return body_.launch_mit_vector.get(); }
  std::uint64_t current_mit_vector() const { return body_.current_mit_vector.get(); }

  // The product line, from CPUID in versions 3 and up. Version 2 has no CPUID: Turin is known by
  // its CHIP_ID, Milan and Genoa cannot be told apart and the caller must know (from the VCEK's
  // productName). Errors: kUnsupported (detail = family << 8 | model), kNotFound (version 2 and not
  // Turin).
  Result<Product> product() const;

  // Bytes 000h..29Fh as they were received: what the signature is over.
  FixedView<kReportBodySize> signed_bytes() const;
  // Big-endian, as crypto libraries want them. Zero unless is_signed().
  const Bytes<kScalarSize>& signature_r() const { return r_; }
  const Bytes<kScalarSize>& signature_s() const { return s_; }

 private:
  friend Result<UnverifiedReport> DecodeReport(ByteView in);
  UnverifiedReport() = default;
  Status DecodeBody(ByteView in);
  [[gnu::noinline]] Status DecodeSignature(ByteView in);
  std::uint32_t key_info() const { return body_.key_info.get(); }

  ReportBody body_{};
  Bytes<kScalarSize> r_{};
  Bytes<kScalarSize> s_{};
};

// Decodes exactly kReportSize bytes. Refused are: a version outside 2 to 5, a VMPL other than 0 to
// 3 and FFFFFFFFh, a signature algorithm other than ECDSA P-384 with SHA-384, a signing key other
// than VCEK, VLEK and none, policy bit 17 clear, any reserved byte or bit of that version that is
// not zero (but not in PLATFORM_INFO), bytes 48 to 71 of R or S or bytes 330h..49Fh that are not
// zero, and a signature where MASK_CHIP_KEY or SIGNING_KEY says that there is none.
// Errors: kTruncated (detail = kReportSize), kUnsupported (detail = version), kMalformed (detail =
// offset of the first field that is wrong, in the order of the checks; kReportSize if bytes are
// left over).
Result<UnverifiedReport> DecodeReport(ByteView in);

struct ReportTcbs {
  TcbVersion current;    // of the firmware that runs
  TcbVersion reported;   // what the signing key is derived from
  TcbVersion committed;  // below which the platform cannot go back
  TcbVersion launch;     // when the guest was launched
};
// Errors: kMalformed (detail = offset in the report of the first reserved TCB byte that is not
// zero).
Result<ReportTcbs> DecodeReportTcbs(const UnverifiedReport& report, Product product);

}  // namespace svsm::snp

#endif  // SVSM_SNP_REPORT_H_
