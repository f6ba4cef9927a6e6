#include "svsm/protocol/core_protocol.h"
#include "tests/protocol/fixture.h"

namespace svsm::protocol {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

struct CreateVcpu : ::testing::Test {
  ResultCode Create(std::uint64_t vmsa, std::uint64_t area, std::uint64_t apic_id = 1) {
    return svsm.Code(kCoreProtocol, kCoreCreateVcpu, vmsa, area, apic_id);
  }
  // Creates from a VMSA with these fields and expects that the guest has its page as before.
  ResultCode CreateFrom(std::uint8_t vmpl, std::uint64_t efer, std::uint64_t features) {
    svsm.machine.PokeVmsa(kVmsa1, vmpl, efer, features);
    const ResultCode code = Create(kVmsa1.value(), kArea1.value());
    EXPECT_FALSE(svsm.machine.page(0x11).vmsa);
    EXPECT_TRUE(svsm.machine.page(0x11).access[2]);
    EXPECT_THAT(svsm.vcpus.Find(kVmsa1), IsStatus(Code::kNotFound, Source::kProtocol));
    return code;
  }
  Svsm svsm;
};

TEST_F(CreateVcpu, RevokesAndFlushesBeforeItTrustsTheVmsa) {
  EXPECT_EQ(svsm.CreateVcpu1(3, 0x12345678), ResultCode::kSuccess);
  EXPECT_THAT(svsm.machine.TakeSteps(), ElementsAre("revoke 11 4K", "flush", "setvmsa 11"));
  EXPECT_TRUE(svsm.machine.page(0x11).vmsa);
  EXPECT_FALSE(svsm.machine.page(0x11).access[1]);
  EXPECT_FALSE(svsm.machine.page(0x11).access[2]);
  SVSM_ASSERT_OK_AND_ASSIGN(const Vcpu vcpu, svsm.vcpus.Find(kVmsa1));
  EXPECT_EQ(vcpu.calling_area, kArea1);
  EXPECT_EQ(vcpu.apic_id, 0x12345678u);
  EXPECT_EQ(vcpu.vmpl, Vmpl(3));
  EXPECT_FALSE(vcpu.startup);
  EXPECT_FALSE(vcpu.in_call);
  // The new vCPU calls.
  EXPECT_EQ(svsm.CallFrom(kVmsa1, kArea1, MakeCall(kCoreProtocol, kCoreQueryProtocol)).rax, 0u);
}

TEST_F(CreateVcpu, RefusesMisalignmentAndWideApicIds) {
  const auto bad = ResultCode::kInvalidParameter;
  EXPECT_EQ(Create(kVmsa1.value() + 8, kArea1.value()), bad);
  EXPECT_EQ(Create(kVmsa1.value(), kArea1.value() + 0x800), bad);
  EXPECT_EQ(Create(kVmsa1.value(), kArea1.value(), std::uint64_t{1} << 32), bad);
  EXPECT_THAT(svsm.machine.TakeSteps(), IsEmpty());
}

TEST_F(CreateVcpu, RefusesPagesThatAreNotTheGuestsToGive) {
  const auto bad = ResultCode::kInvalidAddress;
  for (const Gpa gpa : {kSvsmPage, kNowhere, Gpa(~std::uint64_t{0xFFF}), kVmsa0, kArea0}) {
    EXPECT_EQ(Create(gpa.value(), kArea1.value()), bad) << gpa.value();
    EXPECT_EQ(Create(kVmsa1.value(), gpa.value()), bad) << gpa.value();
  }
  EXPECT_EQ(Create(kVmsa1.value(), kVmsa1.value()), bad);
  EXPECT_THAT(svsm.machine.TakeSteps(), IsEmpty());
}

TEST_F(CreateVcpu, RefusesAVmsaThatWouldReachTooHigh) {
  const auto bad = ResultCode::kInvalidParameter;
  EXPECT_EQ(CreateFrom(0, kEfer, kFeatures), bad);
  EXPECT_EQ(CreateFrom(1, kEfer, kFeatures), bad);  // the caller is at 2
  EXPECT_EQ(CreateFrom(4, kEfer, kFeatures), bad);
  EXPECT_EQ(CreateFrom(0xFF, kEfer, kFeatures), bad);
  EXPECT_EQ(CreateFrom(2, kEfer & ~kEferSvme, kFeatures), bad);
  EXPECT_EQ(CreateFrom(2, kEfer, kFeatures ^ 1), bad);
  EXPECT_EQ(CreateFrom(2, kEfer, 0), bad);
}

TEST_F(CreateVcpu, RestoresAfterAFailedCheck) {
  CreateFrom(0, kEfer, kFeatures);
  EXPECT_THAT(svsm.machine.TakeSteps(), ElementsAre("revoke 11 4K", "flush", "grant 11 4K 2"));
}

TEST_F(CreateVcpu, RestoresAfterAFailedInstruction) {
  svsm.machine.FailNext("setvmsa", kFailInUse);
  EXPECT_EQ(CreateFrom(2, kEfer, kFeatures), ResultCode::kVcpuInUse);
  svsm.machine.FailNext("revoke", kFailSizeMismatch);
  EXPECT_EQ(CreateFrom(2, kEfer, kFeatures), ResultCode::kSizeMismatch);
}

TEST_F(CreateVcpu, RefusesAPageThatIsNotValid) {
  const Gpa page = FakeMachine::Frame(FakeMachine::kFirstInvalid);
  EXPECT_EQ(Create(page.value(), kArea1.value()), ResultCode::kInvalidAddress);
  EXPECT_THAT(svsm.vcpus.Find(page), IsStatus(Code::kNotFound, Source::kProtocol));
}

TEST_F(CreateVcpu, ComparesWithTheStartupVcpuNotWithTheCaller) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  {
    const LockGuard guard(svsm.lock);
    svsm.vcpus.FindLocked(kVmsa1)->sev_features = 1;  // as if the caller's own had changed
  }
  svsm.machine.PokeVmsa(kFree, 2, kEfer, kFeatures);
  CallRegisters call = MakeCall(kCoreProtocol, kCoreCreateVcpu);
  call.rcx = kFree.value();
  call.rdx = kFree.value() + kPageSize;
  call.r8 = 2;
  EXPECT_EQ(svsm.CallFrom(kVmsa1, kArea1, call).rax, 0u);
}

