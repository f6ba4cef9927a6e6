#include "svsm/protocol/dispatcher.h"

#include "tests/protocol/fixture.h"

namespace svsm::protocol {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

// Call 0 copies RCX to RDX, call 1 fails as an SVSM, call 2 dispatches again for the same vCPU,
// call 3 writes 8 bytes of ones to RCX and call 4 reads them.
class Probe final : public Service {
 public:
  explicit Probe(std::uint32_t protocol) : protocol_(protocol) {}
  std::uint32_t protocol() const override { return protocol_; }
  VersionRange versions() const override { return versions_; }
  Result<CallReply> Call(CallContext& context, const CallRegisters& in) override {
    CallReply reply(in);
    caller = context.vmpl;
    Bytes<8> eight{};
    Fill(eight, 0xFF);
    switch (in.call()) {
      case 0:
        reply.registers.rdx = in.rcx;
        return reply;
      case 1:
        return Status(Code::kIoError, Source::kCaller, 5);
      case 2: {
        CallRegisters again = in;
        inner = dispatcher->Dispatch(context.vmsa, again).status();
        return reply;
      }
      case 3:
        inner = context.memory.Write(Gpa(in.rcx), eight);
        return reply;
      case 4:
        inner = context.memory.Read(Gpa(in.rcx), eight);
        return reply;
      default:
        return reply.With(ResultCode::kUnsupportedCall);
    }
  }
  VersionRange versions_{1, 3};
  Vmpl caller;
  Status inner;
  Dispatcher* dispatcher = nullptr;

 private:
  std::uint32_t protocol_;
};

constexpr std::uint32_t kProbe = 0x80000042;

struct DispatcherTest : ::testing::Test {
  DispatcherTest() {
    probe.dispatcher = &svsm.dispatcher;
    EXPECT_THAT(svsm.dispatcher.Register(probe), IsOk());
  }
  Svsm svsm;
  Probe probe{kProbe};
};

TEST_F(DispatcherTest, EveryRegisterIsWrittenBack) {
  CallRegisters in{.rax = std::uint64_t{kProbe} << 32, .rcx = 1, .rdx = 2, .r8 = 3, .r9 = 4};
  EXPECT_EQ(svsm.Call(in), (CallRegisters{.rax = 0, .rcx = 1, .rdx = 1, .r8 = 3, .r9 = 4}));
  EXPECT_EQ(probe.caller, Vmpl(2));
}

TEST_F(DispatcherTest, UnknownCallsAndProtocols) {
  EXPECT_EQ(svsm.Code(kProbe, 9, 0), ResultCode::kUnsupportedCall);
  EXPECT_EQ(svsm.Code(kProbe + 1, 0, 0), ResultCode::kUnsupportedProtocol);
  EXPECT_EQ(svsm.Code(kCoreProtocol, 8, 0), ResultCode::kUnsupportedCall);
  EXPECT_EQ(svsm.Code(kCoreProtocol, 0xFFFFFFFF, 0), ResultCode::kUnsupportedCall);
}

// The protocol is judged, too, not the call's number alone.
TEST_F(DispatcherTest, CallsOfTheCoreAreCallsOfNoOtherProtocol) {
  for (const std::uint32_t protocol : {1u, 2u, 3u, 4u, 5u, 0x80000000u}) {
    for (std::uint32_t call = 0; call <= 8; ++call) {
      EXPECT_EQ(svsm.Code(protocol, call, kFree.value()), ResultCode::kUnsupportedProtocol);
    }
  }
  EXPECT_THAT(svsm.machine.TakeSteps(), ::testing::IsEmpty());
  SVSM_ASSERT_OK_AND_ASSIGN(const Vcpu vcpu, svsm.vcpus.Find(kVmsa0));
  EXPECT_EQ(vcpu.calling_area, kArea0);
}

TEST_F(DispatcherTest, AServiceThatOffersNothingNowIsUnsupported) {
  probe.versions_ = {};
  EXPECT_EQ(svsm.Code(kProbe, 0, 0), ResultCode::kUnsupportedProtocol);
}

TEST_F(DispatcherTest, ASpuriousExitIsLeftAlone) {
  CallRegisters registers = MakeCall(kProbe, 0);
  registers.rcx = 7;
  const CallRegisters before = registers;
  EXPECT_THAT(svsm.dispatcher.Dispatch(kVmsa0, registers), IsOkAnd(ExitOutcome::kSpurious));
  EXPECT_EQ(registers, before);
}

TEST_F(DispatcherTest, APendingFlagThatIsNeither0Nor1IsAFormatError) {
  for (const std::uint8_t pending : Bytes<3>{2, 0x80, 0xFF}) {
    svsm.machine.Poke(kArea0, Bytes<1>{pending});
    CallRegisters registers = MakeCall(kProbe, 0);
    EXPECT_THAT(svsm.dispatcher.Dispatch(kVmsa0, registers), IsOkAnd(ExitOutcome::kAnswered));
    EXPECT_EQ(registers.rax, ToU32(ResultCode::kInvalidFormat));
    EXPECT_EQ(svsm.machine.Map(kArea0, 1)[0], 0);
  }
}

TEST_F(DispatcherTest, ReservedBytesOfTheCallingAreaAreNotLookedAt) {
  Fill(svsm.machine.Map(Plus(kArea0, 1), 7), 0xFF);
  EXPECT_EQ(svsm.Code(kProbe, 0, 0), ResultCode::kSuccess);
}

TEST_F(DispatcherTest, AnUnknownVcpuIsAnError) {
  CallRegisters registers;
  EXPECT_THAT(svsm.dispatcher.Dispatch(kVmsa1, registers),
              IsStatus(Code::kNotFound, Source::kProtocol));
}

TEST_F(DispatcherTest, OneCallAVcpu) {
  EXPECT_EQ(svsm.Code(kProbe, 2, 0), ResultCode::kSuccess);
  EXPECT_THAT(probe.inner, IsStatus(Code::kBusy, Source::kProtocol));
  EXPECT_EQ(svsm.Code(kProbe, 0, 0), ResultCode::kSuccess);
}

TEST_F(DispatcherTest, ACallingAreaThatIsGoneIsAnError) {
  svsm.machine.page(0x20).faults = true;
  CallRegisters registers;
  EXPECT_THAT(svsm.dispatcher.Dispatch(kVmsa0, registers),
              IsStatus(Code::kOutOfRange, Source::kProtocol, 0));
}

// Takes the calling area away during the call.
class Thief final : public Service {
 public:
  explicit Thief(FakeMachine& machine) : machine_(machine) {}
  std::uint32_t protocol() const override { return 77; }
  VersionRange versions() const override { return {1, 1}; }
  Result<CallReply> Call(CallContext&, const CallRegisters& in) override {
    machine_.page(0x20).faults = true;
    return CallReply(in);
  }

