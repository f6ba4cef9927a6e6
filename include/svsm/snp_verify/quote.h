// svsm/snp_verify/quote.h: from a TPM's quote that anybody may have written to PCR values that a
// program may rely on.
//
//   SVSM_ASSIGN_OR_RETURN(const snp::QuoteKey ak, snp::ReadQuoteKey(file));
//   SVSM_ASSIGN_OR_RETURN(const snp::QuoteVerdict verdict,
//                         snp::VerifyQuote({.message = msg, .signature = sig, .pcrs = &pcrs,
//                                           .nonce = nonce}, ak));
//   if (!verdict.trusted()) return Print(verdict.refusals);
//
// It proves that the holder of the key signed these PCR values and this nonce. That the key lives
// in a genuine TPM must be known otherwise (quote_key.h). Everything is judged, even after a first
// failure.
//
// Profile: hosted. Allocates: the heap. Threads: functions are pure.
// Spec: TCG TPM 2.0 Library Part 3, "TPM2_Quote".
#ifndef SVSM_SNP_VERIFY_QUOTE_H_
#define SVSM_SNP_VERIFY_QUOTE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"
#include "svsm/evidence/attest.h"
#include "svsm/snp_verify/pcr_table.h"
#include "svsm/snp_verify/quote_key.h"

namespace svsm::snp {

enum class QuoteReason : std::uint8_t {
  kKeyUse,        // the key's public area is not a restricted signing key of a TPM
  kScheme,        // the signature is of another kind than the key signs, or uses SHA-1
  kSignature,     // does not verify
  kNonce,         // extraData is another
  kPcrMissing,    // a quoted PCR has no value in the table
  kPcrNotQuoted,  // a value in the table that the quote says nothing about
  kPcrDigest,     // the values do not have the quoted digest
};
inline constexpr std::size_t kNumQuoteReasons =
    static_cast<std::size_t>(QuoteReason::kPcrDigest) + 1;

// "quote-signature", "quote-nonce", ...; "?" outside the list.
const char* QuoteReasonId(QuoteReason reason);

struct QuoteRefusal {
  QuoteReason reason;
  std::string found;
  std::string wanted;
};
using QuoteRefusals = std::vector<QuoteRefusal>;
bool Contains(const QuoteRefusals& refusals, QuoteReason reason);

// What was not given, so that nothing is said about it.
enum class QuoteAspect : std::uint8_t {
  kNonce,   // the quote may be old
  kPcrs,    // no values were given
  kKeyUse,  // the key came without its public area: a TPM might sign other data with it
};
// "quote-nonce", "quote-pcrs", "quote-key-use"; "?" outside the list.
const char* QuoteAspectId(QuoteAspect aspect);

// What is to be judged. Views are borrowed for the call.
struct QuoteEvidence {
  ByteView message;  // TPMS_ATTEST
  // TPMT_SIGNATURE; or the bare number of an RSA key's size (RSASSA-PKCS1-v1_5 with SHA-256, or the
  // scheme of the key's public area), or ECDSA's two numbers in DER (SHA-256, or the same).
  ByteView signature;
  const PcrTable* pcrs = nullptr;                // null: none were given
  std::optional<ByteView> nonce = std::nullopt;  // what extraData must be, byte by byte
};

// PCR values that VerifyQuote() found signed: there is no other way to one.
class VerifiedQuote final {
 public:
  // Empty if none were given.
  const PcrTable& pcrs() const { return pcrs_; }
  ByteView extra_data() const { return extra_data_; }
  const evidence::TpmClockInfo& clock() const { return clock_; }
  std::uint64_t firmware_version() const { return firmware_version_; }

 private:
  friend class QuoteJudge;
  VerifiedQuote() = default;
  PcrTable pcrs_;
  ByteVector extra_data_;
  evidence::TpmClockInfo clock_;
  std::uint64_t firmware_version_ = 0;
};

struct QuoteVerdict {
  QuoteRefusals refusals;
  std::vector<QuoteAspect> not_judged;
  std::optional<VerifiedQuote> quote;  // set exactly if there is no refusal
  bool trusted() const { return quote.has_value(); }
};

// Judges. Errors, which mean that there was nothing to judge: evidence::ParseQuote()'s and
// ParseSignature()'s, kMalformed (the key is not one, or the DER of a signature is damaged),
// kInternal (OpenSSL).
Result<QuoteVerdict> VerifyQuote(const QuoteEvidence& evidence, const QuoteKey& key);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_QUOTE_H_
