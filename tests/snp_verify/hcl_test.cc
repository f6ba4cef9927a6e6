#include "svsm/snp_verify/hcl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"
#include "tests/snp_verify/quote_vectors.h"

namespace svsm::snp {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

// A blob without a genuine report.
ByteVector Blob(const std::string& json) {
  HclHeader header{};
  header.magic = Ascii("HCLA");
  header.version = 1;
  header.size = static_cast<std::uint32_t>(sizeof(HclHeader) + json.size());
  header.request_type = 2;
  header.runtime_size = static_cast<std::uint32_t>(20 + json.size());
  header.runtime_version = 1;
  header.report_type = 2;
  header.hash_type = 1;
  header.json_size = static_cast<std::uint32_t>(json.size());
  ByteVector blob = ToVector(wire::ToBytes(header));
  blob.insert(blob.end(), json.begin(), json.end());
  return blob;
}

TEST(HclTest, TakesABlobApart) {
  ByteVector bytes = Blob("{}");
  bytes[0x20] = 7;
  bytes.resize(bytes.size() + 100);
  SVSM_ASSERT_OK_AND_ASSIGN(const HclBlob blob, ParseHcl(bytes));
  EXPECT_EQ(blob.report.size(), 1184u);
  EXPECT_EQ(blob.report[0], 7);
  EXPECT_THAT(blob.json, SameBytes(AsBytes("{}")));
}

TEST(HclTest, RefusesWhatContradictsItself) {
  const ByteVector good = Blob("{}");
  const auto patched = [&](std::size_t at, std::uint8_t value) {
    ByteVector bytes = good;
    bytes.at(at) = value;
    return ParseHcl(bytes).status();
  };
  const auto malformed = [](std::size_t offset) {
    return IsStatus(Code::kMalformed, Source::kSnpVerify, offset);
  };
  const auto unsupported = [](std::uint32_t value) {
    return IsStatus(Code::kUnsupported, Source::kSnpVerify, value);
  };
  EXPECT_THAT(patched(0x00, 'h'), malformed(0));
  EXPECT_THAT(patched(0x04, 2), IsOk());
  EXPECT_THAT(patched(0x04, 3), unsupported(3));
  EXPECT_THAT(patched(0x08, 0xD7), malformed(0x08));
  EXPECT_THAT(patched(0x0C, 1), unsupported(1));
  EXPECT_THAT(patched(0x10, 1), malformed(0x10));
  EXPECT_THAT(patched(0x1F, 1), malformed(0x14));
  EXPECT_THAT(patched(0x4C0, 23), malformed(0x4C0));
  EXPECT_THAT(patched(0x4C4, 2), unsupported(2));
  EXPECT_THAT(patched(0x4C8, 4), unsupported(4));
  EXPECT_THAT(patched(0x4CC, 2), unsupported(2));
  EXPECT_THAT(patched(0x4D0, 0), malformed(0x4D0));
  EXPECT_THAT(patched(0x4D2, 1), malformed(0x4D0));
  ByteVector longer = good;
  longer.push_back(1);
  EXPECT_THAT(ParseHcl(longer), malformed(good.size()));
  EXPECT_THAT(ParseHcl(ByteView(good).first(good.size() - 1)),
              IsStatus(Code::kTruncated, Source::kSnpVerify, good.size()));
  EXPECT_THAT(ParseHcl(ByteView(good).first(0x4D3)),
              IsStatus(Code::kTruncated, Source::kCore, 0x4D4));
  EXPECT_THAT(ParseHcl(ByteVector(kMaxHclSize + 1)),
              IsStatus(Code::kOutOfRange, Source::kSnpVerify, kMaxHclSize));
}

class AzureTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (AzureVectors().empty()) GTEST_SKIP() << "no recorded Azure evidence here";
    blob_ = Load("hcl_report.bin");
    leaf_ = Load("vcek.der");
    message_ = Load("quote.msg");
    signature_ = Load("quote.sig");
    pcrs_ = Load("pcrs.json");
  }
  static ByteVector Load(const std::string& name) {
    Result<ByteVector> bytes = ReadFile(AzureVectors() + "/" + name);
    EXPECT_THAT(bytes, IsOk());
    return *std::move(bytes);
  }
  Result<HclVerdict> Verify() {
    std::string error;
    SVSM_ASSIGN_OR_RETURN(const evidence::TpmQuote quote, evidence::ParseQuote(message_));
    SVSM_ASSIGN_OR_RETURN(const PcrTable pcrs, ReadPcrFile(pcrs_, quote.selection, error));
    const QuoteEvidence evidence = {
        .message = message_, .signature = signature_, .pcrs = &pcrs, .nonce = nonce_};
    return VerifyHcl(verifier_, {.blob = blob_, .leaf = leaf_, .quote = &evidence}, policy_);
  }
  // Neither trusted nor a crash, whatever the error.
  bool Trusted() {
    const Result<HclVerdict> verdict = Verify();
    return verdict.ok() && verdict->trusted();
  }

  TrustStore store_ = *TrustStore::Amd();
  crypto::OpensslEcdsaVerifier p384_{crypto::Curve::kP384};
  svsm::testing::ManualClock clock_{forge::kNow};
  Verifier verifier_{store_, p384_, clock_};
  Policy policy_;
  ByteVector blob_, leaf_, message_, signature_, pcrs_;
  ByteVector nonce_ = ToVector(AsBytes("challenge"));
};

