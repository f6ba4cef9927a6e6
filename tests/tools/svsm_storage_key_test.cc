// The programs svsm-storage-key and svsm-verify --wrap-key, run as a user runs them. That a TPM
// takes the files is shown by tests/snp_verify/key_release_test.cc and tests/interop/disk_key.sh.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "svsm/crypto/openssl.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/evidence/report_data.h"
#include "svsm/snp_verify/storage_key.h"
#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"
#include "tests/tools/program.h"

namespace svsm {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsStatus;
using testing::ProgramRun;
using ::testing::StartsWith;
namespace forge = snp::forge;

class SvsmStorageKeyTest : public testing::ProgramTest {
 protected:
  SvsmStorageKeyTest() {
    const snp::Product milan = snp::Product::kMilan;
    roots_ = Put("roots.pem", AsBytes(forge::Pem("CERTIFICATE", forge::Make(forge::Ark(milan))) +
                                      forge::Pem("CERTIFICATE", forge::Make(forge::Ask(milan)))));
    certs_ =
        Put("vcek.der", forge::Make(forge::Vcek(milan, forge::Tcb(milan), forge::Hwid(milan))));
    body_ = forge::Body(milan);
    policy_ =
        Put("policy.json", AsBytes("{\"measurements\": [\"" + ToHex(body_.measurement) + "\"]}"));
    ek_ = SVSM_TESTS_DIR "/vectors/tpm_quote/ek-p256.pub";
  }

  ProgramRun StorageKey(const std::vector<std::string>& words) const {
    return Run("svsm-storage-key", words);
  }
  std::string Create() {
    const std::string path = Path("storage.key");
    EXPECT_EQ(StorageKey({"create", "-o", path}).exit_code, 0);
    return path;
  }
  // svsm-verify over a report for the EK, with these words besides.
  ProgramRun Verify(std::vector<std::string> more) {
    const evidence::ReportData data = evidence::EkReportData(sha512_, *ReadFile(ek_)).value();
    body_.report_data = data;
    const std::vector<std::string> words = {Put("report.bin", forge::Sign(body_)),
                                            "--certs",
                                            certs_,
                                            "--roots",
                                            roots_,
                                            "--ek",
                                            ek_,
                                            "--time",
                                            FormatRfc3339(forge::kNow)};
    more.insert(more.begin(), words.begin(), words.end());
    return Run("svsm-verify", more);
  }
  bool Exists(const std::string& name) const { return std::filesystem::exists(Path(name)); }

  const crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  std::string roots_;
  std::string certs_;
  std::string policy_;
  std::string ek_;
  snp::ReportBody body_;
};

TEST_F(SvsmStorageKeyTest, MakesAKeyOnceAndForItsHolderAlone) {
  const std::string key = Create();
  EXPECT_THAT(snp::StorageKey::Read(*ReadFile(key)), IsOk());
  EXPECT_EQ(std::filesystem::status(key).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const ProgramRun again = StorageKey({"create", "-o", key});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.err, HasSubstr("AlreadyExists"));
}

TEST_F(SvsmStorageKeyTest, SealsForTpm2Load) {
  const std::string key = Create();
  const std::string in = Put("disk.key", Bytes<32>{});
  EXPECT_EQ(StorageKey({"seal", "--key", key, "--in", in, "-o", Path("disk")}).exit_code, 0);
  EXPECT_TRUE(Exists("disk.pub") && Exists("disk.priv"));
  const auto refused = [&](const std::vector<std::string>& more, const char* says) {
    std::vector<std::string> words = {"seal", "--key", key, "-o", Path("none")};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramRun run = StorageKey(words);
    EXPECT_EQ(run.exit_code, 2);
    EXPECT_THAT(run.err, HasSubstr(says));
    EXPECT_FALSE(Exists("none.pub"));
  };
  refused({"--in", Put("large", ByteVector(129))}, "--in: not 1 to 128 bytes");
  refused({"--in", in, "--auth", std::string(33, 'a')}, "--auth: not at most 32 bytes");
  refused({"--in", in, "--policy", Put("short", Bytes<31>{})}, "--policy: not a digest");
  refused({"--in", Path("absent")}, "NotFound");
  EXPECT_EQ(StorageKey({"seal", "--key", in, "--in", in, "-o", Path("none")}).exit_code, 2);
  EXPECT_EQ(StorageKey({}).exit_code, 2);
  EXPECT_EQ(StorageKey({"--help"}).exit_code, 0);
}

TEST_F(SvsmStorageKeyTest, ATrustedVmGetsTheKeyWrapped) {
  const ProgramRun run =
      Verify({"--policy", policy_, "--wrap-key", Create(), "-o", Path("wrapped")});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("wrapped-for: EK ECC P-256 (L-2)\n"));
  const ByteVector key = *ReadFile(Path("storage.key"));
  EXPECT_EQ(ToHex(*ReadFile(Path("wrapped/storage.pub"))),
            ToHex(ByteView(key).first(snp::kStorageKeyPublicSize)));
  EXPECT_TRUE(Exists("wrapped/storage.dup") && Exists("wrapped/storage.seed"));
  EXPECT_FALSE(Exists("wrapped/storage.cred"));
}

TEST_F(SvsmStorageKeyTest, ARefusedVmGetsNothing) {
  body_.measurement[0] ^= 1;
  const ProgramRun run =
      Verify({"--policy", policy_, "--wrap-key", Create(), "-o", Path("wrapped")});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.out, StartsWith("refused: measurement: "));
  EXPECT_FALSE(Exists("wrapped"));
}

TEST_F(SvsmStorageKeyTest, ReleaseWantsAWholeQuestion) {
  const std::string key = Create();
  const auto unusable = [&](const std::vector<std::string>& words, const char* says) {
    const ProgramRun run = Verify(words);
    EXPECT_EQ(run.exit_code, 2) << run.out;
    EXPECT_THAT(run.err, HasSubstr(says));
    EXPECT_FALSE(Exists("wrapped"));
  };
  const std::string out = Path("wrapped");
  unusable({"--wrap-key", key, "-o", out}, "the policy must say which measurements are trusted");
  unusable({"--policy", policy_, "--wrap-key", key}, "--wrap-key requires --out");
  unusable({"--policy", policy_, "--wrap-key", ek_, "-o", out}, "ek-p256.pub: too short (166)");
  unusable({"--policy", policy_, "--wrap-key", key, "-o", out, "--parent", "srk"},
           "--parent srk and --srk want each other");
  unusable({"--policy", policy_, "--wrap-key", key, "-o", out, "--parent", "srk", "--srk",
            SVSM_TESTS_DIR "/vectors/tpm_quote/ecdsa.ak"},
           "not a storage key that is fixed to its TPM");
}

}  // namespace
}  // namespace svsm
