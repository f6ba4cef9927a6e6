// svsm/snp_verify/hcl.h: the evidence of an Azure confidential VM, whose paravisor (HCL) at VMPL 0
// runs the vTPM: the one widely deployed relative of this library's.
//
// The guest reads a blob from NV index 01400001: an SNP report, and a JSON text whose digest is in
// REPORT_DATA and which names the vTPM's attestation key. So the report at VMPL 0 proves the JSON,
// the key in it proves the quote, and the quote the PCR values.
//
//   SVSM_ASSIGN_OR_RETURN(const snp::HclVerdict verdict,
//                         snp::VerifyHcl(verifier, {.blob = blob, .leaf = vcek, .quote = &quote},
//                                        policy));
//   if (verdict.trusted()) Use(verdict.quote->quote->pcrs());
//
// Profile: hosted. Allocates: the heap. Threads: as Verifier.
// Spec: none is published; the layout is the one that the paravisor's open sources and its users
// share, checked on real blobs.
#ifndef SVSM_SNP_VERIFY_HCL_H_
#define SVSM_SNP_VERIFY_HCL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"
#include "svsm/snp_verify/policy.h"
#include "svsm/snp_verify/quote.h"
#include "svsm/snp_verify/verifier.h"

namespace svsm::snp {

inline constexpr std::size_t kMaxHclSize = std::size_t{1} << 16;

// The blob. What follows the JSON is zero.
struct HclHeader {
  Bytes<4> magic;           // "HCLA"
  wire::Le32 version;       // 1 or 2
  wire::Le32 size;          // to the end of the JSON
  wire::Le32 request_type;  // 2: report
  wire::Le32 status;        // 0
  Bytes<12> reserved;
  Bytes<0x4A0> report;
  wire::Le32 runtime_size;  // from here to the end of the JSON
  wire::Le32 runtime_version;
  wire::Le32 report_type;  // 2: SNP
  wire::Le32 hash_type;    // 1: SHA-256
  wire::Le32 json_size;
};
static_assert(wire::Struct<HclHeader> && sizeof(HclHeader) == 0x4D4);
static_assert(offsetof(HclHeader, version) == 0x04 && offsetof(HclHeader, size) == 0x08 &&
              offsetof(HclHeader, request_type) == 0x0C && offsetof(HclHeader, status) == 0x10 &&
              offsetof(HclHeader, reserved) == 0x14 && offsetof(HclHeader, report) == 0x20 &&
              offsetof(HclHeader, runtime_size) == 0x4C0 &&
              offsetof(HclHeader, runtime_version) == 0x4C4 &&
              offsetof(HclHeader, report_type) == 0x4C8 &&
              offsetof(HclHeader, hash_type) == 0x4CC && offsetof(HclHeader, json_size) == 0x4D0);

struct HclBlob {
  ByteView report;  // 1184 bytes
  ByteView json;    // as REPORT_DATA covers it
};

// Takes a blob apart; the views borrow it. Errors: kTruncated (detail = bytes needed), kOutOfRange
// (larger than kMaxHclSize), kMalformed (detail = offset: magic, sizes that contradict each other,
// status, reserved or trailing bytes that are not zero), kUnsupported (detail = what the blob says:
// version, request type, another TEE's report, another hash than SHA-256).
Result<HclBlob> ParseHcl(ByteView blob);

// The key "HCLAkPub" of the JSON. Errors: kMalformed (not JSON, a key twice, no list of keys, the
// key absent or not an RSA JWK for signing), and QuoteKeyFromRsa()'s.
Result<QuoteKey> ParseHclQuoteKey(std::string_view json);

struct HclEvidence {
  ByteView blob;
  ByteView leaf;                         // VCEK, DER
  const QuoteEvidence* quote = nullptr;  // null: only the report and the key in it are judged
};

struct HclVerdict {
  Verdict report;
  QuoteKey key;
  std::optional<QuoteVerdict> quote;
  // Whether all that was given is trusted.
  bool trusted() const { return report.trusted() && (!quote || quote->trusted()); }
};

// Judges the report under `policy` with VMPL 0 and the JSON's digest as REPORT_DATA in the place of
// the policy's own, and the quote with the JSON's key.
// Errors: ParseHcl()'s, ParseHclQuoteKey()'s, Verifier::Verify()'s, VerifyQuote()'s.
Result<HclVerdict> VerifyHcl(Verifier& verifier, const HclEvidence& evidence, Policy policy);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_HCL_H_
