// Covers: svsm/protocol/platform.h
#include "svsm/sim/guest_ram.h"

#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using protocol::PageKind;
using protocol::PageSize;
using protocol::PageState;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr Gpa kPage{0x3000};
constexpr Gpa kNextPage{0x4000};
constexpr Vmpl kGuestVmpl{2};

class GuestRamTest : public ::testing::Test {
 protected:
  void Accept(Gpa page) {
    EXPECT_EQ(ram_.Pvalidate(page, PageSize::k4K, PageState::kValid).eax, 0u);
    EXPECT_THAT(ram_.Zero(page, PageSize::k4K), IsOk());
    EXPECT_EQ(ram_.Grant(page, PageSize::k4K, kGuestVmpl), 0u);
  }
  GuestRam ram_{1024};
};

TEST_F(GuestRamTest, TheGuestSeesWhatTheSvsmWrites) {
  Accept(kPage);
  Accept(kNextPage);
  const Bytes<4> bytes = {1, 2, 3, 4};
  const Gpa across(0x3FFE);
  ASSERT_THAT(ram_.Write(across, bytes), IsOk());
  Bytes<4> seen{};
  ASSERT_THAT(ram_.ReadAs(kGuestVmpl, across, seen), IsOk());
  EXPECT_EQ(seen, bytes);
  ASSERT_THAT(ram_.WriteAs(kGuestVmpl, across, Bytes<4>{9, 8, 7, 6}), IsOk());
  ASSERT_THAT(ram_.Read(across, seen), IsOk());
  EXPECT_THAT(seen, ElementsAre(9, 8, 7, 6));
}

TEST_F(GuestRamTest, FaultsNameThePage) {
  Accept(kPage);
  Bytes<4> out = {1, 2, 3, 4};
  EXPECT_THAT(ram_.ReadAs(kGuestVmpl, Gpa(0x3FFE), out),
              IsStatus(Code::kOutOfRange, Source::kSim, 1));
  EXPECT_THAT(out, Each(Eq(0)));
  EXPECT_THAT(ram_.WriteAs(Vmpl(3), kPage, out), IsStatus(Code::kOutOfRange, Source::kSim));
  EXPECT_THAT(ram_.Read(Gpa(0x3FFE), out), IsStatus(Code::kOutOfRange, Source::kSim, 1));
  EXPECT_THAT(ram_.Write(Gpa(0x3FFE), out), IsStatus(Code::kOutOfRange, Source::kSim, 1));
  EXPECT_THAT(ram_.Read(Gpa(UINT64_MAX - 1), out), IsStatus(Code::kOutOfRange, Source::kSim));
  EXPECT_THAT(ram_.Read(Gpa(1024 * kPageSize), out), IsStatus(Code::kOutOfRange, Source::kSim));
  EXPECT_THAT(ram_.ExchangeAs(kGuestVmpl, kNextPage, 0), IsStatus(Code::kOutOfRange, Source::kSim));
}

TEST_F(GuestRamTest, ExchangesAByte) {
  Accept(kPage);
  EXPECT_THAT(ram_.ExchangeAs(kGuestVmpl, kPage, 5), IsOkAnd(Eq(0)));
  EXPECT_THAT(ram_.ExchangeAs(kGuestVmpl, kPage, 6), IsOkAnd(Eq(5)));
}

TEST_F(GuestRamTest, TheSvsmsPagesAreReadAsGuestMemoryByNobody) {
  Bytes<kPageSize> contents{};
  contents[0] = 0x77;
  ram_.LaunchPage(kPage, contents, PageKind::kSvsm);
  Bytes<1> out{};
  EXPECT_THAT(ram_.Read(kPage, out), IsStatus(Code::kOutOfRange, Source::kSim));
  EXPECT_THAT(ram_.ReadAs(kGuestVmpl, kPage, out), IsStatus(Code::kOutOfRange, Source::kSim));
  ASSERT_THAT(ram_.ReadAs(Vmpl(0), kPage, out), IsOk());
  EXPECT_EQ(out[0], 0x77);
  EXPECT_EQ(ram_.Classify(kPage), PageKind::kSvsm);
}

