// svsm/evidence/attest.h: what a TPM signs (TPMS_ATTEST of TPM2_Quote and TPM2_Certify), its
// signature, and the digest over PCR values.
//
//   SVSM_ASSIGN_OR_RETURN(const TpmQuote quote, ParseQuote(message));
//   SVSM_TRY(ComputePcrDigest(sha256_stream, quote.selection, values, digest));
//   if (!Equal(digest, quote.pcr_digest)) ...
//
// Parsing proves nothing about origin: the signature does, over the same bytes.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure.
// Spec: TCG TPM 2.0 Library Part 2, "TPMS_ATTEST", "TPML_PCR_SELECTION", "TPMT_SIGNATURE".
#ifndef SVSM_EVIDENCE_ATTEST_H_
#define SVSM_EVIDENCE_ATTEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/hash.h"
#include "svsm/evidence/tpm_alg.h"

namespace svsm::evidence {

inline constexpr std::size_t kMaxAttestSize = 1024;
inline constexpr std::size_t kMaxPcrBanks = 8;
inline constexpr std::uint32_t kNumPcrs = 24;

// TPMS_PCR_SELECTION: bit n of `mask` selects PCR n of the bank.
struct PcrSelection {
  TpmAlg bank = TpmAlg::kError;
  std::uint32_t mask = 0;
};

// TPML_PCR_SELECTION, in the order that the digest follows.
struct PcrSelectionList {
  std::array<PcrSelection, kMaxPcrBanks> items{};
  std::size_t size = 0;
  std::span<const PcrSelection> view() const { return std::span(items).first(size); }
};

// TPMS_CLOCK_INFO.
struct TpmClockInfo {
  std::uint64_t clock_ms = 0;
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool safe = false;
};

// What each TPMS_ATTEST carries. Views borrow what was parsed.
struct TpmAttestCommon {
  ByteView qualified_signer;  // qualified Name of the signing key, or empty
  ByteView extra_data;        // the verifier's nonce
  TpmClockInfo clock;
  std::uint64_t firmware_version = 0;
};

struct TpmQuote {
  TpmAttestCommon common;
  PcrSelectionList selection;
  ByteView pcr_digest;
};

struct TpmCertify {
  TpmAttestCommon common;
  ByteView name;
  ByteView qualified_name;
};

// Parses exactly these bytes. The magic must be TPM_GENERATED_VALUE: a restricted key never signs
// other data that begin so. Bits of PCRs from kNumPcrs on must be clear; a bank may be named once.
// Errors: kTruncated and kMalformed (Source::kCore, detail = offset), kUnsupported
// (Source::kEvidence, detail = the attestation type if it is another one, the number of an unknown
// bank's hash, or the number of banks if there are more than kMaxPcrBanks).
[[nodiscard]] Result<TpmQuote> ParseQuote(ByteView attest);
[[nodiscard]] Result<TpmCertify> ParseCertify(ByteView attest);

// TPMT_SIGNATURE. RSA signatures are in `rsa`; ECDSA's numbers, big-endian without fixed size, in r
// and s. Views borrow what was parsed.
struct TpmSignature {
  TpmAlg scheme = TpmAlg::kNull;  // kRsaSsa, kRsaPss or kEcdsa
  TpmAlg hash = TpmAlg::kNull;
  ByteView rsa;
  ByteView r;
  ByteView s;
};

// Parses exactly these bytes. Errors: kTruncated and kMalformed (Source::kCore, detail = offset),
// kUnsupported (Source::kEvidence, detail = the number of an unknown scheme or hash).
[[nodiscard]] Result<TpmSignature> ParseSignature(ByteView in);

// One PCR's value.
struct PcrValue {
  TpmAlg bank = TpmAlg::kError;
  std::uint32_t index = 0;
  ByteView digest;
};

// The digest over the values of all selected PCRs: banks in the order of the selection, PCRs from
// the lowest on. Values that are not selected are not looked at. `out` has the size of the hash's
// digest. Errors: kNotFound (detail = index of a PCR without value), kAlreadyExists (detail = index
// of a selected PCR given twice), kInvalidArgument (detail = index of a PCR whose value has not its
// bank's size; or, with detail 0, the size of `out`), and the hash's own. On failure `out` is zero,
// and the hash is reset.
[[nodiscard]] Status ComputePcrDigest(crypto::HashStream& hash, const PcrSelectionList& selection,
                                      std::span<const PcrValue> values, ByteSpan out);

}  // namespace svsm::evidence

#endif  // SVSM_EVIDENCE_ATTEST_H_
