// DEPOSIT_MEM and WITHDRAW_MEM.
#include "svsm/protocol/core_protocol.h"
#include "tests/protocol/fixture.h"

// Covers: svsm/protocol/core_protocol.h

namespace svsm::protocol {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr Gpa kGiven = FakeMachine::Frame(0x50);
constexpr Gpa kGiven2M = FakeMachine::Frame(0x200);
constexpr std::uint8_t kAvailable = 1;

TEST(DepositEntry, RoundTrips) {
  for (const PageSize size : {PageSize::k4K, PageSize::k2M}) {
    const DepositEntry entry{Gpa(0xFFFFFFFFFFE00000), size};
    EXPECT_THAT(DecodeDepositEntry(EncodeDepositEntry(entry)), IsOkAnd(entry));
  }
  EXPECT_EQ(EncodeDepositEntry({Gpa(0x200000), PageSize::k2M}), 0x200001u);
}

TEST(DepositEntry, RefusesWhatIsReserved) {
  EXPECT_THAT(DecodeDepositEntry(0x1002), IsStatus(Code::kMalformed, Source::kProtocol, 0));
  EXPECT_THAT(DecodeDepositEntry(0x1003), IsStatus(Code::kMalformed, Source::kProtocol, 0));
  for (unsigned bit = 2; bit < 12; ++bit) {
    EXPECT_THAT(DecodeDepositEntry(0x1000 | 1u << bit),
                IsStatus(Code::kMalformed, Source::kProtocol, 1));
  }
  EXPECT_THAT(DecodeDepositEntry(0x201001), IsStatus(Code::kMalformed, Source::kProtocol, 2));
}

struct MemoryCalls : ::testing::Test {
  ResultCode Deposit(const std::vector<std::uint64_t>& entries, std::uint16_t next = 0) {
    machine().Poke(list, wire::ToBytes(PvalidateListHeader{
                             wire::Le16(static_cast<std::uint16_t>(entries.size())),
                             wire::Le16(next), wire::Le32(0xDEADBEEF)}));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      machine().Poke(Plus(list, 8 + 8 * i), wire::ToBytes(wire::Le64(entries[i])));
    }
    return svsm.Code(kCoreProtocol, kCoreDepositMem, list.value());
  }
  ResultCode Deposit(Gpa gpa, PageSize size = PageSize::k4K) {
    return Deposit(std::vector<std::uint64_t>{EncodeDepositEntry({gpa, size})});
  }
  std::uint16_t Next() { return machine().Peek<PvalidateListHeader>(list).next.get(); }

  ResultCode Withdraw(Gpa at) { return svsm.Code(kCoreProtocol, kCoreWithdrawMem, at.value()); }
  // What the last Withdraw() wrote.
  std::vector<std::uint64_t> Given(Gpa at) {
    std::vector<std::uint64_t> pages(machine().Peek<WithdrawListHeader>(at).entries.get());
    for (std::size_t i = 0; i < pages.size(); ++i) {
      pages[i] = machine().Peek<wire::Le64>(Plus(at, 8 + 8 * i)).get();
    }
    return pages;
  }
  std::uint8_t MemAvailable(Gpa area = kArea0) { return machine().Map(area, 2)[1]; }
  FakeMachine& machine() { return svsm.machine; }

  Svsm svsm{CoreOptions{.max_version = 1, .pvalidate_pages_per_call = 2}, Svsm::kDeposits};
  Gpa list = Plus(kArea0, 8);
};

TEST_F(MemoryCalls, ADepositRevokesWipesAndFlushes) {
  Fill(machine().Map(kGiven, kPageSize), 0xAA);
  EXPECT_EQ(Deposit(kGiven), ResultCode::kSuccess);
  EXPECT_EQ(Next(), 1);
  EXPECT_THAT(machine().TakeSteps(), ElementsAre("revoke 50 4K", "zero 50 4K", "flush"));
  EXPECT_FALSE(machine().page(0x50).access[1] || machine().page(0x50).access[2]);
  EXPECT_EQ(MemAvailable(), kAvailable);
  EXPECT_THAT(svsm.vcpus.pool().Take(PageSize::k4K), IsOkAnd(kGiven));
}

