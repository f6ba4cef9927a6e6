// The guest's side of DEPOSIT_MEM, WITHDRAW_MEM and CONFIGURE_VTOM.
// Covers: svsm/protocol/client.h
#include "tests/protocol/client_fakes.h"

namespace svsm::protocol {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr VtomSupport kSupport{
    .alignment_log2 = 21, .min = Gpa(0x200000), .max = Gpa(0x7FFFFFE00000)};
constexpr Gpa kGiven = FakeMachine::Frame(0x50);

struct ClientMemoryTest : ::testing::Test {
  Svsm svsm{CoreOptions{.max_version = 1, .pvalidate_pages_per_call = 1, .vtom = kSupport},
            Svsm::kDeposits};
  FakeExit exit{svsm, kVmsa0};
  Client client{exit, {kArea0, svsm.machine.Map(kArea0, kPageSize)}, {}};
};

TEST_F(ClientMemoryTest, GivesPagesAndHasThemBack) {
  const DepositEntry entries[] = {{kGiven}, {Plus(kGiven, 0x1000)}, {Plus(kGiven, 0x3000)}};
  EXPECT_THAT(client.DepositMemory(entries), IsOk());
  EXPECT_EQ(exit.exits, 3u);
  EXPECT_FALSE(svsm.machine.page(0x53).access[2]);
  std::array<Gpa, 2> pages;
  SVSM_ASSERT_OK_AND_ASSIGN(auto back, client.WithdrawMemory(pages));
  EXPECT_THAT(back, ElementsAre(kGiven, Plus(kGiven, 0x3000)));
  EXPECT_EQ(svsm.machine.Map(kArea0, 2)[1], 1);
  SVSM_ASSERT_OK_AND_ASSIGN(back, client.WithdrawMemory(pages));
  EXPECT_THAT(back, ElementsAre(Plus(kGiven, 0x1000)));
  EXPECT_EQ(svsm.machine.Map(kArea0, 2)[1], 0);
  std::array<Gpa, 600> many;
  SVSM_ASSERT_OK_AND_ASSIGN(back, client.WithdrawMemory(many));
  EXPECT_TRUE(back.empty());
  SVSM_ASSERT_OK_AND_ASSIGN(back, client.WithdrawMemory({}));
  EXPECT_TRUE(back.empty());
}

TEST_F(ClientMemoryTest, ADepositStopsAtAnError) {
  const DepositEntry entries[] = {{kGiven}, {kSvsmPage}, {Plus(kGiven, 0x1000)}};
  EXPECT_THAT(client.DepositMemory(entries),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000003));
  EXPECT_FALSE(svsm.machine.page(0x50).access[2]);
  EXPECT_TRUE(svsm.machine.page(0x51).access[2]);
}

// Asks for memory until it has a page.
class Hungry final : public Service {
 public:
  explicit Hungry(PagePool& pool) : pool_(pool) {}
  std::uint32_t protocol() const override { return 60; }
  VersionRange versions() const override { return {1, 1}; }
  Result<CallReply> Call(CallContext&, const CallRegisters& in) override {
    const Result<Gpa> page = pool_.Take(PageSize::k4K);
    return CallReply(in).With(page.ok() ? ResultCode::kSuccess : NeedPages(1));
  }

 private:
  PagePool& pool_;
};

TEST_F(ClientMemoryTest, AServiceMayAskForMemory) {
  Hungry hungry(svsm.vcpus.pool());
  ASSERT_THAT(svsm.dispatcher.Register(hungry), IsOk());
  const Status wants = client.CallChecked(MakeCall(60, 0)).status();
  ASSERT_THAT(wants, IsStatus(Code::kOutOfMemory, Source::kProtocol, 0x40000001));
  ASSERT_EQ(PagesNeeded(static_cast<ResultCode>(wants.detail())), 1u);
  const DepositEntry entry{kGiven};
  ASSERT_THAT(client.DepositMemory({&entry, 1}), IsOk());
  EXPECT_THAT(client.CallChecked(MakeCall(60, 0)), IsOk());
}

// An SVSM that says success and nothing sensible.
class Babbler final : public GuestExit {
 public:
  explicit Babbler(FakeMachine& machine) : machine_(machine) {}
  Status RunSvsm(CallRegisters& registers) override {
    const Gpa list(registers.rcx);
    if (registers.call() == kCoreWithdrawMem) machine_.Poke(list, Bytes<2>{entries, 0});
    registers = answer;
    machine_.Poke(kArea0, Bytes<1>{0});
    return OkStatus();
  }
  std::uint8_t entries = 0;
  CallRegisters answer;

 private:
  FakeMachine& machine_;
};

TEST_F(ClientMemoryTest, AnswersThatCannotBeAreRefused) {
  Babbler babbler(svsm.machine);
  Client lied_to(babbler, {kArea0, svsm.machine.Map(kArea0, kPageSize)}, {});
  const DepositEntry entry{kGiven};
  EXPECT_THAT(lied_to.DepositMemory({&entry, 1}), IsStatus(Code::kMalformed, Source::kProtocol, 0));
  babbler.entries = 3;
  std::array<Gpa, 2> pages;
  EXPECT_THAT(lied_to.WithdrawMemory(pages), IsStatus(Code::kMalformed, Source::kProtocol, 3));

  babbler.answer = {.rax = 0, .rcx = 0xB002, .rdx = 0, .r8 = 1, .r9 = 0};
  EXPECT_THAT(lied_to.QueryVtom(), IsStatus(Code::kMalformed, Source::kProtocol, 0xB002));
  babbler.answer.rcx = 0x40002;
  EXPECT_THAT(lied_to.QueryVtom(), IsStatus(Code::kMalformed, Source::kProtocol, 0x40002));
  babbler.answer.rcx = 0x15002;
  EXPECT_THAT(lied_to.QueryVtom(), IsOk());
  babbler.answer.rdx = 2;
  EXPECT_THAT(lied_to.QueryVtom(), IsStatus(Code::kMalformed, Source::kProtocol, 0x15002));
}

TEST_F(ClientMemoryTest, SetsItsVtom) {
  EXPECT_THAT(client.QueryVtom(), IsOkAnd(kSupport));
  EXPECT_THAT(client.SetVtom(Gpa(0x400000)), IsOk());
  EXPECT_EQ(svsm.machine.Peek<wire::Le64>(Plus(kVmsa0, kVmsaVirtualTom)).get(), 0x400000u);
  EXPECT_THAT(client.SetVtom(Gpa(0x1000)),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000003));
  EXPECT_THAT(client.SetVtom(Gpa(0x400001)), IsStatus(Code::kInvalidArgument, Source::kProtocol));
  EXPECT_THAT(client.SetVtom(std::nullopt), IsOk());
  EXPECT_EQ(svsm.machine.Peek<wire::Le64>(Plus(kVmsa0, kVmsaVirtualTom)).get(), 0u);

  Svsm plain;
  FakeExit plain_exit(plain, kVmsa0);
  Client without(plain_exit, {kArea0, plain.machine.Map(kArea0, kPageSize)}, {});
  EXPECT_THAT(without.QueryVtom(), IsOkAnd(VtomSupport{}));
  EXPECT_THAT(without.SetVtom(Gpa(0x400000)),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000006));
}

}  // namespace
}  // namespace svsm::protocol
