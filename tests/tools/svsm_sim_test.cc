// The program svsm-sim, run as a user runs it: a boot is recorded and replayed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"
#include "svsm/snp/id_block.h"
#include "svsm/snp/report.h"
#include "svsm/snp_verify/crl.h"
#include "tests/tools/program.h"

namespace svsm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::ProgramRun;
using ::testing::StartsWith;
using Words = std::vector<std::string>;

class SvsmSimTest : public testing::ProgramTest {
 protected:
  ProgramRun Sim(const Words& arguments) const { return Run("svsm-sim", arguments); }
  std::string TextOf(const std::string& name) const {
    const Result<ByteVector> bytes = ReadFile(Path(name));
    EXPECT_TRUE(bytes.ok());
    return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : std::string();
  }
  void Record(const std::string& name, Words more) const {
    Words words = {"record", "--out", Path(name)};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramRun run = Sim(words);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_EQ(run.err, "");
  }
  void ExpectReplayed(const Words& words) const {
    const ProgramRun run = Sim(words);
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_THAT(run.out, HasSubstr("bit for bit"));
  }
  void ExpectRefused(const Words& words, const std::string& says) const {
    const ProgramRun run = Sim(words);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr(says));
  }
};

TEST_F(SvsmSimTest, ABootIsReplayedBitForBit) {
  for (const char* const product : {"Milan", "Genoa", "Turin"}) {
    Record("boot", {"--product", product, "--busy", "3", "--with-secrets"});
    EXPECT_TRUE(TextOf("boot").starts_with("svsm-recording 1\nsetting product="));
    EXPECT_EQ(TextOf("boot").find("sha256:"), std::string::npos);
    ExpectReplayed({"replay", Path("boot")});
    ExpectReplayed({"replay", Path("boot")});
  }
  struct stat file {};
  ASSERT_EQ(stat(Path("boot").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST_F(SvsmSimTest, SecretsAreRedactedByDefault) {
  Record("boot", {"--seed", "5"});
  Record("whole", {"--seed", "5", "--with-secrets"});
  const std::string text = TextOf("boot");
  const std::string whole = TextOf("whole");
  for (const std::string kind : {"\nentropy 20000000 ", "\ncpu 00 "}) {
    EXPECT_NE(text.find(kind + "sha256:"), std::string::npos);
    EXPECT_EQ(whole.find(kind + "sha256:"), std::string::npos);
    // The second: the first random bytes are the id that stands in reports.
    const std::size_t at = whole.find(kind, whole.find(kind) + 1) + kind.size();
    const std::string secret = whole.substr(at, whole.find('\n', at) - at);
    EXPECT_GE(secret.size(), 18u);
    EXPECT_EQ(text.find(secret), std::string::npos);
  }
  ExpectRefused({"replay", Path("boot")}, "redacted");
  ExpectRefused({"replay", Path("boot"), "--seed", "6"}, "leaves the recording at event 0");
  ExpectReplayed({"replay", Path("boot"), "--seed", "5"});
}

TEST_F(SvsmSimTest, AnotherBootIsNoReplay) {
  Record("boot", {"--with-secrets"});
  const std::string text = TextOf("boot");
  const std::string program = Put("program", AsBytes("another SVSM"));
  ExpectRefused({"replay", Path("boot"), "--program", program}, "(result)");
  // Any change of what came from outside ends elsewhere.
  for (const std::string kind :
       {"\nentropy 20000000 ", "\ncpu 00 01", "\nunix - ", "\nexchange "}) {
    std::string changed = text;
    // Not the first: on the report's id, and on the words that prove the CPU's health, nothing
    // here depends.
    std::size_t at = changed.rfind(kind, changed.find("\nmonotonic "));
    if (kind == "\nentropy 20000000 ") at = changed.find(kind, changed.find(kind) + 1);
    if (at == std::string::npos) at = changed.find(kind);
    ASSERT_NE(at, std::string::npos) << kind;
    at += kind.size();
    changed[at] = changed[at] == '0' ? '1' : '0';
    Put("changed", AsBytes(changed));
    ExpectRefused({"replay", Path("changed")}, "leaves the recording");
  }
  Put("cut", AsBytes(text.substr(0, text.size() / 2)));
  ExpectRefused({"replay", Path("cut")}, "Truncated");
}

// As an owner would: measure, sign, and launch again under the signature.
TEST_F(SvsmSimTest, ALaunchIsVouchedFor) {
  const std::string keys = std::string(SVSM_BIN_DIR) + "/../sim-keys";
  const auto report_with = [&](Words more) {
    Words words = {"report", "--keys", keys, "--report", Path("report")};
    words.insert(words.end(), more.begin(), more.end());
    return Sim(words);
  };
  const auto report = [&] { return snp::DecodeReport(*ReadFile(Path("report"))).value(); };
  ASSERT_EQ(report_with({"--mask-chip-id", "--host-data", "aabb"}).exit_code, 0);
  EXPECT_TRUE(IsZero(report().chip_id()));
  EXPECT_EQ(report().host_data()[1], 0xBB);
  EXPECT_TRUE(IsZero(report().id_key_digest()));

  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  crypto::OpensslEcdsaSigner key(crypto::Curve::kP384);
  Bytes<48> scalar{};
  scalar[47] = 9;
  ASSERT_TRUE(key.SetPrivateKey(scalar).ok());
  snp::IdBlock block = snp::MakeIdBlock(report().measurement(), {.guest_svn = 4});
  snp::IdAuthentication auth{};
  ASSERT_TRUE(snp::SignIdBlock(sha384, block, key, nullptr, auth).ok());
  const std::string auth_file = Put("auth", wire::ToBytes(auth));
  const std::string block_file = Put("block", wire::ToBytes(block));
  ASSERT_EQ(report_with({"--id-block", block_file, "--id-auth", auth_file}).exit_code, 0);
  EXPECT_EQ(report().guest_svn(), 4u);
  EXPECT_FALSE(IsZero(report().id_key_digest()));
  // Another program has another digest.
  const std::string program = Put("program", AsBytes("another SVSM"));
  const ProgramRun refused =
      report_with({"--id-block", block_file, "--id-auth", auth_file, "--program", program});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("AuthFailed (Sim, detail 11)"));
  EXPECT_NE(report_with({"--id-block", block_file}).exit_code, 0);
}

TEST_F(SvsmSimTest, TheKeyServiceListsWhatIsRevoked) {
  const std::string keys = std::string(SVSM_BIN_DIR) + "/../sim-keys";
  ASSERT_EQ(Sim({"kds", "--keys", keys, "--out", Path("kds"), "--revoke", "65537", "77"}).exit_code,
            0);
  const Result<ByteVector> der = ReadFile(Path("kds") + "/vcek/v1/Milan/crl");
  ASSERT_TRUE(der.ok());
  const Result<snp::Crl> crl = snp::ParseCrl(*der);
  ASSERT_TRUE(crl.ok());
  EXPECT_EQ(crl->revoked.size(), 2u);
}

}  // namespace
}  // namespace svsm