TEST_F(CreateVcpu, ACallingAreaIsSharedByVmsasOfOneApicIdOnly) {
  ASSERT_EQ(svsm.CreateVcpu1(2, 1), ResultCode::kSuccess);
  svsm.machine.PokeVmsa(kFree, 2, kEfer, kFeatures);
  EXPECT_EQ(Create(kFree.value(), kArea1.value(), 2), ResultCode::kInvalidAddress);
  EXPECT_EQ(Create(kFree.value(), kArea1.value(), 1), ResultCode::kSuccess);
}

TEST_F(CreateVcpu, SaysWhenThereIsNoRoom) {
  for (std::uint64_t i = 0; i < 3; ++i) {
    const Gpa vmsa = Plus(kFree, 2 * i * kPageSize);
    svsm.machine.PokeVmsa(vmsa, 2, kEfer, kFeatures);
    EXPECT_EQ(Create(vmsa.value(), vmsa.value() + kPageSize, i + 1), ResultCode::kSuccess);
  }
  EXPECT_EQ(CreateFrom(2, kEfer, kFeatures), ResultCode::kInvalidRequest);
}

struct DeleteVcpu : ::testing::Test {
  ResultCode Delete(std::uint64_t vmsa) { return svsm.Code(kCoreProtocol, kCoreDeleteVcpu, vmsa); }
  Svsm svsm;
};

TEST_F(DeleteVcpu, GivesThePageBack) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  svsm.machine.TakeSteps();
  EXPECT_EQ(Delete(kVmsa1.value()), ResultCode::kSuccess);
  EXPECT_THAT(svsm.machine.TakeSteps(), ElementsAre("clearvmsa 11", "grant 11 4K 2"));
  EXPECT_TRUE(svsm.machine.page(0x11).access[2]);
  EXPECT_THAT(svsm.vcpus.Find(kVmsa1), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_EQ(Delete(kVmsa1.value()), ResultCode::kInvalidParameter);
  EXPECT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
}

