// Several vCPUs at once. Run under ThreadSanitizer it says whether the library shares what it must
// not; the assertions here say whether pages stay whose they are.
#include <atomic>
#include <thread>

#include "svsm/protocol/vtpm.h"
#include "tests/protocol/fixture.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;

// Writes its argument's page full of what would make a VMSA of VMPL 0.
class Writer final : public Service {
 public:
  std::uint32_t protocol() const override { return 50; }
  VersionRange versions() const override { return {1, 1}; }
  Result<CallReply> Call(CallContext& context, const CallRegisters& in) override {
    CallReply reply(in);
    const Bytes<256> zeros{};
    return reply.With(context.memory.Write(Gpa(in.rcx), zeros).ok() ? ResultCode::kSuccess
                                                                    : ResultCode::kInvalidAddress);
  }
};

struct Threads : ::testing::Test {
  // A call of a vCPU of its own, which no other thread makes.
  ResultCode Call(Gpa vmsa, Gpa area, std::uint32_t protocol, std::uint32_t call, std::uint64_t rcx,
                  std::uint64_t rdx = 0, std::uint64_t r8 = 0) {
    CallRegisters registers = MakeCall(protocol, call);
    registers.rcx = rcx;
    registers.rdx = rdx;
    registers.r8 = r8;
    svsm.machine.Poke(area, Bytes<1>{kCallPending});
    const auto outcome = svsm.dispatcher.Dispatch(vmsa, registers);
    EXPECT_TRUE(outcome.ok());
    return static_cast<ResultCode>(registers.rax);
  }
  Svsm svsm{{}, Svsm::kDeposits};
};

TEST_F(Threads, AVmsaIsNeverWrittenForTheGuest) {
  Writer writer;
  ASSERT_THAT(svsm.dispatcher.Register(writer), IsOk());
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  const Gpa victim = kFree;
  const Gpa area = Plus(kFree, kPageSize);
  std::atomic<bool> done = false;
  std::thread other([&] {
    while (!done) {
      (void)Call(kVmsa1, kArea1, 50, 0, victim.value());
      std::this_thread::yield();
    }
  });
  unsigned created = 0;
  for (unsigned i = 0; i < 2000; ++i) {
    svsm.machine.PokeVmsa(victim, 2, kEfer, kFeatures);
    const ResultCode code =
        Call(kVmsa0, kArea0, kCoreProtocol, kCoreCreateVcpu, victim.value(), area.value(), 2);
    if (code != ResultCode::kSuccess) {
      EXPECT_EQ(code, ResultCode::kInvalidParameter);  // the other was faster: not a VMSA any more
      continue;
    }
    ++created;
    // Made from what was checked, and nobody writes to it any more.
    std::this_thread::yield();
    EXPECT_EQ(svsm.machine.Peek<wire::Le64>(Plus(victim, kVmsaEfer)).get(), kEfer);
    EXPECT_EQ(svsm.machine.Map(Plus(victim, kVmsaVmpl), 1)[0], 2);
    EXPECT_EQ(Call(kVmsa0, kArea0, kCoreProtocol, kCoreDeleteVcpu, victim.value()),
              ResultCode::kSuccess);
  }
  done = true;
  other.join();
  EXPECT_GT(created, 0u);
}

