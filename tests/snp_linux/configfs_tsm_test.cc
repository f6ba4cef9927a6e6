// Covers: svsm/snp_linux/detail.h
#include "svsm/snp_linux/configfs_tsm.h"

#include <string>
#include <vector>

#include "svsm/testing/matchers.h"
#include "tests/snp_linux/fake_tsm_tree.h"

namespace svsm::snp {
namespace {

using snp::testing::FakeTsmTree;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;
using ::testing::ElementsAre;

constexpr Guid kVtpm = Guid::Parse("c476f1eb-0123-45a5-9641-b4e7dde5bfe3");

class ConfigfsTsmTest : public ::testing::Test {
 protected:
  void SetUp() override { request_.inblob.fill(0x5A); }
  void TearDown() override { EXPECT_EQ(tree_.entries, 0) << "an entry was left behind"; }
  FakeTsmTree tree_;
  TsmRequest request_;
};

TEST_F(ConfigfsTsmTest, CollectsAReport) {
  tree_.auxblob = ByteVector(72, 9);
  SVSM_ASSERT_OK_AND_ASSIGN(const TsmReport report, CollectTsmReport(tree_, request_));
  EXPECT_THAT(ByteView(report.report).subspan(0x50, 64), SameBytes(request_.inblob));
  EXPECT_EQ(report.certificates, tree_.auxblob);
  EXPECT_TRUE(report.manifest.empty());
  EXPECT_THAT(tree_.order, ElementsAre("inblob"));
}

TEST_F(ConfigfsTsmTest, AMissingAuxblobIsNoCertificates) {
  tree_.has_auxblob = false;
  SVSM_ASSERT_OK_AND_ASSIGN(const TsmReport report, CollectTsmReport(tree_, request_));
  EXPECT_TRUE(report.certificates.empty());
}

TEST_F(ConfigfsTsmTest, AsksForAPrivilegeLevel) {
  tree_.floor = "2\n";
  request_.vmpl = Vmpl(3);
  EXPECT_THAT(CollectTsmReport(tree_, request_), IsOk());
  EXPECT_EQ(tree_.Written("privlevel"), "3");
  EXPECT_THAT(tree_.order, ElementsAre("privlevel", "inblob"));
  // Below an SVSM.
  request_.vmpl = Vmpl(0);
  EXPECT_THAT(CollectTsmReport(tree_, request_),
              IsStatus(Code::kPermissionDenied, Source::kSnp, 2));
  request_.vmpl = Vmpl(4);
  EXPECT_THAT(CollectTsmReport(tree_, request_), IsStatus(Code::kInvalidArgument, Source::kSnp));
  // Kernels without the attribute decide on their own.
  tree_.floor = "";
  request_.vmpl = Vmpl(0);
  EXPECT_THAT(CollectTsmReport(tree_, request_), IsOk());
}

TEST_F(ConfigfsTsmTest, AsksTheSvsmForAService) {
  tree_.has_svsm = true;
  tree_.has_auxblob = false;
  tree_.manifest = ByteVector(314, 7);
  request_.service = SvsmService{kVtpm, 1};
  request_.vmpl = Vmpl(0);
  SVSM_ASSERT_OK_AND_ASSIGN(const TsmReport report, CollectTsmReport(tree_, request_));
  EXPECT_EQ(report.manifest, tree_.manifest);
  EXPECT_EQ(tree_.Written("service_provider"), "svsm");
  EXPECT_EQ(tree_.Written("service_guid"), "c476f1eb-0123-45a5-9641-b4e7dde5bfe3");
  EXPECT_EQ(tree_.Written("service_manifest_version"), "1");
  EXPECT_THAT(tree_.order, ElementsAre("service_provider", "service_guid",
                                       "service_manifest_version", "inblob"));
}

TEST_F(ConfigfsTsmTest, WithoutAGuidAllServicesAreMeant) {
  tree_.has_svsm = true;
  request_.service = SvsmService{};
  EXPECT_THAT(CollectTsmReport(tree_, request_), IsOk());
  EXPECT_THAT(tree_.order, ElementsAre("service_provider", "inblob"));
}

TEST_F(ConfigfsTsmTest, AKernelWithoutSvsmSaysSo) {
  request_.service = SvsmService{kVtpm, 0};
  EXPECT_THAT(CollectTsmReport(tree_, request_),
              IsStatus(Code::kUnavailable, Source::kSnp, kDetailNoSvsm));
}

TEST_F(ConfigfsTsmTest, AnotherTeeIsRefused) {
  tree_.provider = "tdx_guest\n";
  EXPECT_THAT(CollectTsmReport(tree_, request_),
              IsStatus(Code::kUnsupported, Source::kSnp, kDetailOtherProvider));
}

TEST_F(ConfigfsTsmTest, ARacingWriterIsSeen) {
  for (const char* moment : {"inblob", "outblob", "auxblob"}) {
    tree_.meddle = [this, moment](const std::string&, const std::string& attribute) {
      if (attribute == moment) ++tree_.generation;
      return OkStatus();
    };
    EXPECT_THAT(CollectTsmReport(tree_, request_),
                IsStatus(Code::kBusy, Source::kSnp, kDetailRacingWriter))
        << moment;
  }
  tree_.meddle = nullptr;
  EXPECT_THAT(CollectTsmReport(tree_, request_), IsOk());
}

TEST_F(ConfigfsTsmTest, AGenerationThatIsNoNumberIsRefused) {
  tree_.floor = "zero\n";
  request_.vmpl = Vmpl(1);
  EXPECT_THAT(CollectTsmReport(tree_, request_),
              IsStatus(Code::kMalformed, Source::kSnp, kDetailNotANumber));
  tree_.floor = "\n";
  EXPECT_THAT(CollectTsmReport(tree_, request_),
              IsStatus(Code::kMalformed, Source::kSnp, kDetailNotANumber));
}

TEST_F(ConfigfsTsmTest, ReportsMustHaveTheirSize) {
  for (const std::size_t size : {0u, 0x49Fu, 0x4A1u, 4000u}) {
    tree_.report_size = size;
    EXPECT_THAT(CollectTsmReport(tree_, request_), IsStatus(Code::kMalformed, Source::kSnp, size));
  }
}

TEST_F(ConfigfsTsmTest, AZeroReportMeansAWrongVmpl) {
  tree_.zero_report = true;
  EXPECT_THAT(CollectTsmReport(tree_, request_),
              IsStatus(Code::kPermissionDenied, Source::kSnp, kDetailZeroReport));
}

// Fails the n-th access until all pass: each failure comes out as it is.
TEST_F(ConfigfsTsmTest, EveryFailureComesOut) {
  tree_.has_svsm = true;
  request_.service = SvsmService{kVtpm, 0};
  const Status failure(Code::kIoError, Source::kSystem, 5);
  int passed = 0;
  for (;; ++passed) {
    int left = passed;
    tree_.meddle = [&left, failure](const std::string&, const std::string&) {
      return left-- == 0 ? failure : OkStatus();
    };
    const auto report = CollectTsmReport(tree_, request_);
    if (report.ok()) break;
    EXPECT_EQ(report.status(), failure) << passed;
    EXPECT_EQ(tree_.entries, 0);
  }
  EXPECT_EQ(passed, 11);
}

TEST_F(ConfigfsTsmTest, IsAnAttester) {
  tree_.auxblob = ByteVector(100, 9);
  ConfigfsTsmAttester attester(tree_, Vmpl(2));
  EXPECT_EQ(attester.Sizes().report_bytes, kReportSize);
  EXPECT_EQ(attester.Sizes().certificates_bytes, 0x4000u);
  ByteVector report(kReportSize + 5, 0xEE), certificates(200, 0xEE);
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes sizes,
                            attester.Attest(request_.inblob, report, certificates));
  EXPECT_EQ(sizes.report_bytes, kReportSize);
  EXPECT_EQ(sizes.certificates_bytes, 100u);
  EXPECT_EQ(attester.Sizes().certificates_bytes, 100u);
  EXPECT_THAT(ByteView(report).subspan(0x50, 64), SameBytes(request_.inblob));
  EXPECT_TRUE(IsZero(ByteView(report).subspan(kReportSize)));
  EXPECT_THAT(ByteView(certificates).first(100), SameBytes(tree_.auxblob));
  EXPECT_TRUE(IsZero(ByteView(certificates).subspan(100)));
  EXPECT_EQ(tree_.Written("privlevel"), "2");

  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes plain,
                            attester.Attest(request_.inblob, report, {}));
  EXPECT_EQ(plain.certificates_bytes, 0u);
}

TEST_F(ConfigfsTsmTest, AttesterRefusesShortBuffersAndLeavesZeros) {
  tree_.auxblob = ByteVector(100, 9);
  ConfigfsTsmAttester attester(tree_, std::nullopt);
  ByteVector report(kReportSize, 0xEE), certificates(99, 0xEE);
  EXPECT_THAT(attester.Attest(request_.inblob, ByteSpan(report).first(1000), {}),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, kReportSize));
  EXPECT_EQ(tree_.made, 0);
  EXPECT_THAT(attester.Attest(request_.inblob, report, certificates),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, 100));
  EXPECT_TRUE(IsZero(report));
  EXPECT_TRUE(IsZero(certificates));
  tree_.zero_report = true;
  EXPECT_THAT(attester.Attest(request_.inblob, report, {}),
              IsStatus(Code::kPermissionDenied, Source::kSnp, kDetailZeroReport));
}

}  // namespace
}  // namespace svsm::snp
