#include "svsm/snp_verify/quote.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"
#include "tests/snp_verify/quote_vectors.h"

namespace svsm::snp {
namespace {

using evidence::TpmAlg;
using testing::BytesAre;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsStatus;

// One quote with all that belongs to it.
struct Case {
  explicit Case(const std::string& name)
      : message(QuoteVector(name + ".msg")), signature(QuoteVector(name + ".sig")) {
    Result<QuoteKey> read_key = ReadQuoteKey(QuoteVector(name + ".ak"));
    EXPECT_THAT(read_key, IsOk());
    key = *std::move(read_key);
    std::string error;
    Result<PcrTable> read_pcrs =
        ReadPcrFile(QuoteVector(name + ".pcrs"), SelectionOf(message), error);
    EXPECT_THAT(read_pcrs, IsOk());
    pcrs = *std::move(read_pcrs);
    nonce = *FromHex("00112233445566778899aabbccddeeff");
  }
  Result<QuoteVerdict> Verify() const {
    return VerifyQuote({.message = message, .signature = signature, .pcrs = &pcrs, .nonce = nonce},
                       key);
  }
  // The reasons of the refusals; empty for a trusted quote.
  std::vector<QuoteReason> Reasons() const {
    const Result<QuoteVerdict> verdict = Verify();
    EXPECT_THAT(verdict, IsOk());
    std::vector<QuoteReason> reasons;
    if (!verdict.ok()) return reasons;
    for (const QuoteRefusal& refusal : verdict->refusals) reasons.push_back(refusal.reason);
    EXPECT_EQ(verdict->trusted(), reasons.empty());
    return reasons;
  }

  ByteVector message;
  ByteVector signature;
  QuoteKey key;
  PcrTable pcrs;
  ByteVector nonce;
};

TEST(QuoteTest, TrustsQuotesOfAnotherTpmInEveryForm) {
  for (const char* name :
       {"ecdsa", "ecdsa-values", "ecdsa-plain", "rsassa", "rsassa-plain", "rsapss"}) {
    SCOPED_TRACE(name);
    const Case quote(name);
    SVSM_ASSERT_OK_AND_ASSIGN(const QuoteVerdict verdict, quote.Verify());
    EXPECT_TRUE(verdict.trusted());
    EXPECT_THAT(verdict.not_judged, IsEmpty());
    EXPECT_EQ(verdict.quote->pcrs().size(), quote.pcrs.size());
    EXPECT_THAT(verdict.quote->extra_data(), BytesAre("00112233445566778899aabbccddeeff"));
    EXPECT_TRUE(verdict.quote->clock().safe);
    EXPECT_NE(verdict.quote->firmware_version(), 0u);
  }
}

TEST(QuoteTest, SaysWhatItLeavesOpen) {
  Case quote("ecdsa");
  quote.key.tpmt.clear();
  SVSM_ASSERT_OK_AND_ASSIGN(
      const QuoteVerdict verdict,
      VerifyQuote({.message = quote.message, .signature = quote.signature}, quote.key));
  EXPECT_TRUE(verdict.trusted());
  EXPECT_THAT(verdict.not_judged,
              ElementsAre(QuoteAspect::kKeyUse, QuoteAspect::kNonce, QuoteAspect::kPcrs));
  EXPECT_THAT(verdict.quote->pcrs(), IsEmpty());
}

TEST(QuoteTest, RefusesAnotherNonce) {
  Case quote("ecdsa");
  quote.nonce.pop_back();
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kNonce));
  quote.nonce.clear();
  SVSM_ASSERT_OK_AND_ASSIGN(const QuoteVerdict verdict, quote.Verify());
  ASSERT_EQ(verdict.refusals.size(), 1u);
  EXPECT_EQ(verdict.refusals[0].found, "00112233445566778899aabbccddeeff");
  EXPECT_EQ(verdict.refusals[0].wanted, "nothing");
}

TEST(QuoteTest, RefusesAForeignKeyAndAForeignSignature) {
  Case quote("rsassa");
  const Case other("rsassa-plain");
  quote.key = other.key;
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kSignature));
  quote.key = Case("rsassa").key;
  quote.signature = other.signature;
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kSignature));
}

TEST(QuoteTest, RefusesEveryChangedByteOfTheMessage) {
  const Case quote("ecdsa");
  for (std::size_t at = 0; at < quote.message.size(); ++at) {
    Case changed = quote;
    changed.message[at] ^= 1;
    const Result<QuoteVerdict> verdict = changed.Verify();
    if (verdict.ok()) {
      EXPECT_TRUE(Contains(verdict->refusals, QuoteReason::kSignature)) << at;
    }
  }
}

