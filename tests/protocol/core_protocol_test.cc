#include "svsm/protocol/core_protocol.h"

#include "tests/protocol/fixture.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;

std::uint64_t Query(Svsm& svsm, std::uint32_t protocol, std::uint32_t version) {
  CallRegisters call = MakeCall(kCoreProtocol, kCoreQueryProtocol);
  call.rcx = std::uint64_t{protocol} << 32 | version;
  const CallRegisters answer = svsm.Call(call);
  EXPECT_EQ(answer.rax, 0u);
  return answer.rcx;
}

// A service with versions 2 to 4.
class Newer final : public Service {
 public:
  std::uint32_t protocol() const override { return 9; }
  VersionRange versions() const override { return {2, 4}; }
  Result<CallReply> Call(CallContext&, const CallRegisters& in) override { return CallReply(in); }
};

TEST(CoreProtocol, QueryProtocolAlwaysSucceeds) {
  Svsm svsm;
  Newer newer;
  ASSERT_THAT(svsm.dispatcher.Register(newer), IsOk());
  EXPECT_EQ(Query(svsm, 0, 1), std::uint64_t{1} << 32 | 1);
  EXPECT_EQ(Query(svsm, 0, 0), 0u);
  EXPECT_EQ(Query(svsm, 0, 2), 0u);
  EXPECT_EQ(Query(svsm, 1, 1), 0u);  // no such service
  EXPECT_EQ(Query(svsm, 9, 1), 0u);
  EXPECT_EQ(Query(svsm, 9, 2), std::uint64_t{4} << 32 | 2);
  EXPECT_EQ(Query(svsm, 9, 4), std::uint64_t{4} << 32 | 2);
  EXPECT_EQ(Query(svsm, 9, 5), 0u);
  EXPECT_EQ(Query(svsm, 0xFFFFFFFF, 0xFFFFFFFF), 0u);
}

TEST(CoreProtocol, AVersionNotKnownIsTheNewestKnown) {
  Svsm old({.max_version = 0, .pvalidate_pages_per_call = 1});
  EXPECT_EQ(old.core.versions(), (VersionRange{1, 1}));
  Svsm future({.max_version = 99, .pvalidate_pages_per_call = 1});
  EXPECT_EQ(future.core.versions(), (VersionRange{1, 2}));
}

TEST(CoreProtocol, MemoryCallsAreUnsupportedWithoutRoomForDeposits) {
  Svsm svsm;
  for (const std::uint32_t call : {kCoreDepositMem, kCoreWithdrawMem}) {
    EXPECT_EQ(svsm.Code(kCoreProtocol, call, kFree.value()), ResultCode::kUnsupportedCall);
  }
  EXPECT_EQ(svsm.Code(kCoreProtocol, 8, 0), ResultCode::kUnsupportedCall);
}

struct RemapCa : ::testing::Test {
  ResultCode Remap(std::uint64_t gpa) { return svsm.Code(kCoreProtocol, kCoreRemapCa, gpa); }
  Gpa Area() { return svsm.vcpus.Find(kVmsa0)->calling_area; }
  Svsm svsm;
};

TEST_F(RemapCa, MovesAndClearsBothPendingFlags) {
  Fill(svsm.machine.Map(kFree, 16), 0xFF);
  EXPECT_EQ(Remap(kFree.value()), ResultCode::kSuccess);  // Code() looks at the old area's flag
  EXPECT_EQ(Area(), kFree);
  EXPECT_EQ(svsm.machine.Map(kFree, 2)[0], 0);
  EXPECT_EQ(svsm.machine.Map(kFree, 2)[1], 0xFF);
  // Calls come through the new area from now on.
  CallRegisters registers = MakeCall(kCoreProtocol, kCoreQueryProtocol);
  svsm.machine.Poke(kArea0, Bytes<1>{1});
  EXPECT_THAT(svsm.dispatcher.Dispatch(kVmsa0, registers), IsOkAnd(ExitOutcome::kSpurious));
  EXPECT_EQ(svsm.CallFrom(kVmsa0, kFree, registers).rax, 0u);
}

// Makes the page that its argument names a VMSA while the caller's call is under way, after having
// moved the caller's calling area: what two vCPUs of a hostile guest can do between them.
class MovesAndMakesVmsa final : public Service {
 public:
  explicit MovesAndMakesVmsa(Svsm& svsm) : svsm_(svsm) {}
  std::uint32_t protocol() const override { return 50; }
  VersionRange versions() const override { return {1, 1}; }
  Result<CallReply> Call(CallContext& context, const CallRegisters& in) override {
    CallRegisters remap = MakeCall(kCoreProtocol, kCoreRemapCa);
    remap.rcx = in.rcx;
    SVSM_TRY(svsm_.core.Call(context, remap).status());
    svsm_.machine.PokeVmsa(context.calling_area, 2, kEfer, kFeatures);
    CallRegisters create = MakeCall(kCoreProtocol, kCoreCreateVcpu);
    create.rcx = context.calling_area.value();
    create.rdx = kArea1.value();
    create.r8 = 7;
    return svsm_.core.Call(context, create);
  }

 private:
  Svsm& svsm_;
};

TEST_F(RemapCa, AnAreaThatWasLeftAndIsAVmsaIsNotWritten) {
  MovesAndMakesVmsa service(svsm);
  ASSERT_THAT(svsm.dispatcher.Register(service), IsOk());
  CallRegisters registers = MakeCall(50, 0);
  registers.rcx = kFree.value();
  svsm.machine.Poke(kArea0, Bytes<1>{kCallPending});
  EXPECT_EQ(svsm.dispatcher.Dispatch(kVmsa0, registers).status(), kAnswerNotSignalled);
  EXPECT_EQ(registers.rax, 0u);
  EXPECT_EQ(svsm.machine.Map(kArea0, 1)[0], kCallPending);  // as the VMSA had it
}

TEST_F(RemapCa, ToTheSameIsNoError) {
  EXPECT_EQ(Remap(kArea0.value()), ResultCode::kSuccess);
  EXPECT_EQ(Area(), kArea0);
}

TEST_F(RemapCa, RefusesMisalignment) {
  for (const std::uint64_t low : {1u, 8u, 0x800u, 0xFFFu}) {
    EXPECT_EQ(Remap(kFree.value() + low), ResultCode::kInvalidParameter);
  }
  EXPECT_EQ(Remap(~std::uint64_t{0}), ResultCode::kInvalidParameter);
}

TEST_F(RemapCa, RefusesWhatIsNotTheGuestsToGive) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  const Gpa bad[] = {kSvsmPage, kNowhere, Gpa(~std::uint64_t{0xFFF}), kVmsa0, kVmsa1, kArea1};
  for (const Gpa gpa : bad) {
    EXPECT_EQ(Remap(gpa.value()), ResultCode::kInvalidAddress) << gpa.value();
    EXPECT_EQ(Area(), kArea0);
  }
}

TEST_F(RemapCa, StaysWhenTheNewAreaFaults) {
  svsm.machine.page(0x40).faults = true;
  EXPECT_EQ(Remap(kFree.value()), ResultCode::kInvalidAddress);
  EXPECT_EQ(Area(), kArea0);
  // Guest memory that was never validated.
  EXPECT_EQ(Remap(FakeMachine::Frame(FakeMachine::kFirstInvalid).value()),
            ResultCode::kInvalidAddress);
  EXPECT_EQ(Area(), kArea0);
}

}  // namespace
}  // namespace svsm::protocol