TEST_F(DeleteVcpu, RefusesWhatIsNoVcpuToDelete) {
  const auto bad = ResultCode::kInvalidParameter;
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  EXPECT_EQ(Delete(kVmsa1.value() + 1), bad);
  EXPECT_EQ(Delete(kFree.value()), bad);
  EXPECT_EQ(Delete(kSvsmPage.value()), bad);
  EXPECT_EQ(Delete(~std::uint64_t{0xFFF}), bad);
  EXPECT_EQ(Delete(kVmsa0.value()), bad);  // the startup vCPU
  EXPECT_THAT(svsm.vcpus.Find(kVmsa0), IsOk());
}

TEST_F(DeleteVcpu, AMorePrivilegedOneIsOutOfReach) {
  ASSERT_EQ(svsm.CreateVcpu1(3), ResultCode::kSuccess);
  svsm.machine.PokeVmsa(kFree, 2, kEfer, kFeatures);
  ASSERT_EQ(svsm.Code(kCoreProtocol, kCoreCreateVcpu, kFree.value(), kFree.value() + kPageSize, 2),
            ResultCode::kSuccess);
  CallRegisters call = MakeCall(kCoreProtocol, kCoreDeleteVcpu);
  call.rcx = kFree.value();
  EXPECT_EQ(svsm.CallFrom(kVmsa1, kArea1, call).rax, ToU32(ResultCode::kInvalidParameter));
  EXPECT_EQ(Delete(kVmsa1.value()), ResultCode::kSuccess);  // downwards is allowed
}

TEST_F(DeleteVcpu, OneThatRunsElsewhereIsInUse) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  svsm.machine.page(0x11).running = true;
  EXPECT_EQ(Delete(kVmsa1.value()), ResultCode::kVcpuInUse);
  EXPECT_THAT(svsm.vcpus.Find(kVmsa1), IsOk());
}

TEST_F(DeleteVcpu, OneThatCallsElsewhereIsInUse) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  {
    const LockGuard guard(svsm.lock);
    svsm.vcpus.FindLocked(kVmsa1)->in_call = true;
  }
  EXPECT_EQ(Delete(kVmsa1.value()), ResultCode::kVcpuInUse);
  EXPECT_TRUE(svsm.machine.page(0x11).vmsa);
}

TEST_F(DeleteVcpu, KeepsAVcpuWhosePageCannotBeGivenBack) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  svsm.machine.FailNext("grant", kFailPermission);
  EXPECT_EQ(ToU32(Delete(kVmsa1.value())), 0x80001002u);
  EXPECT_TRUE(svsm.machine.page(0x11).vmsa);
  EXPECT_THAT(svsm.vcpus.Find(kVmsa1), IsOk());
}

TEST_F(DeleteVcpu, OfItselfDoesNotReturn) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  svsm.machine.Poke(Plus(kVmsa1, kVmsaRax), wire::ToBytes(wire::Le64(kCoreDeleteVcpu)));
  svsm.machine.Poke(Plus(kVmsa1, kVmsaRcx), wire::ToBytes(wire::Le64(kVmsa1.value())));
  svsm.machine.Poke(Plus(kVmsa1, kVmsaExitCode), wire::ToBytes(wire::Le64(kExitVmgexit)));
  svsm.machine.Poke(kArea1, Bytes<1>{1});
  svsm.machine.TakeSteps();
  EXPECT_THAT(ServeExit(svsm.dispatcher, svsm.machine, kVmsa1), IsOkAnd(ExitOutcome::kVcpuDeleted));
  // Nothing is written to a page that is the guest's again.
  EXPECT_THAT(svsm.machine.TakeSteps(),
              ElementsAre("writevmsa d0", "clearvmsa 11", "grant 11 4K 2"));
  EXPECT_THAT(svsm.vcpus.Find(kVmsa1), IsStatus(Code::kNotFound, Source::kProtocol));
}

}  // namespace
}  // namespace svsm::protocol
