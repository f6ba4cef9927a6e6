#include "svsm/evidence/attest.h"

#include <vector>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/evidence/vectors.h"

namespace svsm::evidence {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

ByteVector Patched(ByteVector bytes, std::size_t at, std::uint8_t value) {
  bytes.at(at) = value;
  return bytes;
}

// Offsets in ecdsa.msg: a signer of 34 bytes, 16 bytes of nonce, two banks.
constexpr std::size_t kSafeAt = 76;
constexpr std::size_t kCountAt = 85;
constexpr std::size_t kFirstBankAt = 89;

TEST(AttestTest, ReadsAQuoteOfAnotherTpm) {
  const ByteVector message = Vector("ecdsa.msg");
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmQuote quote, ParseQuote(message));
  EXPECT_EQ(quote.common.qualified_signer.size(), 34u);
  EXPECT_THAT(quote.common.extra_data, BytesAre("00112233445566778899aabbccddeeff"));
  EXPECT_TRUE(quote.common.clock.safe);
  EXPECT_NE(quote.common.clock.clock_ms, 0u);
  ASSERT_EQ(quote.selection.size, 2u);
  EXPECT_EQ(quote.selection.items[0].bank, TpmAlg::kSha256);
  EXPECT_EQ(quote.selection.items[0].mask, 0x21u);
  EXPECT_EQ(quote.selection.items[1].bank, TpmAlg::kSha384);
  EXPECT_EQ(quote.selection.items[1].mask, 0x20u);
  EXPECT_EQ(quote.pcr_digest.size(), 32u);
}

TEST(AttestTest, RefusesEveryPrefixAndEveryLongerInput) {
  ByteVector message = Vector("ecdsa.msg");
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_EQ(ParseQuote(ByteView(message).first(size)).status().code(), Code::kTruncated) << size;
  }
  message.push_back(0);
  EXPECT_THAT(ParseQuote(message), IsStatus(Code::kMalformed, Source::kCore, message.size() - 1));
}

TEST(AttestTest, RefusesWhatNoTpmWrites) {
  const ByteVector message = Vector("ecdsa.msg");
  EXPECT_THAT(ParseQuote(Patched(message, 0, 0xFE)), IsStatus(Code::kMalformed, Source::kCore, 4));
  EXPECT_THAT(ParseQuote(Patched(message, 5, 0x17)),
              IsStatus(Code::kUnsupported, Source::kEvidence, 0x8017));
  EXPECT_THAT(ParseQuote(Patched(message, kSafeAt, 2)),
              IsStatus(Code::kMalformed, Source::kCore, kSafeAt + 1));
  EXPECT_THAT(ParseQuote(Patched(message, kCountAt + 3, 9)),
              IsStatus(Code::kUnsupported, Source::kEvidence, 9));
  EXPECT_THAT(ParseQuote(Patched(message, kFirstBankAt + 1, 0x12)),
              IsStatus(Code::kUnsupported, Source::kEvidence, 0x12));
  // No selection bytes; then one bank named twice.
  EXPECT_THAT(ParseQuote(Patched(message, kFirstBankAt + 2, 0)),
              IsStatus(Code::kMalformed, Source::kCore, kFirstBankAt + 3));
  EXPECT_THAT(ParseQuote(Patched(message, kFirstBankAt + 7, 0x0B)),
              IsStatus(Code::kMalformed, Source::kCore, kFirstBankAt + 12));
  // A signer's name longer than any hash's.
  EXPECT_THAT(ParseQuote(Patched(message, 7, 67)), IsStatus(Code::kMalformed, Source::kCore, 75));
}

TEST(AttestTest, RefusesPcrsThatDoNotExist) {
  ByteVector message = Vector("ecdsa.msg");
  message[kFirstBankAt + 2] = 4;
  message.insert(message.begin() + kFirstBankAt + 6, 1);
  EXPECT_THAT(ParseQuote(message), IsStatus(Code::kMalformed, Source::kCore, kFirstBankAt + 7));
  message[kFirstBankAt + 6] = 0;
  EXPECT_THAT(ParseQuote(message), IsOk());
}

TEST(AttestTest, ReadsACertification) {
  const ByteVector quote = Vector("ecdsa.msg");
  // The common part of a quote with the other type, then two names.
  ByteVector certify(quote.begin(), quote.begin() + kCountAt);
  certify[5] = 0x17;
  const Bytes<7> names = {0x00, 0x02, 0x11, 0x22, 0x00, 0x01, 0x33};
  certify.insert(certify.end(), names.begin(), names.end());
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmCertify read, ParseCertify(certify));
  EXPECT_THAT(read.name, BytesAre("1122"));
  EXPECT_THAT(read.qualified_name, BytesAre("33"));
  EXPECT_THAT(ParseCertify(quote), IsStatus(Code::kUnsupported, Source::kEvidence, 0x8018));
  certify.pop_back();
  EXPECT_THAT(ParseCertify(certify), IsStatus(Code::kTruncated, Source::kCore, certify.size()));
}