// One vCPU makes a page a VMSA and unmakes it, another changes its state, and a third gives it away
// and asks it back.
TEST_F(Threads, AVmsaIsNeitherInvalidatedNorDeposited) {
  constexpr Gpa kVmsa2 = FakeMachine::Frame(0x12);
  constexpr Gpa kArea2 = FakeMachine::Frame(0x22);
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  svsm.machine.PokeVmsa(kVmsa2, 2, kEfer, kFeatures);
  ASSERT_EQ(svsm.Code(kCoreProtocol, kCoreCreateVcpu, kVmsa2.value(), kArea2.value(), 2),
            ResultCode::kSuccess);
  const Gpa victim = kFree;
  const Gpa area = Plus(kFree, kPageSize);
  const auto put = [&](Gpa list, std::uint64_t entry) {
    svsm.machine.Poke(list, wire::ToBytes(PvalidateListHeader{wire::Le16(1), wire::Le16(0), {}}));
    svsm.machine.Poke(Plus(list, 8), wire::ToBytes(wire::Le64(entry)));
  };
  std::atomic<bool> done = false;
  std::thread changes([&] {
    for (unsigned i = 0; !done; ++i) {
      const PageState state = i % 2 == 0 ? PageState::kInvalid : PageState::kValid;
      put(Plus(kArea1, 8),
          EncodePvalidateEntry({victim, PageSize::k4K, state, UnchangedPage::kIsIgnored}));
      (void)Call(kVmsa1, kArea1, kCoreProtocol, kCorePvalidate, kArea1.value() + 8);
      std::this_thread::yield();
    }
  });
  std::thread gives([&] {
    while (!done) {
      put(Plus(kArea2, 8), EncodeDepositEntry({victim}));
      (void)Call(kVmsa2, kArea2, kCoreProtocol, kCoreDepositMem, kArea2.value() + 8);
      (void)Call(kVmsa2, kArea2, kCoreProtocol, kCoreWithdrawMem, kArea2.value() + 0x800);
      std::this_thread::yield();
    }
  });
  unsigned created = 0;
  for (unsigned i = 0; i < 100000 && created < 200; ++i) {
    svsm.machine.PokeVmsa(victim, 2, kEfer, kFeatures);
    if (Call(kVmsa0, kArea0, kCoreProtocol, kCoreCreateVcpu, victim.value(), area.value(), 3) !=
        ResultCode::kSuccess) {
      continue;  // the others were faster
    }
    ++created;
    std::this_thread::yield();
    // Still what was checked: nobody wiped, invalidated or took it.
    EXPECT_EQ(svsm.machine.Peek<wire::Le64>(Plus(victim, kVmsaEfer)).get(), kEfer);
    EXPECT_EQ(svsm.machine.Peek<wire::Le64>(Plus(victim, kVmsaSevFeatures)).get(), kFeatures);
    ASSERT_EQ(Call(kVmsa0, kArea0, kCoreProtocol, kCoreDeleteVcpu, victim.value()),
              ResultCode::kSuccess);
  }
  done = true;
  changes.join();
  gives.join();
  EXPECT_GT(created, 0u);
}

TEST_F(Threads, PagesChangeHandsOneAtATime) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  const auto work = [&](Gpa vmsa, Gpa area) {
    const Gpa list = Plus(area, 8);
    for (unsigned i = 0; i < 1000; ++i) {
      // Both work on the same page and on one of their own.
      const PageState state = i % 2 == 0 ? PageState::kValid : PageState::kInvalid;
      const Gpa own = FakeMachine::Frame(vmsa == kVmsa0 ? 0x401 : 0x402);
      svsm.machine.Poke(list, wire::ToBytes(PvalidateListHeader{wire::Le16(2), wire::Le16(0), {}}));
      const Gpa gpas[] = {FakeMachine::Frame(0x400), own};
      for (std::size_t k = 0; k < 2; ++k) {
        const PvalidateEntry entry{gpas[k], PageSize::k4K, state, UnchangedPage::kIsIgnored};
        svsm.machine.Poke(Plus(list, 8 + 8 * k),
                          wire::ToBytes(wire::Le64(EncodePvalidateEntry(entry))));
      }
      EXPECT_EQ(Call(vmsa, area, kCoreProtocol, kCorePvalidate, list.value()),
                ResultCode::kSuccess);
      EXPECT_EQ(Call(vmsa, area, kCoreProtocol, kCoreQueryProtocol, 1), ResultCode::kSuccess);
    }
  };
  std::thread first(work, kVmsa0, kArea0);
  std::thread second(work, kVmsa1, kArea1);
  first.join();
  second.join();
  EXPECT_FALSE(svsm.machine.page(0x401).valid);
  EXPECT_FALSE(svsm.machine.page(0x402).valid);
}

TEST_F(Threads, OneVcpuIsServedByOneCpu) {
  std::atomic<unsigned> answered = 0;
  std::atomic<unsigned> refused = 0;
  const auto work = [&] {
    for (unsigned i = 0; i < 2000; ++i) {
      CallRegisters registers = MakeCall(kCoreProtocol, kCoreQueryProtocol);
      svsm.machine.Poke(kArea0, Bytes<1>{kCallPending});
      const auto outcome = svsm.dispatcher.Dispatch(kVmsa0, registers);
      if (outcome.ok()) {
        ++answered;
      } else {
        EXPECT_THAT(outcome, testing::IsStatus(Code::kBusy, Source::kProtocol));
        ++refused;
      }
    }
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
  EXPECT_EQ(answered + refused, 4000u);
  EXPECT_GT(answered, 0u);
}

}  // namespace
}  // namespace svsm::protocol