 private:
  FakeMachine& machine_;
};

TEST_F(DispatcherTest, ACallingAreaThatGoesDuringTheCallIsAnErrorWithAnAnswer) {
  Thief thief(svsm.machine);
  ASSERT_THAT(svsm.dispatcher.Register(thief), IsOk());
  svsm.machine.Poke(kArea0, Bytes<1>{1});
  CallRegisters registers = MakeCall(77, 0);
  EXPECT_THAT(svsm.dispatcher.Dispatch(kVmsa0, registers),
              IsStatus(Code::kOutOfRange, Source::kProtocol, 1));
  EXPECT_EQ(registers.rax, 0u);
}

TEST_F(DispatcherTest, AServiceFailureIsLoggedAndAnswered) {
  EXPECT_EQ(svsm.Code(kProbe, 1, 0), ResultCode::kInvalidRequest);
  ASSERT_EQ(svsm.log.lines.size(), 1u);
  EXPECT_THAT(svsm.log.lines[0].status, IsStatus(Code::kIoError, Source::kCaller, 5));
}

TEST_F(DispatcherTest, ServicesCannotTouchAVmsaOrTheSvsm) {
  const auto refused = IsStatus(Code::kOutOfRange, Source::kProtocol);
  for (const std::uint32_t call : {3u, 4u}) {
    EXPECT_EQ(svsm.Code(kProbe, call, kFree.value()), ResultCode::kSuccess);
    EXPECT_THAT(probe.inner, IsOk());
    const std::uint64_t bad[] = {kVmsa0.value(),    kVmsa0.value() - 1,    kVmsa0.value() + 4095,
                                 kSvsmPage.value(), kSvsmPage.value() - 1, kNowhere.value() - 1,
                                 ~std::uint64_t{0}, ~std::uint64_t{0} - 7};
    for (const std::uint64_t gpa : bad) {
      EXPECT_EQ(svsm.Code(kProbe, call, gpa), ResultCode::kSuccess);
      EXPECT_THAT(probe.inner, refused) << gpa;
    }
  }
}

TEST_F(DispatcherTest, RegistersOneServiceAProtocolWhileThereAreSlots) {
  Probe other(kProbe);
  EXPECT_THAT(svsm.dispatcher.Register(other),
              IsStatus(Code::kAlreadyExists, Source::kProtocol, kProbe));
  Probe a(5);
  Probe b(6);
  Probe c(7);
  EXPECT_THAT(svsm.dispatcher.Register(a), IsOk());
  EXPECT_THAT(svsm.dispatcher.Register(b), IsOk());
  EXPECT_THAT(svsm.dispatcher.Register(c), IsStatus(Code::kOutOfMemory, Source::kProtocol));
  EXPECT_EQ(svsm.dispatcher.Find(6), &b);
  EXPECT_EQ(svsm.dispatcher.Find(7), nullptr);
}

struct ServeExitTest : DispatcherTest {
  void PutField(std::size_t offset, std::uint64_t value) {
    svsm.machine.Poke(Plus(kVmsa0, offset), wire::ToBytes(wire::Le64(value)));
  }
  std::uint64_t Field(std::size_t offset) {
    return svsm.machine.Peek<wire::Le64>(Plus(kVmsa0, offset)).get();
  }
  void PutCall(std::uint64_t exit_code) {
    PutField(kVmsaExitCode, exit_code);
    PutField(kVmsaRax, std::uint64_t{kProbe} << 32);
    PutField(kVmsaRcx, 0x1234);
    PutField(kVmsaR8, 8);
    PutField(kVmsaR9, 9);
    svsm.machine.Poke(kArea0, Bytes<1>{1});
    svsm.machine.TakeSteps();
  }
};

TEST_F(ServeExitTest, HoldsTheVcpuUntilTheAnswerIsThere) {
  PutCall(kExitVmgexit);
  EXPECT_THAT(ServeExit(svsm.dispatcher, svsm.machine, kVmsa0), IsOkAnd(ExitOutcome::kAnswered));
  EXPECT_EQ(Field(kVmsaRax), 0u);
  EXPECT_EQ(Field(kVmsaRdx), 0x1234u);
  EXPECT_EQ(Field(kVmsaR8), 8u);
  EXPECT_EQ(Field(kVmsaR9), 9u);
  EXPECT_EQ(Field(kVmsaEfer), kEfer);
  // EFER first, which takes SVME away, and EFER last, which gives it back.
  EXPECT_THAT(svsm.machine.TakeSteps(),
              ElementsAre("writevmsa d0", "writevmsa 1f8", "writevmsa 308", "writevmsa 310",
                          "writevmsa 340", "writevmsa 348", "writevmsa d0"));
}

TEST_F(ServeExitTest, IgnoresOtherExits) {
  PutCall(0x400);
  EXPECT_THAT(ServeExit(svsm.dispatcher, svsm.machine, kVmsa0), IsOkAnd(ExitOutcome::kSpurious));
  EXPECT_EQ(Field(kVmsaRax), std::uint64_t{kProbe} << 32);
  EXPECT_EQ(Field(kVmsaEfer), kEfer);
  EXPECT_EQ(svsm.machine.Map(kArea0, 1)[0], 1);
}

TEST_F(ServeExitTest, LeavesASpuriousEntryUntouched) {
  PutCall(kExitVmgexit);
  svsm.machine.Poke(kArea0, Bytes<1>{0});
  EXPECT_THAT(ServeExit(svsm.dispatcher, svsm.machine, kVmsa0), IsOkAnd(ExitOutcome::kSpurious));
  EXPECT_EQ(Field(kVmsaRax), std::uint64_t{kProbe} << 32);
  EXPECT_EQ(Field(kVmsaEfer), kEfer);
  EXPECT_THAT(svsm.machine.TakeSteps(), ElementsAre("writevmsa d0", "writevmsa d0"));
}

TEST_F(ServeExitTest, SetsSvmeAgainWhenTheCallingAreaIsGone) {
  PutCall(kExitVmgexit);
  svsm.machine.page(0x20).faults = true;
  EXPECT_THAT(ServeExit(svsm.dispatcher, svsm.machine, kVmsa0),
              IsStatus(Code::kOutOfRange, Source::kProtocol, 0));
  EXPECT_EQ(Field(kVmsaEfer), kEfer);
}

TEST_F(ServeExitTest, WritesTheAnswerEvenIfItCannotBeSignalled) {
  Thief thief(svsm.machine);
  ASSERT_THAT(svsm.dispatcher.Register(thief), IsOk());
  PutCall(kExitVmgexit);
  PutField(kVmsaRax, std::uint64_t{77} << 32);
  EXPECT_THAT(ServeExit(svsm.dispatcher, svsm.machine, kVmsa0),
              IsStatus(Code::kOutOfRange, Source::kProtocol, 1));
  EXPECT_EQ(Field(kVmsaRax), 0u);
  EXPECT_EQ(Field(kVmsaEfer), kEfer);
}

TEST_F(ServeExitTest, KeepsHandsOffWhatIsNotOurs) {
  svsm.machine.PokeVmsa(kFree, 2, kEfer, kFeatures);
  svsm.machine.Poke(Plus(kFree, kVmsaExitCode), wire::ToBytes(wire::Le64(kExitVmgexit)));
  EXPECT_THAT(ServeExit(svsm.dispatcher, svsm.machine, kFree),
              IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_EQ(svsm.machine.Peek<wire::Le64>(Plus(kFree, kVmsaEfer)).get(), kEfer & ~kEferSvme);
}

TEST_F(ServeExitTest, HandsOnAFaultOfTheVmsa) {
  svsm.machine.page(0x10).faults = true;
  EXPECT_THAT(ServeExit(svsm.dispatcher, svsm.machine, kVmsa0),
              IsStatus(Code::kIoError, Source::kCaller));
}

}  // namespace
}  // namespace svsm::protocol
