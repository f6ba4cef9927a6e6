#include "svsm/broker/vcek_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using snp::TcbLayout;
using snp::TcbVersion;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr TcbVersion kMilan = {TcbLayout::kMilan, 0, 4, 0, 24, 219};
constexpr TcbVersion kTurin = {TcbLayout::kTurin, 1, 1, 1, 4, 81};

class VcekStoreTest : public ::testing::Test {
 protected:
  VcekStoreTest() {
    std::string pattern = ::testing::TempDir() + "vcek-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~VcekStoreTest() override { std::filesystem::remove_all(folder_); }

  void Put(const std::string& hwid, const std::string& name, const std::string& text) {
    const std::string folder = folder_ + "/vcek/" + hwid;
    std::filesystem::create_directories(folder);
    ASSERT_THAT(WriteFileAtomically(folder + '/' + name, AsBytes(text), FileMode::kPublic), IsOk());
  }
  Result<std::string> Find(const TcbVersion& tcb) {
    const DirectoryVcekStore store(folder_);
    SVSM_ASSIGN_OR_RETURN(const ByteVector der, store.Find(chip_, tcb));
    return std::string(der.begin(), der.end());
  }

  std::string folder_;
  ByteVector chip_ = ByteVector(64, 0xAB);
};

TEST_F(VcekStoreTest, TakesTheTcbsNameFirst) {
  const std::string hwid = ToHex(chip_);
  Put(hwid, "vcek.der", "flat");
  EXPECT_THAT(Find(kMilan), IsOkAnd(::testing::Eq("flat")));
  Put(hwid, "bl04_tee00_snp24_ucode219_vcek.der", "tcb");
  EXPECT_THAT(Find(kMilan), IsOkAnd(::testing::Eq("tcb")));
  TcbVersion other = kMilan;
  other.microcode = 220;
  EXPECT_THAT(Find(other), IsOkAnd(::testing::Eq("flat")));
}

TEST_F(VcekStoreTest, ShortensTheIdSinceTurin) {
  Put("abababababababab", "bl01_tee01_snp04_ucode81_fmc01_vcek.der", "turin");
  EXPECT_THAT(Find(kTurin), IsOkAnd(::testing::Eq("turin")));
  EXPECT_THAT(Find(kMilan), IsStatus(Code::kNotFound, Source::kBroker));
}

TEST_F(VcekStoreTest, FindsNothingByOtherNames) {
  Put(ToHex(chip_), "bl04_tee00_snp18_ucodedb_vcek.der", "hexadecimal");
  EXPECT_THAT(Find(kMilan), IsStatus(Code::kNotFound, Source::kBroker));
  Fill(chip_, 0);
  Put(ToHex(chip_), "vcek.der", "masked");
  EXPECT_THAT(Find(kMilan), IsStatus(Code::kNotFound, Source::kBroker));
}

TEST_F(VcekStoreTest, RefusesWhatIsNoCertificate) {
  Put(ToHex(chip_), "vcek.der", std::string(8193, 'x'));
  EXPECT_THAT(Find(kMilan), IsStatus(Code::kDataLoss, Source::kBroker));
  std::filesystem::remove_all(folder_ + "/vcek");
  std::filesystem::create_directories(folder_ + "/vcek/" + ToHex(chip_) + "/vcek.der");
  EXPECT_THAT(Find(kMilan), IsStatus(Code::kIoError, Source::kSystem, EISDIR));
  ASSERT_EQ(::chmod(folder_.c_str(), 0), 0);
  const bool root = ::geteuid() == 0;
  EXPECT_TRUE(!root || ::seteuid(65534) == 0);
  EXPECT_THAT(Find(kMilan), IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
  EXPECT_TRUE(!root || ::seteuid(0) == 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0700), 0);
  chip_.pop_back();
  EXPECT_THAT(Find(kMilan), IsStatus(Code::kInvalidArgument, Source::kBroker));
}

TEST_F(VcekStoreTest, AnEmptyStoreHasNothing) {
  const NoVcekStore store;
  EXPECT_THAT(store.Find(chip_, kMilan), IsStatus(Code::kNotFound, Source::kBroker));
  EXPECT_THAT(store.Find({}, kMilan), IsStatus(Code::kInvalidArgument, Source::kBroker));
}

}  // namespace
}  // namespace svsm::broker
