#include "svsm/broker/policy_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "svsm/core/hosted.h"
#include "svsm/snp_verify/policy_json.h"
#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using testing::IsOk;
using testing::IsStatus;

class PolicyFileTest : public ::testing::Test {
 protected:
  PolicyFileTest() {
    std::string pattern = ::testing::TempDir() + "policy-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/policy.json";
    Put(R"({"vmpl":0})");
  }
  ~PolicyFileTest() override { std::filesystem::remove_all(folder_); }
  void Put(const std::string& text) {
    EXPECT_THAT(WriteFileAtomically(path_, AsBytes(text), FileMode::kPublic), IsOk());
  }

  std::string folder_;
  std::string path_;
  std::string error_;
};

TEST_F(PolicyFileTest, ReadsAndReplaces) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto file, PolicyFile::Open(path_, error_));
  const auto first = file->current();
  EXPECT_EQ(first->policy.vmpl, Vmpl(0));
  EXPECT_EQ(first->text, R"({"vmpl":0})");
  EXPECT_EQ(first->id, "sha256-38d6ebe983eda70e1c665500141891db78dd44da95c2e1e599c7feb73851779d");
  ASSERT_THAT(file->Replace(R"({"vmpl":1})", error_), IsOk());
  EXPECT_EQ(file->current()->policy.vmpl, Vmpl(1));
  EXPECT_NE(file->current()->id, first->id);
  EXPECT_EQ(first->policy.vmpl, Vmpl(0));  // who has it keeps it
  SVSM_ASSERT_OK_AND_ASSIGN(const auto again, PolicyFile::Open(path_, error_));
  EXPECT_EQ(again->current()->id, file->current()->id);
}

TEST_F(PolicyFileTest, KeepsThePolicyIfTheOtherIsNone) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto file, PolicyFile::Open(path_, error_));
  EXPECT_THAT(file->Replace(R"({"vmlp":1})", error_),
              IsStatus(Code::kMalformed, Source::kSnpVerify));
  EXPECT_THAT(error_, ::testing::HasSubstr("vmlp"));
  EXPECT_THAT(file->Replace(std::string(snp::kMaxPolicySize + 1, ' '), error_).code(),
              Code::kOutOfRange);
  std::filesystem::remove_all(folder_);
  error_.clear();
  EXPECT_THAT(file->Replace(R"({"vmpl":1})", error_),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  EXPECT_THAT(error_, ::testing::HasSubstr(path_));
  EXPECT_EQ(file->current()->policy.vmpl, Vmpl(0));
}

TEST_F(PolicyFileTest, SaysWhyThereIsNone) {
  Put("{");
  EXPECT_THAT(PolicyFile::Open(path_, error_).status().code(), Code::kMalformed);
  EXPECT_FALSE(error_.empty());
  EXPECT_THAT(PolicyFile::Open(path_ + "x", error_),
              IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  EXPECT_THAT(PolicyFile::Open(folder_, error_), IsStatus(Code::kIoError, Source::kSystem, EISDIR));
  ASSERT_EQ(::chmod(folder_.c_str(), 0), 0);
  const bool root = ::geteuid() == 0;
  ASSERT_TRUE(!root || ::seteuid(65534) == 0);
  EXPECT_THAT(PolicyFile::Open(path_, error_),
              IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
  ASSERT_TRUE(!root || ::seteuid(0) == 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0700), 0);
}

}  // namespace
}  // namespace svsm::broker
