#include "svsm/sim/kds.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

constexpr snp::RawTcb kTcb = {3, 0, 0, 0, 0, 0, 8, 115};
constexpr snp::RawTcb kOlderTcb = {2, 0, 0, 0, 0, 0, 8, 115};

class Kds : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = ::testing::TempDir() + "/svsm-sim-kds-" + std::to_string(getpid());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  ByteVector Get(const std::string& path) {
    const Result<ByteVector> bytes = ReadFile(folder_ + path);
    EXPECT_THAT(bytes, IsOk()) << path;
    return bytes.ok() ? *bytes : ByteVector();
  }
  std::string folder_;
};

TEST(KdsPath, HasAmdsShape) {
  const Bytes<64> hwid = {0xAB, 0xCD};
  EXPECT_EQ(KdsChainPath(kMilan, EndorsementKey::kVcek), "/vcek/v1/Milan/cert_chain");
  EXPECT_EQ(KdsCrlPath(kGenoa, EndorsementKey::kVcek), "/vcek/v1/Genoa/crl");
  EXPECT_EQ(
      KdsVcekPath(kMilan, hwid, kTcb, SplDigits::kPlain),
      "/vcek/v1/Milan/abcd" + std::string(124, '0') + "?blSPL=3&teeSPL=0&snpSPL=8&ucodeSPL=115");
  EXPECT_EQ(
      KdsVcekPath(kMilan, hwid, kTcb, SplDigits::kTwo),
      "/vcek/v1/Milan/abcd" + std::string(124, '0') + "?blSPL=03&teeSPL=00&snpSPL=08&ucodeSPL=115");
  EXPECT_EQ(
      KdsVcekPath(kTurin, ByteView(hwid).first(8), {1, 2, 3, 4, 0, 0, 0, 81}, SplDigits::kPlain),
      "/vcek/v1/Turin/abcd000000000000?fmcSPL=1&blSPL=2&teeSPL=3&snpSPL=4&ucodeSPL=81");
}

TEST_F(Kds, ServesChainAndCrl) {
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector crl,
                            TestAuthority().IssueCrl({{}, kTestTime, kTestTime + 86400, 1}));
  ASSERT_THAT(WriteKdsLine(folder_, TestAuthority(), crl), IsOk());
  EXPECT_THAT(Get("/vcek/v1/Milan/cert_chain"), SameBytes(AsBytes(TestAuthority().ChainPem())));
  EXPECT_THAT(Get("/vcek/v1/Milan/crl"), SameBytes(crl));
}

TEST_F(Kds, ServesEachTcbInBothSpellings) {
  const Chip chip = MakeChip(kMilan, 3);
  const snp::RawTcb tcbs[] = {kTcb, kOlderTcb};
  ASSERT_THAT(WriteKdsChip(folder_, TestAuthority(), chip, tcbs, kTestTime), IsOk());
  const ByteVector plain = Get(KdsVcekPath(kMilan, chip.hwid(), kTcb, SplDigits::kPlain));
  EXPECT_THAT(Get(KdsVcekPath(kMilan, chip.hwid(), kTcb, SplDigits::kTwo)), SameBytes(plain));
  EXPECT_NE(Get(KdsVcekPath(kMilan, chip.hwid(), kOlderTcb, SplDigits::kPlain)), plain);
}

TEST_F(Kds, SaysWhyItCannotWrite) {
  const Chip chip = MakeChip(kMilan, 3);
  EXPECT_THAT(WriteKdsLine("/dev/null/kds", TestAuthority(), {}),
              IsStatus(Code::kIoError, Source::kSystem, ENOTDIR));
  EXPECT_THAT(WriteKdsChip("/dev/null/kds", TestAuthority(), chip, {}, kTestTime),
              IsStatus(Code::kIoError, Source::kSystem, ENOTDIR));
  const snp::RawTcb tcbs[] = {kTcb};
  EXPECT_THAT(WriteKdsChip(folder_, TestAuthority(), MakeChip(kGenoa, 3), tcbs, kTestTime),
              IsStatus(Code::kInvalidArgument, Source::kSim));
  const ClosedFolder closed;
  const Unprivileged unprivileged;
  EXPECT_THAT(WriteKdsLine(closed.path, TestAuthority(), {}),
              IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
  EXPECT_THAT(WriteKdsChip(closed.path, TestAuthority(), chip, {}, kTestTime),
              IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
}

}  // namespace
}  // namespace svsm::sim
