#include "svsm/evidence/report_data.h"

#include <vector>

#include "svsm/crypto/openssl.h"
#include "svsm/evidence/tpm_public.h"
#include "svsm/testing/matchers.h"
#include "tests/evidence/vectors.h"

namespace svsm::evidence {
namespace {

using testing::BytesAre;
using ::testing::Eq;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

class ReportDataTest : public ::testing::Test {
 protected:
  ByteVector Digest(const crypto::Hash& hash, ByteView data) {
    ByteVector out(crypto::DigestSize(hash.algorithm()));
    EXPECT_THAT(hash.Digest(data, out), IsOk());
    return out;
  }
  const crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  const crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
};

TEST_F(ReportDataTest, EkDigestsAreOverTheBytesGiven) {
  const ByteVector ek = Vector("ek-p384.pub");
  const ByteView bare = Tpm2bContents(ek);
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportData of_tpm2b, EkReportData(sha512_, ek));
  EXPECT_THAT(of_tpm2b, SameBytes(Digest(sha512_, ek)));
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportData of_tpmt, EkReportData(sha512_, bare));
  EXPECT_THAT(of_tpmt, SameBytes(Digest(sha512_, bare)));
  for (const ByteView form : {ByteView(ek), bare}) {
    EXPECT_THAT(MatchEkReportData(sha512_, of_tpm2b, form), IsOkAnd(Eq(ReportDataKind::kEkTpm2b)));
    EXPECT_THAT(MatchEkReportData(sha512_, of_tpmt, form), IsOkAnd(Eq(ReportDataKind::kEkTpmt)));
    EXPECT_THAT(MatchEkReportData(sha512_, ReportData{}, form),
                IsStatus(Code::kAuthFailed, Source::kEvidence));
  }
}

TEST_F(ReportDataTest, OnlyTemplatesAreEndorsementKeys) {
  const ByteVector srk = Vector("srk-p256.pub");
  EXPECT_THAT(EkReportData(sha512_, srk), IsStatus(Code::kNotFound, Source::kEvidence));
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportData data, EkReportData(sha512_, Vector("ek-p256.pub")));
  EXPECT_THAT(MatchEkReportData(sha512_, data, srk), IsStatus(Code::kNotFound, Source::kEvidence));
  EXPECT_THAT(EkReportData(sha512_, {}), IsStatus(Code::kTruncated, Source::kCore, 0));
}

TEST_F(ReportDataTest, EveryKindNeedsItsHash) {
  const ByteVector ek = Vector("ek-p256.pub");
  const Bytes<64> bytes{};
  const ByteView view = bytes;
  const auto wrong = IsStatus(Code::kInvalidArgument, Source::kEvidence);
  EXPECT_THAT(EkReportData(sha384_, ek), wrong);
  EXPECT_THAT(MatchEkReportData(sha256_, bytes, ek), wrong);
  EXPECT_THAT(ServiceManifestReportData(sha256_, view, {}), wrong);
  EXPECT_THAT(HclReportData(sha512_, view), wrong);
  const Bytes<66> coordinate{};
  EXPECT_THAT(BrokerKeyReportData(sha256_, coordinate, coordinate, view.first(32)), wrong);
  EXPECT_THAT(OwnReportData(OwnKind::kBrokerBinding, sha512_, {&view, 1}), wrong);
}

TEST_F(ReportDataTest, ManifestNonceHasExactlySixtyFourBytes) {
  const ByteVector nonce(65, 7);
  const ByteVector manifest = {1, 2, 3};
  const auto wrong = IsStatus(Code::kInvalidArgument, Source::kEvidence, 64);
  EXPECT_THAT(ServiceManifestReportData(sha512_, {}, manifest), wrong);
  EXPECT_THAT(ServiceManifestReportData(sha512_, ByteView(nonce).first(63), manifest), wrong);
  EXPECT_THAT(ServiceManifestReportData(sha512_, nonce, manifest), wrong);
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ReportData data,
      ServiceManifestReportData(sha512_, ByteView(nonce).first(64), manifest));
  ByteVector joined(64, 7);
  joined.insert(joined.end(), manifest.begin(), manifest.end());
  EXPECT_THAT(data, SameBytes(Digest(sha512_, joined)));
}

TEST_F(ReportDataTest, RuntimeDataIsFollowedByZeros) {
  const ByteVector json(kMaxHclRuntimeDataSize + 1, '{');
  const auto wrong = IsStatus(Code::kInvalidArgument, Source::kEvidence, kMaxHclRuntimeDataSize);
  EXPECT_THAT(HclReportData(sha256_, {}), wrong);
  EXPECT_THAT(HclReportData(sha256_, json), wrong);
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportData data, HclReportData(sha256_, AsBytes("{}")));
  EXPECT_THAT(data, BytesAre("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
                             "0000000000000000000000000000000000000000000000000000000000000000"));
}

