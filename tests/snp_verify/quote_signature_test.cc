#include "src/snp/verify/quote_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"
#include "tests/snp_verify/quote_vectors.h"

namespace svsm::snp {
namespace {

using evidence::TpmAlg;
using testing::IsOk;
using testing::IsStatus;

QuoteKey KeyOf(const std::string& name) {
  Result<QuoteKey> key = ReadQuoteKey(QuoteVector(name + ".ak"));
  EXPECT_THAT(key, IsOk());
  return *std::move(key);
}

TEST(QuoteSignatureTest, ReadsEveryForm) {
  const struct {
    const char* name;
    TpmAlg scheme;
  } kForms[] = {{"ecdsa", TpmAlg::kEcdsa},
                {"ecdsa-plain", TpmAlg::kEcdsa},
                {"rsassa", TpmAlg::kRsaSsa},
                {"rsassa-plain", TpmAlg::kRsaSsa},
                {"rsapss", TpmAlg::kRsaPss}};
  for (const auto& form : kForms) {
    SCOPED_TRACE(form.name);
    const QuoteKey key = KeyOf(form.name);
    const std::string name = form.name;
    SVSM_ASSERT_OK_AND_ASSIGN(const QuoteSignature signature,
                              ReadQuoteSignature(QuoteVector(name + ".sig"), key, {}));
    EXPECT_EQ(signature.scheme, form.scheme);
    EXPECT_EQ(signature.hash, TpmAlg::kSha256);
    ByteVector message = QuoteVector(name + ".msg");
    EXPECT_THAT(CheckQuoteSignature(key, signature, message), IsOk());
    message.back() ^= 1;
    EXPECT_THAT(CheckQuoteSignature(key, signature, message),
                IsStatus(Code::kAuthFailed, Source::kSnpVerify));
  }
}

TEST(QuoteSignatureTest, BareNumbersHaveTheKeysScheme) {
  const QuoteKey key = KeyOf("rsapss");
  const ByteVector number = ByteVector(key.modulus.size(), 1);
  SVSM_ASSERT_OK_AND_ASSIGN(const QuoteSignature pss,
                            ReadQuoteSignature(number, key, {TpmAlg::kRsaPss, TpmAlg::kSha384}));
  EXPECT_EQ(pss.scheme, TpmAlg::kRsaPss);
  EXPECT_EQ(pss.hash, TpmAlg::kSha384);
}

TEST(QuoteSignatureTest, RefusesDamage) {
  const QuoteKey key = KeyOf("ecdsa-plain");
  ByteVector der = QuoteVector("ecdsa-plain.sig");
  der.push_back(0);
  EXPECT_THAT(ReadQuoteSignature(der, key, {}), IsStatus(Code::kMalformed, Source::kSnpVerify));
  const ByteVector negative = {0x30, 0x06, 0x02, 0x01, 0xFF, 0x02, 0x01, 0x01};
  EXPECT_THAT(ReadQuoteSignature(negative, key, {}),
              IsStatus(Code::kMalformed, Source::kSnpVerify));
  EXPECT_THAT(ReadQuoteSignature({}, key, {}), IsStatus(Code::kTruncated, Source::kCore, 0));
}

TEST(QuoteSignatureTest, NumbersTooLargeForTheCurveDoNotVerify) {
  const QuoteKey key = KeyOf("ecdsa");
  SVSM_ASSERT_OK_AND_ASSIGN(QuoteSignature signature,
                            ReadQuoteSignature(QuoteVector("ecdsa.sig"), key, {}));
  const ByteVector message = QuoteVector("ecdsa.msg");
  // Leading zeros are nothing; another byte is.
  signature.r.insert(signature.r.begin(), 0);
  EXPECT_THAT(CheckQuoteSignature(key, signature, message), IsOk());
  signature.r.front() = 1;
  EXPECT_THAT(CheckQuoteSignature(key, signature, message),
              IsStatus(Code::kAuthFailed, Source::kSnpVerify));
  signature.r.assign(1, 0);
  EXPECT_THAT(CheckQuoteSignature(key, signature, message),
              IsStatus(Code::kAuthFailed, Source::kSnpVerify));
}

TEST(QuoteSignatureTest, APointOffItsCurveIsNoKey) {
  QuoteKey key = KeyOf("ecdsa");
  key.y.back() ^= 1;
  SVSM_ASSERT_OK_AND_ASSIGN(const QuoteSignature signature,
                            ReadQuoteSignature(QuoteVector("ecdsa.sig"), key, {}));
  EXPECT_EQ(CheckQuoteSignature(key, signature, QuoteVector("ecdsa.msg")).code(), Code::kMalformed);
}

}  // namespace
}  // namespace svsm::snp
