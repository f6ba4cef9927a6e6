// An SVSM over the fake machine, with one startup vCPU at VMPL 2, and calls in one line.
#ifndef SVSM_TESTS_PROTOCOL_FIXTURE_H_
#define SVSM_TESTS_PROTOCOL_FIXTURE_H_

#include <array>
#include <vector>

#include "svsm/protocol/calling_area.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/dispatcher.h"
#include "svsm/protocol/vmsa.h"
#include "svsm/testing/matchers.h"
#include "tests/protocol/fakes.h"
#include "tests/protocol/places.h"

namespace svsm::protocol {

// Keeps what is logged.
class RecordingLog final : public LogSink {
 public:
  void Write(LogLevel level, const char*, Status status) override {
    lines.push_back({level, status});
  }
  struct Line {
    LogLevel level;
    Status status;
  };
  std::vector<Line> lines;
};

struct Svsm {
  explicit Svsm(CoreOptions options = {}, std::size_t num_deposits = 0)
      : vcpus(vcpu_slots, std::span(deposit_slots).first(num_deposits), lock),
        core(vcpus, machine, dispatcher, options) {
    machine.PokeVmsa(kVmsa0, 2, kEfer, kFeatures);
    machine.page(0x10).vmsa = true;
    machine.page(0x10).access = {};
    const Status added = vcpus.AddStartup({.vmsa = kVmsa0,
                                           .calling_area = kArea0,
                                           .apic_id = 0,
                                           .vmpl = Vmpl(2),
                                           .sev_features = kFeatures});
    const Status registered = dispatcher.Register(core);
    EXPECT_THAT(added, testing::IsOk());
    EXPECT_THAT(registered, testing::IsOk());
  }

  // A call of the startup vCPU as it comes back. Expects that it is answered, that the pending flag
  // is cleared, and that no guest byte was read twice.
  CallRegisters Call(CallRegisters registers) { return CallFrom(kVmsa0, kArea0, registers); }
  CallRegisters CallFrom(Gpa vmsa, Gpa area, CallRegisters registers) {
    machine.Poke(area, Bytes<1>{kCallPending});
    machine.StartCounting();
    const auto outcome = dispatcher.Dispatch(vmsa, registers);
    EXPECT_THAT(outcome, testing::IsOkAnd(ExitOutcome::kAnswered));
    EXPECT_EQ(machine.Map(area, 1)[0], kCallNotPending);
    EXPECT_LE(machine.MostReads(), 1u);
    return registers;
  }
  // The result code of one with these arguments.
  ResultCode Code(std::uint32_t protocol, std::uint32_t call, std::uint64_t rcx,
                  std::uint64_t rdx = 0, std::uint64_t r8 = 0) {
    CallRegisters registers = MakeCall(protocol, call);
    registers.rcx = rcx;
    registers.rdx = rdx;
    registers.r8 = r8;
    return static_cast<ResultCode>(Call(registers).rax);
  }
  // Makes a second vCPU, from the page and area that are meant for it.
  ResultCode CreateVcpu1(std::uint8_t vmpl = 2, std::uint32_t apic_id = 1) {
    machine.PokeVmsa(kVmsa1, vmpl, kEfer, kFeatures);
    return Code(kCoreProtocol, kCoreCreateVcpu, kVmsa1.value(), kArea1.value(), apic_id);
  }

  static constexpr std::size_t kDeposits = 4;

  FakeMachine machine;
  std::array<Vcpu, 4> vcpu_slots;
  std::array<DepositedPage, kDeposits> deposit_slots;
  SpinLock lock;
  VcpuRegistry vcpus;
  std::array<Service*, 4> service_slots{};
  RecordingLog log;
  Dispatcher dispatcher{vcpus, machine, service_slots, log};
  CoreProtocol core;
};

}  // namespace svsm::protocol

#endif  // SVSM_TESTS_PROTOCOL_FIXTURE_H_