TEST_F(MemoryCalls, ADepositedPageIsTheSvsms) {
  ASSERT_EQ(Deposit(kGiven), ResultCode::kSuccess);
  EXPECT_EQ(svsm.Code(kCoreProtocol, kCoreRemapCa, kGiven.value()), ResultCode::kInvalidAddress);
  EXPECT_EQ(svsm.Code(kCoreProtocol, kCorePvalidate, kGiven.value()), ResultCode::kInvalidAddress);
  EXPECT_EQ(svsm.Code(kCoreProtocol, kCoreCreateVcpu, kGiven.value(), kArea1.value(), 1),
            ResultCode::kInvalidAddress);
  EXPECT_EQ(Withdraw(kGiven), ResultCode::kInvalidAddress);
  EXPECT_EQ(Deposit(kGiven), ResultCode::kInvalidAddress);
  EXPECT_EQ(Next(), 0);
  // PVALIDATE of it, too.
  machine().TakeSteps();
  const PvalidateEntry entry{kGiven, PageSize::k4K, PageState::kInvalid};
  machine().Poke(list, wire::ToBytes(PvalidateListHeader{wire::Le16(1), wire::Le16(0), {}}));
  machine().Poke(Plus(list, 8), wire::ToBytes(wire::Le64(EncodePvalidateEntry(entry))));
  EXPECT_EQ(svsm.Code(kCoreProtocol, kCorePvalidate, list.value()), ResultCode::kInvalidAddress);
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
}

TEST_F(MemoryCalls, ADepositListIsJudgedAsAPvalidateList) {
  const std::uint64_t entry = EncodeDepositEntry({kGiven});
  const auto code = [this](std::uint64_t rcx) {
    return svsm.Code(kCoreProtocol, kCoreDepositMem, rcx);
  };
  EXPECT_EQ(code(list.value() + 4), ResultCode::kInvalidParameter);
  EXPECT_EQ(code(kSvsmPage.value()), ResultCode::kInvalidAddress);
  EXPECT_EQ(code(kNowhere.value()), ResultCode::kInvalidAddress);
  EXPECT_EQ(Deposit(std::vector<std::uint64_t>{}), ResultCode::kInvalidParameter);
  EXPECT_EQ(Deposit({entry}, 1), ResultCode::kInvalidParameter);
  list = Plus(kFree, 0xFF8);
  EXPECT_EQ(Deposit(std::vector<std::uint64_t>{entry}), ResultCode::kInvalidParameter);
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
}

TEST_F(MemoryCalls, RefusesBadEntriesAndSaysWhichOne) {
  for (const std::uint64_t bad : {0x51002u, 0x51004u, 0x51800u, 0x51001u}) {
    SCOPED_TRACE(bad);
    EXPECT_EQ(Deposit({EncodeDepositEntry({kGiven}), bad}), ResultCode::kInvalidParameter);
    EXPECT_EQ(Next(), 1);
    ASSERT_EQ(Withdraw(kFree), ResultCode::kSuccess);
  }
}

TEST_F(MemoryCalls, RefusesPagesThatAreNotTheGuestsToGive) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  machine().TakeSteps();
  const Gpa bad[] = {kSvsmPage, kNowhere, Gpa(~std::uint64_t{0xFFF}), kVmsa0, kVmsa1,
                     kArea0,    kArea1};
  for (const Gpa gpa : bad) {
    EXPECT_EQ(Deposit(gpa), ResultCode::kInvalidAddress) << gpa.value();
    EXPECT_EQ(Next(), 0);
  }
  EXPECT_EQ(Deposit(Gpa(0), PageSize::k2M), ResultCode::kInvalidAddress);  // the SVSM is inside
  list = Plus(kFree, 0x100);
  EXPECT_EQ(Deposit(kFree), ResultCode::kInvalidAddress);  // the list's own page
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
}

