#include "svsm/snp/launch_measure.h"

#include <set>

#include "svsm/crypto/openssl.h"
#include "svsm/snp/launch_problem.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/launch_files.h"

namespace svsm::snp {
namespace {

using svsm::testing::BytesAre;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using testing::FirmwareBuilder;

using Digest = Bytes<kLaunchDigestSize>;

const crypto::OpensslHash& Sha384() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha384);
  return hash;
}

auto Refuses(LaunchProblem problem) {
  return IsStatus(Code::kMalformed, Source::kSnp, static_cast<std::uint32_t>(problem));
}

std::optional<VmsaProfile> ProfileOf(const std::string& vmm, const std::string& judge) {
  if (vmm == "QEMU") return VmsaProfile::kQemu;
  if (vmm == "ec2") return judge[0] == 'p' ? VmsaProfile::kEc2 : VmsaProfile::kEc2RdxZero;
  if (vmm == "gce") return VmsaProfile::kGce;
  if (vmm == "KRUN") return VmsaProfile::kKrun;
  return std::nullopt;
}

Result<Digest> Measured(ByteView bytes, const FirmwareLaunch& launch) {
  SVSM_ASSIGN_OR_RETURN(const OvmfImage image, OvmfImage::Parse(bytes));
  Bytes<kPageSize> scratch;
  return MeasureFirmware(Sha384(), image, launch, scratch);
}

// A row: id, image, vCPUs, type, signature, VMM, features, kernel, initrd, append, seed, digest,
// judge.
Result<Digest> MeasuredRow(const std::string& folder, const std::vector<std::string>& row) {
  const ByteVector bytes = *ReadFile(folder + row[1]);
  if (row[5] == "ovmf-hash") {
    SVSM_ASSIGN_OR_RETURN(const OvmfImage image, OvmfImage::Parse(bytes));
    return MeasureFirmwarePages(Sha384(), image);
  }
  FirmwareLaunch launch;
  launch.vcpu = {ProfileOf(row[5], row[12]).value(),
                 static_cast<std::uint32_t>(std::stoul(row[4], nullptr, 16)),
                 std::stoull(row[6], nullptr, 16)};
  launch.num_vcpus = static_cast<std::uint32_t>(std::stoul(row[2]));
  if (row[7] != "-") {
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    const ByteVector initrd = row[8] == "-" ? ByteVector() : *ReadFile(folder + row[8]);
    const std::string line = testing::Unquote(row[9]);
    SVSM_ASSIGN_OR_RETURN(launch.kernel,
                          HashKernel(sha256, *ReadFile(folder + row[7]), initrd, AsBytes(line)));
  }
  if (row[10] != "-") {
    launch.firmware_pages.emplace();
    Copy(*launch.firmware_pages, *FromHex(row[10]));
  }
  return Measured(bytes, launch);
}

TEST(LaunchMeasureTest, EqualsTheRecordedTools) {
  const std::string folder = testing::LaunchVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no launch";
  // Images without metadata, and command lines that one tool trims.
  const std::set<std::string> not_ours = {"85", "88", "92", "94"};
  std::size_t equal = 0;
  for (const auto& row : testing::ReadTable(folder + "vectors.tsv")) {
    SCOPED_TRACE(row[0]);
    const Result<Digest> digest = MeasuredRow(folder, row);
    if (row[0] == "85" || row[0] == "88") {
      EXPECT_THAT(digest, Refuses(LaunchProblem::kNoMetadata));
    } else if (row[11] == "refused") {
      EXPECT_THAT(digest, Refuses(LaunchProblem::kNoKernelHashes));
    } else if (not_ours.count(row[0]) != 0) {
      ASSERT_THAT(digest, IsOk());
      EXPECT_THAT(*digest, ::testing::Not(BytesAre(row[11])));
    } else {
      ASSERT_THAT(digest, IsOk());
      EXPECT_THAT(*digest, BytesAre(row[11]));
      ++equal;
    }
  }
  EXPECT_EQ(equal, 92u);
}