TEST_F(AzureTest, ADeployedVtpmIsTrusted) {
  SVSM_ASSERT_OK_AND_ASSIGN(const HclVerdict verdict, Verify());
  EXPECT_TRUE(verdict.trusted());
  EXPECT_EQ(verdict.report.report->contents().vmpl(), Vmpl(0));
  EXPECT_EQ(verdict.quote->quote->pcrs().size(), 24u);
  EXPECT_EQ(verdict.key.modulus.size(), 256u);
}

TEST_F(AzureTest, WithoutQuoteTheReportAloneIsJudged) {
  SVSM_ASSERT_OK_AND_ASSIGN(const HclVerdict verdict,
                            VerifyHcl(verifier_, {.blob = blob_, .leaf = leaf_}, policy_));
  EXPECT_TRUE(verdict.trusted());
  EXPECT_FALSE(verdict.quote.has_value());
}

TEST_F(AzureTest, ThePolicysOwnBindingDoesNotCount) {
  policy_.report_data = Bytes<64>{1};
  policy_.vmpl = Vmpl(2);
  EXPECT_TRUE(Trusted());
  policy_.measurements = {Bytes<48>{}};
  SVSM_ASSERT_OK_AND_ASSIGN(const HclVerdict verdict, Verify());
  EXPECT_FALSE(verdict.trusted());
  EXPECT_TRUE(Contains(verdict.report.refusals, Reason::kMeasurement));
}

TEST_F(AzureTest, AnotherNonceIsRefused) {
  nonce_.back() ^= 1;
  SVSM_ASSERT_OK_AND_ASSIGN(const HclVerdict verdict, Verify());
  EXPECT_TRUE(Contains(verdict.quote->refusals, QuoteReason::kNonce));
}

TEST_F(AzureTest, EveryChangedByteIsRefused) {
  // JSON, report and header; the quote; its signature; the PCR values.
  for (ByteVector* part : {&blob_, &message_, &signature_, &pcrs_}) {
    const std::size_t step = part == &blob_ ? 7 : 3;
    for (std::size_t at = 0; at < part->size(); at += step) {
      if (part == &blob_ && at == 0x04) continue;  // 1 and 2 are both versions; 0 follows below
      (*part)[at] ^= 1;
      EXPECT_FALSE(Trusted()) << (part - &blob_) << " byte " << at;
      (*part)[at] ^= 1;
    }
  }
  blob_[0x04] = 0;
  EXPECT_FALSE(Trusted());
}

TEST_F(AzureTest, ARewrittenJsonIsRefusedByReportData) {
  const std::string text(blob_.begin(), blob_.end());
  const std::size_t at = text.find("\"secure-boot\":true");
  ASSERT_NE(at, std::string::npos);
  blob_[at + 1] = 'S';
  SVSM_ASSERT_OK_AND_ASSIGN(const HclVerdict verdict, Verify());
  EXPECT_TRUE(Contains(verdict.report.refusals, Reason::kReportData));
}

}  // namespace
}  // namespace svsm::snp