TEST_F(GuestRamTest, MemoryIsNotZeroByItself) {
  ram_.Pvalidate(kPage, PageSize::k4K, PageState::kValid);
  Bytes<8> out{};
  ASSERT_THAT(ram_.Read(kPage, out), IsOk());
  EXPECT_THAT(out, Each(Eq(0xA5)));
}

// The host puts the SVSM's memory under a guest address; only zeroing keeps it secret.
TEST_F(GuestRamTest, ARemappedSecretIsSeenUnlessThePageIsZeroed) {
  Bytes<kPageSize> secret{};
  secret[0] = 0x42;
  ram_.LaunchPage(kPage, secret, PageKind::kSvsm);
  Accept(kNextPage);
  ram_.HostRemap(kPage, kNextPage);
  Bytes<1> out{};
  EXPECT_THAT(ram_.ReadAs(Vmpl(0), kPage, out), IsStatus(Code::kOutOfRange, Source::kSim));
  ram_.Pvalidate(kNextPage, PageSize::k4K, PageState::kValid);
  ASSERT_THAT(ram_.Read(kNextPage, out), IsOk());
  EXPECT_EQ(out[0], 0x42);
  ASSERT_THAT(ram_.Zero(kNextPage, PageSize::k4K), IsOk());
  ram_.Grant(kNextPage, PageSize::k4K, kGuestVmpl);
  ASSERT_THAT(ram_.ReadAs(kGuestVmpl, kNextPage, out), IsOk());
  EXPECT_EQ(out[0], 0);
  EXPECT_THAT(ram_.violations(), IsEmpty());
}

TEST_F(GuestRamTest, ZeroingAPageThatIsNotThereFaults) {
  EXPECT_THAT(ram_.Zero(kPage, PageSize::k4K), IsStatus(Code::kIoError, Source::kSim));
  EXPECT_THAT(ram_.Zero(Gpa(0x800), PageSize::k4K), IsStatus(Code::kIoError, Source::kSim));
}

TEST_F(GuestRamTest, VmsasAreReachedByTheSvsmAlone) {
  Accept(kPage);
  ram_.Revoke(kPage, PageSize::k4K);
  ram_.FlushTlbs();
  ASSERT_EQ(ram_.SetVmsa(kPage), 0u);
  const Bytes<2> bytes = {1, 2};
  ASSERT_THAT(ram_.WriteVmsa(kPage, 0xFFE, bytes), IsOk());
  Bytes<2> out{};
  ASSERT_THAT(ram_.ReadVmsa(kPage, 0xFFE, out), IsOk());
  EXPECT_EQ(out, bytes);
  EXPECT_THAT(ram_.ReadAs(Vmpl(1), kPage, out), IsStatus(Code::kOutOfRange, Source::kSim));
  EXPECT_THAT(ram_.ReadVmsa(kNextPage, 0, out), IsStatus(Code::kIoError, Source::kSim));
  EXPECT_THAT(ram_.WriteVmsa(kNextPage, 0, out), IsStatus(Code::kIoError, Source::kSim));
}

TEST_F(GuestRamTest, RecordsTheFlushThatDidNotCome) {
  Accept(kPage);
  ram_.Revoke(kPage, PageSize::k4K);
  ram_.NoteReturnToGuest();
  EXPECT_THAT(ram_.violations(), ElementsAre(Violation{ViolationKind::kStaleTranslations, kPage}));
}

TEST_F(GuestRamTest, MapsWhatTheGuestMayReach) {
  Accept(kPage);
  ram_.MapAs(kGuestVmpl, kPage, kPageSize)[3] = 0x33;
  Bytes<4> out{};
  ASSERT_THAT(ram_.Read(kPage, out), IsOk());
  EXPECT_EQ(out[3], 0x33);
  EXPECT_DEATH((void)ram_.MapAs(Vmpl(3), kPage, kPageSize), "");
}

}  // namespace
}  // namespace svsm::sim