TEST(LaunchMeasureTest, EqualsTheRecordedSvsmLayout) {
  const std::string folder = testing::LaunchVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no launch";
  for (const auto& row : testing::ReadTable(folder + "svsm-mode.tsv")) {
    const ByteVector bytes = *ReadFile(folder + row[0]);
    const Result<OvmfImage> svsm = OvmfImage::Parse(bytes);
    ASSERT_THAT(svsm, IsOk());
    SvsmLaunch launch{CpuSignature(23, 1, 2), static_cast<std::uint32_t>(std::stoul(row[3])),
                      std::stoull(row[2])};
    Bytes<kPageSize> scratch;
    const auto digest = MeasureSvsm(Sha384(), *ReadFile(folder + row[1]), *svsm, launch, scratch);
    ASSERT_THAT(digest, IsOk());
    EXPECT_THAT(*digest, BytesAre(row[5]));
  }
}

TEST(LaunchMeasureTest, RefusesTheRecordedBadImages) {
  const std::string folder = testing::LaunchVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no launch";
  FirmwareLaunch one;
  FirmwareLaunch two;
  two.num_vcpus = 2;
  FirmwareLaunch kernel;
  kernel.kernel.emplace();
  for (const char* name : {"footer-guid", "footer-small", "footer-huge", "magic", "version",
                           "meta-offset", "count-more", "section-type5", "section-type101",
                           "section-size", "secrets-two-pages", "size"}) {
    EXPECT_THAT(Measured(*ReadFile(folder + "bad-" + name + ".bin"), one), ::testing::Not(IsOk()))
        << name;
  }
  const auto bad = [&](const char* name) { return *ReadFile(folder + "bad-" + name + ".bin"); };
  EXPECT_THAT(Measured(bad("no-reset"), one), IsOk());
  EXPECT_THAT(Measured(bad("no-reset"), two), Refuses(LaunchProblem::kNoResetBlock));
  EXPECT_THAT(Measured(bad("eip-zero"), one), IsOk());
  EXPECT_THAT(Measured(bad("eip-zero"), two), Refuses(LaunchProblem::kResetAddressZero));
  EXPECT_THAT(Measured(bad("hashes-gpa-zero"), kernel), Refuses(LaunchProblem::kNoKernelHashes));
  EXPECT_THAT(Measured(bad("hashes-cross-page"), kernel),
              Refuses(LaunchProblem::kKernelHashesPlace));
  EXPECT_THAT(Measured(bad("hashes-two-pages"), kernel),
              Refuses(LaunchProblem::kKernelHashesPages));
  EXPECT_THAT(Measured(bad("hashes-two-pages"), one), IsOk());
}

TEST(LaunchMeasureTest, AKernelNeedsAPlaceForItsHashes) {
  FirmwareLaunch launch;
  launch.kernel.emplace();
  FirmwareBuilder builder;
  EXPECT_THAT(Measured(builder.Build(), launch), Refuses(LaunchProblem::kNoKernelHashes));
  builder.sections.push_back({0x804000, 0x1000, 0x10});
  EXPECT_THAT(Measured(builder.Build(), launch), Refuses(LaunchProblem::kNoKernelHashes));
  FirmwareBuilder zero = builder;
  zero.Add(testing::kHashesEntry, 0);
  EXPECT_THAT(Measured(zero.Build(), launch), Refuses(LaunchProblem::kNoKernelHashes));
  for (const std::uint32_t place : {0x803FFFu, 0x805000u, 0x804F51u, 0xFFFFFFFFu}) {
    FirmwareBuilder wrong = builder;
    wrong.Add(testing::kHashesEntry, place);
    EXPECT_THAT(Measured(wrong.Build(), launch), Refuses(LaunchProblem::kKernelHashesPlace));
  }
  builder.Add(testing::kHashesEntry, 0x804F50);
  EXPECT_THAT(Measured(builder.Build(), launch), IsOk());
  builder.sections.back().size = 0x2000;
  EXPECT_THAT(Measured(builder.Build(), launch), Refuses(LaunchProblem::kKernelHashesPages));
}

