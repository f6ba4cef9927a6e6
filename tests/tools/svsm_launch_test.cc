// The program svsm-launch, run as a user runs it: what it prints, what it refuses, and how.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "svsm/crypto/openssl.h"
#include "svsm/snp/id_block.h"
#include "svsm/snp/igvm_measure.h"
#include "svsm/snp/launch_measure.h"
#include "svsm/snp/launch_problem.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/igvm_files.h"
#include "tests/snp/launch_files.h"
#include "tests/tools/program.h"

namespace svsm {
namespace {

using snp::LaunchProblem;
using snp::testing::FirmwareBuilder;
using snp::testing::IgvmBuilder;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::MatchesRegex;
using testing::ProgramRun;
using ::testing::StartsWith;

using Words = std::vector<std::string>;
using Digest = Bytes<snp::kLaunchDigestSize>;

const crypto::OpensslHash& Sha384() {
  static const crypto::OpensslHash hash(crypto::HashAlg::kSha384);
  return hash;
}

std::string Says(LaunchProblem problem) {
  return snp::LaunchProblemText(static_cast<std::uint32_t>(problem));
}

class SvsmLaunchTest : public testing::ProgramTest {
 protected:
  ProgramRun Launch(const Words& arguments) const { return Run("svsm-launch", arguments); }

