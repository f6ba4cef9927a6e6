// svsm/kbs/snp_evidence.h: SEV-SNP evidence as Trustee's brokers take it: a report and certificates
// in JSON, as the Rust crate `sev` spells them, and back to the bytes that AMD signed.
//
//   SVSM_ASSIGN_OR_RETURN(const ByteView text, EncodeSnpEvidence({.report = report}, buffer));
//
//   SVSM_ASSIGN_OR_RETURN(const SnpEvidence evidence, DecodeSnpEvidence(text, workspace));
//   SVSM_ASSIGN_OR_RETURN(const snp::UnverifiedReport report, snp::DecodeReport(evidence.report));
//
// The JSON carries no reserved bytes: a report that has some set cannot be spelled, and every text
// that is taken stands for one report, which is spelled so again (but for members left out and
// spaces). Whether a report is a good one is for snp::DecodeReport() and a verifier to say.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure. Spec: AMD 56860,
// ATTESTATION_REPORT, versions 2 to 5; members as of sev 7.1.0 and 8.0.0.
#ifndef SVSM_KBS_SNP_EVIDENCE_H_
#define SVSM_KBS_SNP_EVIDENCE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::kbs {

inline constexpr std::size_t kSnpReportSize = 1184;
inline constexpr std::size_t kMaxEvidenceCertificates = 8;

// The text of a report alone, the member `attestation_report`: compact, members in the crate's
// order. Errors: kMalformed (detail = offset in the report of bytes that the text cannot carry, or
// kSnpReportSize for another size), kUnsupported (detail = the report's version, not one of 2 to
// 5), kBufferTooSmall (detail = bytes needed).
[[nodiscard]] Result<ByteView> EncodeSnpReport(ByteView report, ByteSpan out);

// The bytes of that text. Unknown members are passed over; those that the crate holds optional
// (`fmc`, `cpuid_*`, `*_mit_vector`) may be null or missing, which is 0. Errors: those of
// JsonReader::Finish(); kMalformed (detail = offset; a member is missing, has another form or
// size, or holds what a report of that version and processor has no place for), kUnsupported
// (detail = offset; another version). `out` is unspecified then.
[[nodiscard]] Status DecodeSnpReport(ByteView text, FixedSpan<kSnpReportSize> out);

struct EvidenceCertificate {
  enum class Type : std::uint8_t { kArk, kAsk, kVcek, kVlek, kCrl, kEmpty, kOther };
  Type type = Type::kVcek;
  ByteView uuid = {};  // the text that names kOther; empty for the others
  ByteView data = {};  // mostly DER
};

struct SnpEvidence {
  ByteView report;  // kSnpReportSize bytes
  std::array<EvidenceCertificate, kMaxEvidenceCertificates> certificates{};
  std::size_t num_certificates = 0;  // none: the member is null
};

// The text of `primary_evidence`. Errors: as EncodeSnpReport(); kInvalidArgument (detail =
// kMaxEvidenceCertificates: more of them; 0: a uuid that would need escapes).
[[nodiscard]] Result<ByteView> EncodeSnpEvidence(const SnpEvidence& evidence, ByteSpan out);

// Views are of `text` and of `workspace`, which text.size() bytes suffice for. Errors: as
// DecodeSnpReport(), with offsets in this text; kMalformed (detail = offset) also for a chain
// without certificates, kOutOfRange (detail = offset; more than kMaxEvidenceCertificates),
// kUnsupported (detail = offset; a type of certificate that the crate does not know),
// kBufferTooSmall (the workspace; detail = bytes that the next byte string needs at least).
[[nodiscard]] Result<SnpEvidence> DecodeSnpEvidence(ByteView text, ByteSpan workspace);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_SNP_EVIDENCE_H_