TEST(LaunchMeasureTest, FurtherVcpusNeedAnEntry) {
  FirmwareLaunch two;
  two.num_vcpus = 2;
  FirmwareBuilder builder;
  EXPECT_THAT(Measured(builder.Build(), two), IsOk());
  builder.entries.pop_back();
  EXPECT_THAT(Measured(builder.Build(), two), Refuses(LaunchProblem::kNoResetBlock));
  builder.Add(testing::kResetEntry, 0);
  EXPECT_THAT(Measured(builder.Build(), two), Refuses(LaunchProblem::kResetAddressZero));
}

TEST(LaunchMeasureTest, SectionsStayOffTheFirmware) {
  FirmwareBuilder builder;
  builder.sections.push_back({0xFFFFD000, 0x1000, 1});
  EXPECT_THAT(Measured(builder.Build(), {}), IsOk());
  builder.sections.back().gpa = 0xFFFFE000;
  EXPECT_THAT(Measured(builder.Build(), {}), Refuses(LaunchProblem::kSectionOverlap));
}

TEST(LaunchMeasureTest, RefusesArguments) {
  const ByteVector bytes = FirmwareBuilder().Build();
  const auto refused = IsStatus(Code::kInvalidArgument, Source::kSnp);
  FirmwareLaunch launch;
  launch.num_vcpus = 0;
  EXPECT_THAT(Measured(bytes, launch), refused);
  launch.num_vcpus = kMaxLaunchVcpus + 1;
  EXPECT_THAT(Measured(bytes, launch), refused);
  launch.num_vcpus = 1;
  launch.vcpu.profile = VmsaProfile::kSvsmQemu;
  EXPECT_THAT(Measured(bytes, launch), refused);
}

TEST(LaunchMeasureTest, SvsmNeedsItsPlaceAndEntry) {
  FirmwareBuilder builder;
  const ByteVector firmware(0x2000);
  Bytes<kPageSize> scratch;
  const auto measured = [&](const ByteVector& bytes, ByteView below, const SvsmLaunch& launch) {
    return MeasureSvsm(Sha384(), below, *OvmfImage::Parse(bytes), launch, scratch);
  };
  EXPECT_THAT(measured(builder.Build(), firmware, {}), Refuses(LaunchProblem::kNoSvsmInfo));
  FirmwareBuilder outside = builder;
  outside.Add(testing::kSvsmEntry, 0x2000);
  EXPECT_THAT(measured(outside.Build(), firmware, {}), Refuses(LaunchProblem::kNoSvsmInfo));
  builder.Add(testing::kSvsmEntry, 0x40);
  const ByteVector svsm = builder.Build();
  EXPECT_THAT(measured(svsm, firmware, {}), IsOk());
  EXPECT_THAT(measured(svsm, ByteView(firmware).first(100), {}),
              Refuses(LaunchProblem::kImageSize));
  EXPECT_THAT(measured(svsm, {}, {}), Refuses(LaunchProblem::kImageSize));
  for (const std::uint64_t size : {kFourGib - 0x3000, ~std::uint64_t{0xFFF}}) {
    EXPECT_THAT(measured(svsm, firmware, {0, 1, size}), Refuses(LaunchProblem::kSvsmPlace));
  }
  const auto refused = IsStatus(Code::kInvalidArgument, Source::kSnp);
  EXPECT_THAT(measured(svsm, firmware, {0, 1, 4095}), refused);
  EXPECT_THAT(measured(svsm, firmware, {0, 0, 0}), refused);
  EXPECT_THAT(measured(svsm, firmware, {0, kMaxLaunchVcpus + 1, 0}), refused);
}

}  // namespace
}  // namespace svsm::snp