TEST(QuoteTest, RefusesEveryChangedValue) {
  const Case quote("ecdsa");
  for (std::size_t i = 0; i < quote.pcrs.size(); ++i) {
    Case changed = quote;
    changed.pcrs[i].value[7] ^= 1;
    EXPECT_THAT(changed.Reasons(), ElementsAre(QuoteReason::kPcrDigest));
  }
  Case swapped = quote;
  std::swap(swapped.pcrs[0].value, swapped.pcrs[1].value);
  EXPECT_THAT(swapped.Reasons(), ElementsAre(QuoteReason::kPcrDigest));
}

TEST(QuoteTest, WantsExactlyTheQuotedPcrs) {
  Case quote("ecdsa");
  const PcrEntry last = quote.pcrs.back();
  quote.pcrs.pop_back();
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kPcrMissing));
  quote.pcrs.push_back(last);
  quote.pcrs.push_back({TpmAlg::kSha256, 7, ByteVector(32)});
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kPcrNotQuoted));
  quote.pcrs.back() = {TpmAlg::kSha512, 5, ByteVector(64)};
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kPcrNotQuoted));
  quote.pcrs.clear();
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kPcrMissing, QuoteReason::kPcrMissing,
                                           QuoteReason::kPcrMissing));
}

// A key that signs anything that it is given could sign a TPMS_ATTEST that no TPM made.
TEST(QuoteTest, RefusesAnUnrestrictedKey) {
  Case quote("ecdsa");
  quote.key.tpmt[5] ^= 1;  // restricted
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kKeyUse));
  quote.key.tpmt[5] ^= 1;
  quote.key.tpmt[7] ^= 2;  // fixedTPM
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kKeyUse));
}

TEST(QuoteTest, RefusesAnotherSchemeThanTheKeys) {
  Case quote("rsassa");
  quote.signature[1] = 0x16;  // RSAPSS
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kScheme));
  quote = Case("rsassa");
  quote.signature[3] = 0x04;  // SHA-1
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kScheme));
  quote.key.tpmt.clear();
  EXPECT_THAT(quote.Reasons(), ElementsAre(QuoteReason::kScheme));
  quote = Case("ecdsa");
  quote.signature = Case("rsassa").signature;
  quote.key.tpmt.clear();
  SVSM_ASSERT_OK_AND_ASSIGN(const QuoteVerdict verdict, quote.Verify());
  ASSERT_EQ(verdict.refusals.size(), 1u);
  EXPECT_EQ(verdict.refusals[0].found, "RSASSA with sha256");
  EXPECT_EQ(verdict.refusals[0].wanted, "ECDSA with SHA-256, SHA-384 or SHA-512");
}

TEST(QuoteTest, ListsAllThatIsWrong) {
  Case quote("ecdsa");
  quote.nonce[0] ^= 1;
  quote.pcrs[0].value[0] ^= 1;
  quote.signature.back() ^= 1;
  EXPECT_THAT(quote.Reasons(),
              ElementsAre(QuoteReason::kSignature, QuoteReason::kNonce, QuoteReason::kPcrDigest));
}

TEST(QuoteTest, NothingToJudgeIsAnError) {
  Case quote("ecdsa");
  quote.message.pop_back();
  EXPECT_EQ(quote.Verify().status().code(), Code::kTruncated);
  quote = Case("ecdsa");
  quote.signature.pop_back();
  EXPECT_EQ(quote.Verify().status().code(), Code::kTruncated);
  quote = Case("ecdsa");
  quote.key.y.back() ^= 1;
  EXPECT_EQ(quote.Verify().status().code(), Code::kMalformed);
}

TEST(QuoteTest, EveryReasonAndAspectHasAName) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kNumQuoteReasons; ++i) {
    names.push_back(QuoteReasonId(static_cast<QuoteReason>(i)));
    EXPECT_EQ(names.back().substr(0, 6), "quote-");
    EXPECT_EQ(std::count(names.begin(), names.end(), names.back()), 1);
  }
  EXPECT_STREQ(QuoteReasonId(static_cast<QuoteReason>(kNumQuoteReasons)), "?");
  EXPECT_STREQ(QuoteAspectId(QuoteAspect::kNonce), "quote-nonce");
  EXPECT_STREQ(QuoteAspectId(QuoteAspect::kPcrs), "quote-pcrs");
  EXPECT_STREQ(QuoteAspectId(static_cast<QuoteAspect>(9)), "?");
}

}  // namespace
}  // namespace svsm::snp