TEST_F(MemoryCalls, APageThatIsNotValidatedIsNoUse) {
  machine().zero_fails = true;
  EXPECT_EQ(Deposit(kGiven), ResultCode::kInvalidAddress);
  EXPECT_THAT(machine().TakeSteps(), ElementsAre("revoke 50 4K", "zero 50 4K", "grant 50 4K 2"));
  EXPECT_FALSE(svsm.vcpus.pool().OverlapsLocked(kGiven, kPageSize));
  EXPECT_EQ(MemAvailable(), 0);
}

TEST_F(MemoryCalls, ReportsTheInstructionsErrors) {
  const struct {
    std::uint32_t eax;
    std::uint32_t code;
  } rows[] = {{1, 0x80001001}, {6, 0x80001006}, {0xF, 0x8000100F}, {0x10, 0x80001011}};
  for (const auto& row : rows) {
    machine().FailNext("revoke", row.eax);
    EXPECT_EQ(ToU32(Deposit(kGiven)), row.code);
    EXPECT_EQ(Next(), 0);
    EXPECT_FALSE(svsm.vcpus.pool().OverlapsLocked(kGiven, kPageSize));
  }
}

TEST_F(MemoryCalls, HasRoomForSoManyPages) {
  std::vector<std::uint64_t> entries;
  for (std::uint64_t i = 0; i < Svsm::kDeposits + 1; ++i) {
    entries.push_back(EncodeDepositEntry({Plus(kGiven, i * kPageSize)}));
  }
  EXPECT_EQ(Deposit(entries), ResultCode::kIncomplete);
  EXPECT_EQ(Next(), 2);
  EXPECT_EQ(svsm.Code(kCoreProtocol, kCoreDepositMem, list.value()), ResultCode::kIncomplete);
  EXPECT_EQ(svsm.Code(kCoreProtocol, kCoreDepositMem, list.value()), ResultCode::kInvalidRequest);
  EXPECT_EQ(Next(), Svsm::kDeposits);
  EXPECT_TRUE(machine().page(0x50 + Svsm::kDeposits).access[2]);
}

TEST_F(MemoryCalls, AWithdrawalWipesThenGrants) {
  ASSERT_EQ(Deposit(kGiven), ResultCode::kSuccess);
  // In between, the SVSM used the page.
  ASSERT_THAT(svsm.vcpus.pool().Take(PageSize::k4K), IsOkAnd(kGiven));
  EXPECT_EQ(Withdraw(kFree), ResultCode::kSuccess);
  EXPECT_THAT(Given(kFree), IsEmpty());
  EXPECT_EQ(MemAvailable(), 0);
  Fill(machine().Map(kGiven, kPageSize), 0x5E);
  ASSERT_TRUE(svsm.vcpus.pool().Return(kGiven).ok());
  machine().TakeSteps();
  EXPECT_EQ(Withdraw(kFree), ResultCode::kSuccess);
  EXPECT_THAT(machine().TakeSteps(), ElementsAre("zero 50 4K", "grant 50 4K 2"));
  EXPECT_THAT(Given(kFree), ElementsAre(kGiven.value()));
  EXPECT_TRUE(IsZero(machine().Map(kGiven, kPageSize)));
  EXPECT_TRUE(machine().page(0x50).access[1] && machine().page(0x50).access[2]);
  EXPECT_FALSE(machine().page(0x50).access[3]);
  EXPECT_EQ(MemAvailable(), 0);
}

