// Reports that hardware made, from SVSM_VECTORS_DIR.
// Covers: svsm/snp/report.h
#include <cstdlib>
#include <string>

#include "svsm/snp/report.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::BytesAre;
using svsm::testing::IsOk;
using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using ::testing::Eq;

class RealReportTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* dir = std::getenv("SVSM_VECTORS_DIR");
    if (dir == nullptr) GTEST_SKIP() << "SVSM_VECTORS_DIR is not set: no hardware reports here";
    dir_ = std::string(dir) + "/snp/";
    if (!ReadFile(dir_ + "README.md").ok()) GTEST_SKIP() << dir_ << " has no hardware reports";
  }
  Result<UnverifiedReport> Decode(const std::string& name) const {
    SVSM_ASSIGN_OR_RETURN(const ByteVector bytes, ReadFile(dir_ + name + "/report.bin"));
    return DecodeReport(bytes);
  }
  std::string dir_;
};

bool AllBytesAre(ByteView bytes, std::uint8_t value) {
  for (const std::uint8_t byte : bytes) {
    if (byte != value) return false;
  }
  return true;
}

TEST_F(RealReportTest, MilanVersion2WithDebug) {
  SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, Decode("milan-v2-debug"));
  EXPECT_EQ(report.version(), 2u);
  EXPECT_EQ(report.guest_svn(), 0u);
  EXPECT_EQ(report.policy(), guest_policy::kSmt | guest_policy::kMustBeOne | guest_policy::kDebug);
  EXPECT_EQ(report.vmpl(), Vmpl(0));
  EXPECT_EQ(report.platform_info(), platform_info::kSmtEnabled);
  EXPECT_EQ(report.signing_key(), SigningKey::kVcek);
  EXPECT_TRUE(report.is_signed());
  EXPECT_THAT(ByteView(report.report_data()).first(8), BytesAre("0102030405000000"));
  EXPECT_TRUE(AllBytesAre(report.report_id_ma(), 0xFF));
  EXPECT_EQ(report.current_version(), (FirmwareVersion{1, 49, 3}));
  EXPECT_EQ(report.committed_version(), (FirmwareVersion{1, 49, 3}));
  EXPECT_EQ(ClassifyChipId(report.chip_id()), ChipIdForm::kFull);
  EXPECT_THAT(report.product(), IsStatus(Code::kNotFound, Source::kSnp));
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportTcbs tcbs, DecodeReportTcbs(report, Product::kMilan));
  const TcbVersion expected{TcbLayout::kMilan, 0, 2, 0, 5, 0x44};
  EXPECT_EQ(tcbs.current, expected);
  EXPECT_EQ(tcbs.reported, expected);
  EXPECT_EQ(tcbs.committed, expected);
  EXPECT_EQ(tcbs.launch, expected);
}

TEST_F(RealReportTest, MilanVersion3) {
  SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, Decode("milan-v3"));
  EXPECT_EQ(report.version(), 3u);
  EXPECT_EQ(report.guest_svn(), 2u);
  EXPECT_EQ(report.policy(), guest_policy::kSmt | guest_policy::kMustBeOne | 0x1Fu);
  EXPECT_EQ(report.family_id()[0], 1);
  EXPECT_EQ(report.image_id()[0], 2);
  EXPECT_EQ(report.platform_info(), platform_info::kSmtEnabled | platform_info::kEccEnabled |
                                        platform_info::kAliasCheckComplete);
  EXPECT_EQ(report.cpuid_family(), 0x19);
  EXPECT_EQ(report.cpuid_model(), 1);
  EXPECT_EQ(report.cpuid_stepping(), 1);
  EXPECT_THAT(report.product(), IsOkAnd(Eq(Product::kMilan)));
  EXPECT_FALSE(IsZero(report.id_key_digest()));
  EXPECT_FALSE(IsZero(report.host_data()));
  EXPECT_EQ(report.current_version(), (FirmwareVersion{1, 55, 29}));
  EXPECT_FALSE(report.has_mitigation_vectors());
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportTcbs tcbs, DecodeReportTcbs(report, Product::kMilan));
  EXPECT_EQ(tcbs.reported, (TcbVersion{TcbLayout::kMilan, 0, 4, 0, 0x18, 0xDB}));
}

TEST_F(RealReportTest, MilanVersion3SignedByAVlek) {
  SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, Decode("milan-v3-vlek"));
  EXPECT_EQ(report.version(), 3u);
  EXPECT_EQ(report.vmpl(), Vmpl(1));
  EXPECT_EQ(report.signing_key(), SigningKey::kVlek);
  EXPECT_TRUE(report.is_signed());
  EXPECT_FALSE(report.mask_chip_key());
  EXPECT_EQ(ClassifyChipId(report.chip_id()), ChipIdForm::kMasked);
  EXPECT_THAT(report.product(), IsOkAnd(Eq(Product::kMilan)));
  EXPECT_THAT(ByteView(report.report_data()).first(8), BytesAre("819770b7e6ea6df8"));
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportTcbs tcbs, DecodeReportTcbs(report, Product::kMilan));
  EXPECT_EQ(tcbs.current.microcode, 0xDC);
  EXPECT_EQ(tcbs.committed.microcode, 0xDB);
  EXPECT_EQ(tcbs.reported.microcode, 0xD9);
  EXPECT_EQ(tcbs.launch.microcode, 0xDB);
  EXPECT_TRUE(AtLeast(tcbs.current, tcbs.committed));
  EXPECT_FALSE(AtLeast(tcbs.reported, tcbs.committed));
}

TEST_F(RealReportTest, TurinVersion5) {
  SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, Decode("turin-v5"));
  EXPECT_EQ(report.version(), 5u);
  EXPECT_EQ(report.cpuid_family(), 0x1A);
  EXPECT_EQ(report.cpuid_model(), 2);
  EXPECT_EQ(report.cpuid_stepping(), 1);
  EXPECT_THAT(report.product(), IsOkAnd(Eq(Product::kTurin)));
  // A bit that no document names.
  EXPECT_EQ(report.platform_info() & platform_info::kReserved, 0x40u);
  EXPECT_EQ(ClassifyChipId(report.chip_id()), ChipIdForm::kFirstEight);
  EXPECT_EQ(report.launch_mit_vector(), 0x3Fu);
  EXPECT_EQ(report.current_mit_vector(), 0x3Fu);
  EXPECT_EQ(report.current_version(), (FirmwareVersion{1, 55, 65}));
  SVSM_ASSERT_OK_AND_ASSIGN(const ReportTcbs tcbs, DecodeReportTcbs(report, Product::kTurin));
  EXPECT_EQ(tcbs.reported, (TcbVersion{TcbLayout::kTurin, 1, 1, 1, 4, 0x51}));
  // Read by Milan's layout it would have reserved bytes that are not zero.
  EXPECT_THAT(DecodeReportTcbs(report, Product::kMilan),
              IsStatus(Code::kMalformed, Source::kSnp, 0x3A));
}

TEST_F(RealReportTest, SignaturesAreFilled) {
  for (const char* name : {"milan-v2-debug", "milan-v3", "milan-v3-vlek", "turin-v5"}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, Decode(name));
    EXPECT_FALSE(IsZero(report.signature_r())) << name;
    EXPECT_FALSE(IsZero(report.signature_s())) << name;
  }
}

}  // namespace
}  // namespace svsm::snp