TEST_F(ReportDataTest, BrokerKeyAcceptsItsSizesAlone) {
  const ByteVector bytes(67, 9);
  const ByteView all = bytes;
  const ByteView coordinate = all.first(66);
  const auto wrong_coordinate = IsStatus(Code::kInvalidArgument, Source::kEvidence, 66);
  const auto wrong_nonce = IsStatus(Code::kInvalidArgument, Source::kEvidence, 64);
  EXPECT_THAT(BrokerKeyReportData(sha512_, all.first(65), coordinate, all.first(32)),
              wrong_coordinate);
  EXPECT_THAT(BrokerKeyReportData(sha512_, coordinate, all, all.first(32)), wrong_coordinate);
  for (const std::size_t size : {0u, 15u, 65u}) {
    EXPECT_THAT(BrokerKeyReportData(sha512_, coordinate, coordinate, all.first(size)), wrong_nonce);
  }
  for (const std::size_t size : {16u, 32u, 64u}) {
    EXPECT_THAT(BrokerKeyReportData(sha512_, coordinate, coordinate, all.first(size)),
                IsOkAnd(SameBytes(Digest(sha512_, ByteVector(66 + 66 + size, 9)))));
  }
}

TEST_F(ReportDataTest, TrusteesRuntimeDataBeginsAlikeAndEndsInZeros) {
  const auto wrong = IsStatus(Code::kInvalidArgument, Source::kEvidence, kMaxRuntimeDataSize);
  const std::string text = R"({"additional-evidence":"","nonce":"x"})";
  EXPECT_THAT(RuntimeReportData(sha384_, AsBytes("{}")), wrong);
  EXPECT_THAT(RuntimeReportData(sha384_, AsBytes(R"({"additional-evidencE":"","nonce":"x"})")),
              wrong);
  EXPECT_THAT(RuntimeReportData(sha384_, AsBytes(text + std::string(kMaxRuntimeDataSize, ' '))),
              wrong);
  EXPECT_THAT(RuntimeReportData(sha512_, AsBytes(text)),
              IsStatus(Code::kInvalidArgument, Source::kEvidence));
  ByteVector expected = Digest(sha384_, AsBytes(text));
  expected.resize(64);
  EXPECT_THAT(RuntimeReportData(sha384_, AsBytes(text)), IsOkAnd(SameBytes(expected)));
}

TEST_F(ReportDataTest, OwnKindIsLabelledVersionedAndTagged) {
  const ByteVector a = {'a', 'b'};
  const ByteVector b = {'c'};
  const ByteView parts[] = {a, b};
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportData data,
                            OwnReportData(OwnKind::kBrokerBinding, sha384_, parts));
  const std::string encoded = std::string("\x00\x13", 2) + "svsm broker binding" +
                              std::string("\0\0\0\1\0\0\0\2", 8) + std::string(7, '\0') + "\2ab" +
                              std::string(7, '\0') + "\1c";
  EXPECT_THAT(ByteView(data).first(48), SameBytes(Digest(sha384_, AsBytes(encoded))));
  EXPECT_THAT(ByteView(data).last(16), SameBytes(AsBytes("SVSM:BROKER-KEY1")));
  EXPECT_THAT(OwnKindTag(OwnKind::kBrokerBinding), SameBytes(AsBytes("SVSM:BROKER-KEY1")));
  EXPECT_THAT(FindOwnKind(data), IsOkAnd(Eq(OwnKind::kBrokerBinding)));
}

TEST_F(ReportDataTest, PartsCannotBeMovedIntoEachOther) {
  const ByteVector bytes = {'a', 'b', 'c'};
  const ByteView all = bytes;
  std::vector<std::vector<ByteView>> bindings = {{all},
                                                 {all.first(2), all.last(1)},
                                                 {all.first(1), all.last(2)},
                                                 {all, {}},
                                                 {{}, all},
                                                 {all.first(0)},
                                                 {all.first(0), {}}};
  std::vector<ReportData> seen;
  for (const auto& parts : bindings) {
    SVSM_ASSERT_OK_AND_ASSIGN(const ReportData data,
                              OwnReportData(OwnKind::kBrokerBinding, sha384_, parts));
    EXPECT_EQ(std::count(seen.begin(), seen.end(), data), 0);
    seen.push_back(data);
  }
}

TEST_F(ReportDataTest, OwnKindHasABoundedNumberOfParts) {
  const std::vector<ByteView> parts(kMaxOwnParts + 1);
  const auto wrong = IsStatus(Code::kInvalidArgument, Source::kEvidence, kMaxOwnParts);
  EXPECT_THAT(OwnReportData(OwnKind::kBrokerBinding, sha384_, {}), wrong);
  EXPECT_THAT(OwnReportData(OwnKind::kBrokerBinding, sha384_, parts), wrong);
  EXPECT_THAT(OwnReportData(OwnKind::kBrokerBinding, sha384_, std::span(parts).first(kMaxOwnParts)),
              IsOk());
}

TEST_F(ReportDataTest, CompatibleKindsCarryNoTag) {
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportData ek, EkReportData(sha512_, Vector("ek-p256.pub")));
  EXPECT_THAT(FindOwnKind(ek), IsStatus(Code::kNotFound, Source::kEvidence));
  EXPECT_THAT(FindOwnKind(ReportData{}), IsStatus(Code::kNotFound, Source::kEvidence));
}

TEST_F(ReportDataTest, KindsHaveNames) {
  EXPECT_STREQ(ReportDataKindName(ReportDataKind::kServiceManifest), "SHA-512(nonce || manifest)");
  EXPECT_STREQ(ReportDataKindName(static_cast<ReportDataKind>(99)), "?");
}

}  // namespace
}  // namespace svsm::evidence