  // The digest alone on a line, and nothing else.
  void ExpectDigest(const Words& arguments, const std::string& hex) const {
    const ProgramRun run = Launch(arguments);
    EXPECT_EQ(run.exit_code, 0);
    EXPECT_EQ(run.out, hex + "\n");
    EXPECT_EQ(run.err, "");
  }
  // One line for people, and no digest.
  void ExpectRefusal(const Words& arguments, const std::string& says) const {
    const ProgramRun run = Launch(arguments);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, StartsWith("svsm-launch: "));
    EXPECT_THAT(run.err, HasSubstr(says));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }
  std::string Firmware() const { return Put("fw.bin", FirmwareBuilder().Build()); }
  std::string Igvm(const IgvmBuilder& builder) const { return Put("a.igvm", builder.Build()); }
};

IgvmBuilder WholeIgvm() {
  IgvmBuilder builder = snp::testing::Small();
  builder.Page(0x101000, -1);
  builder.Page(0x102000, -1, 0, 1);
  builder.Context(0xFFFFFFFFF000, 0x1000);
  return builder;
}

Digest MeasuredIgvm(ByteView bytes, snp::IgvmLoader loader) {
  Bytes<kPageSize> scratch{};
  return snp::MeasureIgvm(Sha384(), *snp::IgvmFile::Parse(bytes), loader, scratch).value();
}

// ---- measure ----

TEST_F(SvsmLaunchTest, MeasuresFirmware) {
  const ByteVector bytes = FirmwareBuilder().Build();
  snp::FirmwareLaunch launch;
  launch.vcpu.cpu_signature = 0xA00F11;
  launch.vcpu.guest_features = 1;
  launch.num_vcpus = 2;
  Bytes<kPageSize> scratch{};
  const Digest digest =
      snp::MeasureFirmware(Sha384(), *snp::OvmfImage::Parse(bytes), launch, scratch).value();
  const Words words = {"measure", "--mode", "snp",        "--ovmf",  Put("fw.bin", bytes),
                       "--vcpus", "2",      "--vcpu-sig", "0xa00f11"};
  ExpectDigest(words, ToHex(digest));
}

TEST_F(SvsmLaunchTest, EqualsTheRecordedTools) {
  const std::string folder = snp::testing::LaunchVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no launch";
  std::size_t equal = 0;
  for (const auto& row : snp::testing::ReadTable(folder + "vectors.tsv")) {
    if (row[12] != "both" || row[11] == "refused" || std::stoi(row[0]) % 4 != 1) continue;
    SCOPED_TRACE(row[0]);
    Words words = {"measure", "--ovmf", folder + row[1]};
    const auto add = [&](const char* option, const std::string& value) {
      if (value != "-") words.insert(words.end(), {option, value});
    };
    if (row[5] == "ovmf-hash") {
      add("--mode", "snp:ovmf-hash");
    } else {
      add("--vcpus", row[2]);
      add("--vcpu-sig", "0x" + row[4]);
      add("--vmm-type", row[5]);
      add("--guest-features", row[6]);
      add("--kernel", row[7] == "-" ? row[7] : folder + row[7]);
      add("--initrd", row[8] == "-" ? row[8] : folder + row[8]);
      if (row[9] != "-") add("--append", snp::testing::Unquote(row[9]));
      add("--snp-ovmf-hash", row[10]);
    }
    ExpectDigest(words, row[11]);
    ++equal;
  }
  EXPECT_GE(equal, 15u);
}

TEST_F(SvsmLaunchTest, PrintsBase64OnDemand) {
  const std::string path = Firmware();
  const ProgramRun run = Launch({"measure", "--ovmf", path, "--vcpus", "1", "--vcpu-type",
                                 "EPYC-Milan", "--output-format", "base64"});
  EXPECT_THAT(run.out, MatchesRegex("[A-Za-z0-9+/]{64}\n"));
  ExpectRefusal({"measure", "--ovmf", path, "--vcpus", "1", "--vcpu-type", "EPYC-Milan",
                 "--output-format", "octal"},
                "--output-format wants hex or base64");
}

TEST_F(SvsmLaunchTest, MeasuresIgvmAsEachLoaderDoes) {
  const ByteVector bytes = WholeIgvm().Build();
  const std::string path = Put("a.igvm", bytes);
  ExpectDigest({"measure", "--igvm", path}, ToHex(MeasuredIgvm(bytes, snp::IgvmLoader::kQemu)));
  const std::pair<const char*, snp::IgvmLoader> loaders[] = {
      {"QEMU", snp::IgvmLoader::kQemu},
      {"igvmmeasure", snp::IgvmLoader::kIgvmmeasure},
      {"igvmmeasure-native-zero", snp::IgvmLoader::kIgvmmeasureNativeZero},
      {"igvm-crate", snp::IgvmLoader::kIgvmCrate}};
  for (const auto& [name, loader] : loaders) {
    ExpectDigest({"measure", "--igvm", path, "--loader", name}, ToHex(MeasuredIgvm(bytes, loader)));
  }
  EXPECT_NE(MeasuredIgvm(bytes, snp::IgvmLoader::kQemu),
            MeasuredIgvm(bytes, snp::IgvmLoader::kIgvmmeasure));
}

TEST_F(SvsmLaunchTest, RefusesOptionsThatDoNotGoTogether) {
  const std::string igvm = Igvm(WholeIgvm());
  ExpectRefusal({"measure"}, "--ovmf or --igvm is wanted");
  ExpectRefusal({"measure", "--igvm", igvm, "--ovmf", igvm}, "excludes");
  ExpectRefusal({"measure", "--igvm", igvm, "--vcpus", "2"}, "excludes");
  ExpectRefusal({"measure", "--ovmf", Firmware(), "--loader", "QEMU"}, "requires --igvm");
  ExpectRefusal({"measure", "--igvm", igvm, "--loader", "Xen"}, "loader 'Xen' is not one of");
  ExpectRefusal({"measure", "--ovmf", Firmware(), "--vcpus", "1"}, "is wanted");
  ExpectRefusal({"measure", "--ovmf", Firmware(), "--vcpus", "0", "--vcpu-type", "EPYC"},
                "--vcpus wants a number from 1");
  ExpectRefusal({"measure", "--ovmf", Firmware(), "--vcpus", "1", "--vcpu-type", "i486"},
                "unknown vCPU type 'i486'");
  ExpectRefusal({"measure", "--ovmf", Firmware(), "--append", "quiet"},
                "--initrd and --append want --kernel");
  ExpectRefusal({"measure", "--ovmf", Path("none"), "--vcpus", "1", "--vcpu-type", "EPYC"},
                Path("none"));
  ExpectRefusal({}, "subcommand");
}

// ---- Malformed files ----

TEST_F(SvsmLaunchTest, RefusesMalformedFirmwareWithOneLine) {
  struct {
    LaunchProblem problem;
    void (*change)(FirmwareBuilder&);
  } const cases[] = {
      {LaunchProblem::kNoFooterTable, [](FirmwareBuilder& b) { b.footer = Guid(); }},
      {LaunchProblem::kFooterTableSize, [](FirmwareBuilder& b) { b.footer_length = 0x3FFF; }},
      {LaunchProblem::kNoMetadata, [](FirmwareBuilder& b) { b.entries.erase(b.entries.begin()); }},
      {LaunchProblem::kMetadataMagic, [](FirmwareBuilder& b) { b.magic = "ASEX"; }},
      {LaunchProblem::kMetadataVersion, [](FirmwareBuilder& b) { b.version = 2; }},
      {LaunchProblem::kMetadataCount, [](FirmwareBuilder& b) { b.count_error = 100; }},
      {LaunchProblem::kSectionType, [](FirmwareBuilder& b) { b.sections[0].type = 0x101; }},
      {LaunchProblem::kSectionSize, [](FirmwareBuilder& b) { b.sections[1].size = 0x2000; }},
      {LaunchProblem::kSectionOverlap, [](FirmwareBuilder& b) { b.sections[1].gpa = 0x801000; }},
  };
  for (const auto& bad : cases) {
    FirmwareBuilder builder;
    bad.change(builder);
    const std::string path = Put("bad.bin", builder.Build());
    const std::string line = path + ": " + Says(bad.problem) + "\n";
    ExpectRefusal({"measure", "--ovmf", path, "--vcpus", "1", "--vcpu-type", "EPYC"}, line);
    ExpectRefusal({"measure", "--mode", "snp:ovmf-hash", "--ovmf", path}, line);
    ExpectRefusal({"inspect", path}, line);
  }
}

TEST_F(SvsmLaunchTest, RefusesMalformedIgvmWithOneLine) {
  ByteVector bytes = WholeIgvm().Build();
  const auto refused = [&](ByteView file, LaunchProblem problem) {
    const std::string path = Put("bad.igvm", file);
    ExpectRefusal({"measure", "--igvm", path}, path + ": " + Says(problem) + "\n");
  };
  refused(ByteView(bytes).first(bytes.size() - 1), LaunchProblem::kIgvmFileSize);
  refused(ByteView(bytes).first(3), LaunchProblem::kIgvmMagic);
  bytes[0x30] ^= 1;
  refused(bytes, LaunchProblem::kIgvmChecksum);
  refused(snp::testing::Small().Build(), LaunchProblem::kIgvmContexts);
  IgvmBuilder other;
  other.Platform(1, 0);
  refused(other.Build(), LaunchProblem::kIgvmPlatform);
  const std::string path = Put("bad.igvm", bytes);
  ExpectRefusal({"inspect", path}, path + ": " + Says(LaunchProblem::kIgvmChecksum) + "\n");
}

// ---- inspect ----

TEST_F(SvsmLaunchTest, InspectsFirmware) {
  const ProgramRun run = Launch({"inspect", Firmware()});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, StartsWith("firmware image     8192 bytes\n"));
  EXPECT_THAT(run.out, HasSubstr("reset of APs       0x0080b004\n"));
  EXPECT_THAT(run.out, HasSubstr("section            0x00802000 0x00001000 secrets\n"));
}

