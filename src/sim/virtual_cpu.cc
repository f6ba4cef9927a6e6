#include "sim/virtual_cpu.h"

#include "svsm/core/wire.h"
#include "svsm/protocol/vmsa.h"

namespace svsm::sim {

namespace {

struct Slot {
  std::size_t offset;
  std::uint64_t protocol::CallRegisters::*field;
};
constexpr Slot kSlots[] = {{protocol::kVmsaRax, &protocol::CallRegisters::rax},
                           {protocol::kVmsaRcx, &protocol::CallRegisters::rcx},
                           {protocol::kVmsaRdx, &protocol::CallRegisters::rdx},
                           {protocol::kVmsaR8, &protocol::CallRegisters::r8},
                           {protocol::kVmsaR9, &protocol::CallRegisters::r9}};

}  // namespace

Status VirtualCpu::RunSvsm(protocol::CallRegisters& registers) {
  if (!machine_.has_svsm() || host_.scheduling() == SvsmScheduling::kNeverRuns) {
    return OkStatus();
  }
  GuestRam& ram = machine_.ram();
  SVSM_TRY(Store(registers));
  ram.NoteRunning(vmsa_, false);
  const Result<protocol::ExitOutcome> served =
      protocol::ServeExit(machine_.dispatcher(), ram, vmsa_);
  // Page state is whole whenever nobody holds its lock.
  machine_.vcpus().lock().Acquire();
  ram.NoteReturnToGuest();
  machine_.vcpus().lock().Release();
  SVSM_TRY(served.status());
  if (*served == protocol::ExitOutcome::kVcpuDeleted) {
    return Status(Code::kConnectionClosed, Source::kSim);
  }
  ram.NoteRunning(vmsa_, true);
  return Load(registers);
}

Status VirtualCpu::Store(const protocol::CallRegisters& registers) {
  GuestRam& ram = machine_.ram();
  for (const Slot& slot : kSlots) {
    SVSM_TRY(ram.WriteVmsa(vmsa_, static_cast<std::uint32_t>(slot.offset),
                           wire::ToBytes(wire::Le64(registers.*slot.field))));
  }
  return ram.WriteVmsa(vmsa_, protocol::kVmsaExitCode,
                       wire::ToBytes(wire::Le64(protocol::kExitVmgexit)));
}

Status VirtualCpu::Load(protocol::CallRegisters& registers) {
  for (const Slot& slot : kSlots) {
    Bytes<8> bytes{};
    SVSM_TRY(machine_.ram().ReadVmsa(vmsa_, static_cast<std::uint32_t>(slot.offset), bytes));
    SVSM_ASSIGN_OR_RETURN(const wire::Le64 value, wire::Read<wire::Le64>(bytes));
    registers.*slot.field = value.get();
  }
  return OkStatus();
}

}  // namespace svsm::sim