TEST(AttestTest, ReadsSignatures) {
  const ByteVector ecdsa = Vector("ecdsa.sig");
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmSignature point, ParseSignature(ecdsa));
  EXPECT_EQ(point.scheme, TpmAlg::kEcdsa);
  EXPECT_EQ(point.hash, TpmAlg::kSha256);
  EXPECT_LE(point.r.size(), 32u);
  EXPECT_LE(point.s.size(), 32u);
  const ByteVector rsassa = Vector("rsassa.sig");
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmSignature number, ParseSignature(rsassa));
  EXPECT_EQ(number.scheme, TpmAlg::kRsaSsa);
  EXPECT_EQ(number.rsa.size(), 256u);
  const ByteVector rsapss = Vector("rsapss.sig");
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmSignature pss, ParseSignature(rsapss));
  EXPECT_EQ(pss.scheme, TpmAlg::kRsaPss);
}

TEST(AttestTest, RefusesBadSignatures) {
  const ByteVector rsassa = Vector("rsassa.sig");
  EXPECT_THAT(ParseSignature(Patched(rsassa, 1, 0x1A)),
              IsStatus(Code::kUnsupported, Source::kEvidence, 0x1A));
  EXPECT_THAT(ParseSignature(Patched(rsassa, 3, 0x12)),
              IsStatus(Code::kUnsupported, Source::kEvidence, 0x12));
  for (std::size_t size = 0; size < rsassa.size(); ++size) {
    EXPECT_EQ(ParseSignature(ByteView(rsassa).first(size)).status().code(), Code::kTruncated);
  }
  const Bytes<6> empty_rsa = {0x00, 0x14, 0x00, 0x0B, 0x00, 0x00};
  EXPECT_THAT(ParseSignature(empty_rsa), IsStatus(Code::kMalformed, Source::kCore, 6));
  const Bytes<9> empty_s = {0x00, 0x18, 0x00, 0x0B, 0x00, 0x01, 0x05, 0x00, 0x00};
  EXPECT_THAT(ParseSignature(empty_s), IsStatus(Code::kMalformed, Source::kCore, 9));
}

class PcrDigestTest : public ::testing::Test {
 protected:
  PcrDigestTest() {
    // The file of raw values follows the selection sha256:0,5 and sha384:5.
    values_ = {{TpmAlg::kSha384, 5, ByteView(raw_).subspan(64, 48)},
               {TpmAlg::kSha256, 5, ByteView(raw_).subspan(32, 32)},
               {TpmAlg::kSha256, 0, ByteView(raw_).first(32)}};
  }
  const ByteVector raw_ = Vector("ecdsa-values.pcrs");
  const ByteVector message_ = Vector("ecdsa-values.msg");
  std::vector<PcrValue> values_;
  crypto::OpensslHashStream sha256_{crypto::HashAlg::kSha256};
  Bytes<32> digest_;
};

TEST_F(PcrDigestTest, EqualsTheQuoted) {
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmQuote quote, ParseQuote(message_));
  ASSERT_THAT(ComputePcrDigest(sha256_, quote.selection, values_, digest_), IsOk());
  EXPECT_THAT(digest_, SameBytes(quote.pcr_digest));
  // Left-over bytes of an earlier failure do not get in.
  ASSERT_THAT(sha256_.Update(raw_), IsOk());
  ASSERT_THAT(ComputePcrDigest(sha256_, quote.selection, values_, digest_), IsOk());
  EXPECT_THAT(digest_, SameBytes(quote.pcr_digest));
}

TEST_F(PcrDigestTest, RefusesMissingRepeatedAndMisshapenValues) {
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmQuote quote, ParseQuote(message_));
  const auto digest_with = [&](std::vector<PcrValue> values) {
    digest_.fill(1);
    const Status status = ComputePcrDigest(sha256_, quote.selection, values, digest_);
    EXPECT_TRUE(IsZero(digest_));
    return status;
  };
  std::vector<PcrValue> values = values_;
  values.pop_back();
  EXPECT_THAT(digest_with(values), IsStatus(Code::kNotFound, Source::kEvidence, 0));
  values = values_;
  values.push_back(values_[1]);
  EXPECT_THAT(digest_with(values), IsStatus(Code::kAlreadyExists, Source::kEvidence, 5));
  values = values_;
  values[0].digest = values[0].digest.first(32);
  EXPECT_THAT(digest_with(values), IsStatus(Code::kInvalidArgument, Source::kEvidence, 5));
  EXPECT_THAT(ComputePcrDigest(sha256_, quote.selection, values_, ByteSpan(digest_).first(31)),
              IsStatus(Code::kInvalidArgument, Source::kEvidence));
}

}  // namespace
}  // namespace svsm::evidence
