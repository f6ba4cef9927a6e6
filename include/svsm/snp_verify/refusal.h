// svsm/snp_verify/refusal.h: why a report is not trusted, in words that programs and people can act
// on; and what a verdict left open.
//
//   for (const snp::Refusal& refusal : verdict.refusals) {
//     fmt::print("refused: {}: {} (wanted {})\n", snp::ReasonId(refusal.reason), refusal.found,
//                refusal.wanted);
//   }
//
// A refusal says that well-formed input does not deserve trust. Input that is not what it claims to
// be at all (no DER, no report of 1184 bytes) is a Status instead.
//
// Profile: hosted. Allocates: the heap. Threads: values.
#ifndef SVSM_SNP_VERIFY_REFUSAL_H_
#define SVSM_SNP_VERIFY_REFUSAL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace svsm::snp {

enum class Reason : std::uint8_t {
  // A certificate, against AMD's profile. `found` begins with whose certificate it is.
  kCertificateVersion,    // not X.509 v3
  kCertificateAlgorithm,  // not RSASSA-PSS with SHA-384, MGF1-SHA-384 and 48 bytes of salt
  kCertificateSubject,    // not one of AMD's names, each attribute once
  kCertificateKey,        // not P-384 (leaf) or RSA of 2048 to 4096 bits (authority)
  kCertificateNotCa,      // an authority without basicConstraints CA or without keyCertSign
  kExtensionUnknown,
  kExtensionRepeated,
  kExtensionCritical,
  kExtensionMissing,
  kExtensionValue,
  kCertificateProduct,  // productName is not of the line whose key signed
  // The chain.
  kCertificateIssuer,     // nobody in the trust store has the issuer's name and may sign this kind
  kCertificateSignature,  // does not verify with the issuer's key
  kCertificateNotYetValid,
  kCertificateExpired,
  kCertificateRevoked,
  kCrlMissing,      // the policy wants one and the store has none of this ARK
  kCrlSignature,    // does not verify with the ARK's key, or the ARK may not sign CRLs
  kCrlNotYetValid,  // thisUpdate is in the future
  kCrlStale,        // nextUpdate has passed
  // The report and what it says against its certificate.
  kChipKeyMasked,   // MASK_CHIP_KEY: the report carries no signature
  kSigningKey,      // KEY_INFO names another kind of key than the certificate's
  kSignatureRange,  // R or S is not in 1..n-1
  kReportSignature,
  kProduct,       // CPUID or CHIP_ID speaks of another line than the certificate
  kReportedTcb,   // REPORTED_TCB is not the certificate's TCB
  kCurrentTcb,    // the certificate's TCB is above CURRENT_TCB
  kChipId,        // CHIP_ID is not the certificate's HWID
  kChipIdMasked,  // CHIP_ID is all zero under a VCEK
  // The policy.
  kReportVersion,
  kMeasurement,
  kVmpl,
  kReportData,
  kHostData,
  kFamilyId,
  kImageId,
  kIdKey,
  kAuthorKey,
  kChipIdNotListed,
  kDebug,
  kMigrationAgent,
  kSmt,
  kGuestPolicy,
  kPlatformInfo,
  kGuestSvn,
  kFirmwareVersion,
  kMinimumTcb,
  kMinimumCommittedTcb,
  kMinimumLaunchTcb,
  kProvisionalFirmware,
  kMitigations,
  // The endorsement key that REPORT_DATA is to speak for.
  kEkTemplate,  // differs from every TCG template in more than `unique`
  kEkBinding,   // REPORT_DATA is not a digest of it
};
inline constexpr std::size_t kNumReasons = static_cast<std::size_t>(Reason::kEkBinding) + 1;

// The reason's stable name, for logs and programs: "measurement", "certificate-expired", ...
// "?" for a value outside the list.
const char* ReasonId(Reason reason);

struct Refusal {
  Reason reason;
  std::string found;   // what the input says
  std::string wanted;  // what would have been accepted
};
using Refusals = std::vector<Refusal>;

// Whether `reason` is among `refusals`.
bool Contains(const Refusals& refusals, Reason reason);

// What a policy can leave open. A verdict lists what it did not judge.
enum class Aspect : std::uint8_t {
  kMeasurement,
  kVmpl,
  kReportData,
  kMinimumTcb,
  kRevocation,
  kProvisionalFirmware,
  kChipIdList,
  kHostData,
  kIdKey,
  kAuthorKey,
};
inline constexpr std::size_t kNumAspects = static_cast<std::size_t>(Aspect::kAuthorKey) + 1;

// The aspect's stable name: "measurement", "vmpl", "report-data", ... "?" outside the list.
const char* AspectId(Aspect aspect);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_REFUSAL_H_