TEST_F(SvsmLaunchTest, InspectsIgvm) {
  const IgvmBuilder builder = WholeIgvm();
  const ProgramRun run = Launch({"inspect", Igvm(builder)});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, StartsWith("IGVM file          "));
  EXPECT_THAT(run.out, HasSubstr("guest policy       0x30000 mask 0x1\n"));
  EXPECT_THAT(run.out, HasSubstr("page               0x000000101000 mask 0x1 empty\n"));
  EXPECT_THAT(run.out, HasSubstr("secrets            0x000000102000 mask 0x1 empty\n"));
  EXPECT_THAT(run.out, HasSubstr("vCPU context       0xfffffffff000 mask 0x1 vCPU 0\n"));
  const Digest digest = MeasuredIgvm(builder.Build(), snp::IgvmLoader::kQemu);
  EXPECT_THAT(run.out, HasSubstr("digest             QEMU " + ToHex(digest) + "\n"));
}

TEST_F(SvsmLaunchTest, InspectSaysWhichLoaderRefusesAFile) {
  const ProgramRun run = Launch({"inspect", Igvm(snp::testing::Small())});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out,
              HasSubstr("digest             QEMU " + Says(LaunchProblem::kIgvmContexts) + "\n"));
}

// ---- id-block ----

class SvsmLaunchIdBlockTest : public SvsmLaunchTest {
 protected:
  // A key of P-384 as a user makes it.
  std::string Key(const std::string& name) const {
    const std::string path = Path(name);
    const std::string command =
        "openssl ecparam -name secp384r1 -genkey -noout -out " + path + " 2>/dev/null";
    return std::system(command.c_str()) == 0 ? path : "";
  }
  const std::string measurement_ = std::string(95, '0') + "7";
};