TEST_F(MemoryCalls, AWithdrawalEndsWithItsPage) {
  ASSERT_EQ(Deposit({EncodeDepositEntry({kGiven}), EncodeDepositEntry({Plus(kGiven, 0x1000)})}),
            ResultCode::kSuccess);
  EXPECT_EQ(Withdraw(Plus(kFree, 0xFF8)), ResultCode::kInvalidParameter);
  EXPECT_EQ(Withdraw(Plus(kFree, 4)), ResultCode::kInvalidParameter);
  EXPECT_EQ(Withdraw(Plus(kFree, 0xFF0)), ResultCode::kSuccess);
  EXPECT_THAT(Given(Plus(kFree, 0xFF0)), ElementsAre(kGiven.value()));
  EXPECT_EQ(MemAvailable(), kAvailable);
  EXPECT_EQ(Withdraw(Plus(kFree, 0xFF0)), ResultCode::kSuccess);
  EXPECT_THAT(Given(Plus(kFree, 0xFF0)), ElementsAre(kGiven.value() + 0x1000));
  EXPECT_EQ(MemAvailable(), 0);
}

TEST_F(MemoryCalls, ALargePageComesBackAsItsSmallOnes) {
  for (std::size_t i = 0; i < 512; ++i) {
    machine().page(0x200 + i).valid = true;
    machine().page(0x200 + i).access[2] = true;
  }
  ASSERT_EQ(Deposit(kGiven2M, PageSize::k2M), ResultCode::kSuccess);
  machine().TakeSteps();
  EXPECT_EQ(Withdraw(kFree), ResultCode::kSuccess);
  EXPECT_THAT(machine().TakeSteps(), ElementsAre("zero 200 2M", "grant 200 2M 2"));
  EXPECT_EQ(Given(kFree).size(), 511u);
  EXPECT_EQ(Given(kFree).back(), kGiven2M.value() + 510 * kPageSize);
  EXPECT_EQ(MemAvailable(), kAvailable);
  EXPECT_EQ(Withdraw(kFree), ResultCode::kSuccess);
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
  EXPECT_THAT(Given(kFree), ElementsAre(kGiven2M.value() + 511 * kPageSize));
  EXPECT_EQ(MemAvailable(), 0);
}

TEST_F(MemoryCalls, NothingLeavesThePoolForAListThatCannotBeWritten) {
  ASSERT_EQ(Deposit(kGiven), ResultCode::kSuccess);
  machine().TakeSteps();
  machine().page(0x40).faults = true;
  for (const Gpa at : {kSvsmPage, kNowhere, kVmsa0, kArea0, kGiven, kFree}) {
    EXPECT_EQ(Withdraw(at), ResultCode::kInvalidAddress) << at.value();
  }
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
  EXPECT_TRUE(svsm.vcpus.pool().OverlapsLocked(kGiven, kPageSize));
}

TEST_F(MemoryCalls, APageThatTheHostTookIsForgotten) {
  ASSERT_EQ(Deposit(kGiven), ResultCode::kSuccess);
  machine().FailNext("grant", kFailPermission);
  EXPECT_EQ(Withdraw(kFree), ResultCode::kSuccess);
  EXPECT_THAT(Given(kFree), IsEmpty());
  EXPECT_FALSE(svsm.vcpus.pool().OverlapsLocked(kGiven, kPageSize));
  EXPECT_FALSE(machine().page(0x50).access[2]);
}

TEST_F(MemoryCalls, MemAvailableFollowsTheStartupVcpusArea) {
  ASSERT_EQ(Deposit(kGiven), ResultCode::kSuccess);
  ASSERT_EQ(MemAvailable(), kAvailable);
  // A call of another vCPU leaves its own area alone.
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  CallRegisters query = MakeCall(kCoreProtocol, kCoreQueryProtocol);
  svsm.CallFrom(kVmsa1, kArea1, query);
  EXPECT_EQ(MemAvailable(kArea1), 0);
  EXPECT_EQ(MemAvailable(kFree), 0);
  ASSERT_EQ(svsm.Code(kCoreProtocol, kCoreRemapCa, kFree.value()), ResultCode::kSuccess);
  EXPECT_EQ(MemAvailable(kFree), kAvailable);
}

}  // namespace
}  // namespace svsm::protocol