TEST_F(SvsmLaunchIdBlockTest, MakesWhatItChecks) {
  const std::string id = Key("id.pem");
  const std::string author = Key("author.pem");
  if (id.empty() || author.empty()) GTEST_SKIP() << "no openssl program";
  const Words files = {"--id-block-file", Path("block"), "--id-auth-file", Path("auth")};
  Words make = {"id-block",
                "--measurement",
                measurement_,
                "--idkey",
                id,
                "--authorkey",
                author,
                "--family-id",
                "00112233445566778899aabbccddeeff",
                "--guest-svn",
                "7",
                "--policy",
                "0xb0000"};
  make.insert(make.end(), files.begin(), files.end());
  const ProgramRun made = Launch(make);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out, StartsWith("id-block="));
  EXPECT_EQ(ReadFile(Path("block"))->size(), sizeof(snp::IdBlock));
  EXPECT_EQ(ReadFile(Path("auth"))->size(), sizeof(snp::IdAuthentication));

  Words check = {"id-block", "--check"};
  check.insert(check.end(), files.begin(), files.end());
  const ProgramRun checked = Launch(check);
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("launch-digest=" + measurement_ + "\n"));
  EXPECT_THAT(checked.out, HasSubstr("guest-svn=7\npolicy=0xb0000\n"));
  EXPECT_THAT(made.out, EndsWith(checked.out.substr(checked.out.find("id-key-digest="))));

  ByteVector block = *ReadFile(Path("block"));
  block[0] ^= 1;
  Put("block", block);
  ExpectRefusal(check, Path("auth"));
  Put("block", ByteView(block).first(95));
  ExpectRefusal(check, "95 bytes instead of 96");
}

TEST_F(SvsmLaunchIdBlockTest, ChecksTheRecordedBlocks) {
  const std::string folder = snp::testing::LaunchVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no launch";
  for (const char* name : {"py-1", "virtee-1", "virtee-2"}) {
    const ProgramRun run = Launch({"id-block", "--check", "--id-block-file",
                                   folder + "id-block/id-block-" + name + ".bin", "--id-auth-file",
                                   folder + "id-block/id-auth-" + name + ".bin"});
    EXPECT_EQ(run.exit_code, 0) << name << run.err;
  }
}

TEST_F(SvsmLaunchIdBlockTest, RefusesBadInput) {
  const std::string no_key = Put("no.pem", AsBytes("-----BEGIN NOTHING-----"));
  ExpectRefusal({"id-block", "--idkey", no_key}, "--measurement is wanted");
  ExpectRefusal({"id-block", "--measurement", "12", "--idkey", no_key}, "--measurement wants");
  ExpectRefusal({"id-block", "--measurement", measurement_}, "--idkey is wanted");
  ExpectRefusal({"id-block", "--measurement", measurement_, "--idkey", no_key},
                "not a private key of P-384");
  ExpectRefusal({"id-block", "--measurement", measurement_, "--idkey", no_key, "--guest-svn", "x"},
                "--guest-svn wants a number");
  ExpectRefusal({"id-block", "--measurement", measurement_, "--idkey", no_key, "--image-id", "00"},
                "--image-id wants 32 hex digits");
  ExpectRefusal({"id-block", "--check", "--id-block-file", no_key}, "--id-auth-file");
}

}  // namespace
}  // namespace svsm
