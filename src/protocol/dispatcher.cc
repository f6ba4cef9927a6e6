#include "svsm/protocol/dispatcher.h"

#include "protocol/guarded_memory.h"
#include "protocol/vmsa_fields.h"
#include "svsm/core/lock.h"
#include "svsm/protocol/calling_area.h"
#include "svsm/protocol/vmsa.h"

namespace svsm::protocol {
namespace {

using internal::ReadVmsaU64;
using internal::WriteVmsaU64;

Result<CallRegisters> LoadRegisters(const Platform& platform, Gpa vmsa) {
  CallRegisters registers;
  SVSM_ASSIGN_OR_RETURN(registers.rax, ReadVmsaU64(platform, vmsa, kVmsaRax));
  SVSM_ASSIGN_OR_RETURN(registers.rcx, ReadVmsaU64(platform, vmsa, kVmsaRcx));
  SVSM_ASSIGN_OR_RETURN(registers.rdx, ReadVmsaU64(platform, vmsa, kVmsaRdx));
  SVSM_ASSIGN_OR_RETURN(registers.r8, ReadVmsaU64(platform, vmsa, kVmsaR8));
  SVSM_ASSIGN_OR_RETURN(registers.r9, ReadVmsaU64(platform, vmsa, kVmsaR9));
  return registers;
}

Status StoreRegisters(Platform& platform, Gpa vmsa, const CallRegisters& registers) {
  SVSM_TRY(WriteVmsaU64(platform, vmsa, kVmsaRax, registers.rax));
  SVSM_TRY(WriteVmsaU64(platform, vmsa, kVmsaRcx, registers.rcx));
  SVSM_TRY(WriteVmsaU64(platform, vmsa, kVmsaRdx, registers.rdx));
  SVSM_TRY(WriteVmsaU64(platform, vmsa, kVmsaR8, registers.r8));
  return WriteVmsaU64(platform, vmsa, kVmsaR9, registers.r9);
}

// What a held vCPU's exit comes to; EFER.SVME is the caller's.
Result<ExitOutcome> ServeHeld(Dispatcher& dispatcher, Platform& platform, Gpa vmsa) {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t exit_code, ReadVmsaU64(platform, vmsa, kVmsaExitCode));
  if (exit_code != kExitVmgexit) return ExitOutcome::kSpurious;
  SVSM_ASSIGN_OR_RETURN(CallRegisters registers, LoadRegisters(platform, vmsa));
  const Result<ExitOutcome> outcome = dispatcher.Dispatch(vmsa, registers);
  const bool answered =
      outcome.ok() ? *outcome == ExitOutcome::kAnswered : outcome.status() == kAnswerNotSignalled;
  if (answered) SVSM_TRY(StoreRegisters(platform, vmsa, registers));
  return outcome;
}

}  // namespace

Status Dispatcher::Register(Service& service) {
  const std::uint32_t protocol = service.protocol();
  if (Find(protocol) != nullptr) return Status(Code::kAlreadyExists, Source::kProtocol, protocol);
  if (count_ == slots_.size()) return Status(Code::kOutOfMemory, Source::kProtocol);
  slots_[count_++] = &service;
  return OkStatus();
}

Service* Dispatcher::Find(std::uint32_t protocol) const {
  for (Service* service : slots_.first(count_)) {
    if (service->protocol() == protocol) return service;
  }
  return nullptr;
}

Result<ExitOutcome> Dispatcher::Dispatch(Gpa vmsa, CallRegisters& registers) {
  Caller caller;
  std::uint8_t pending = kCallNotPending;
  {
    const LockGuard guard(vcpus_.lock());
    Vcpu* vcpu = vcpus_.FindLocked(vmsa);
    if (vcpu == nullptr) return Status(Code::kNotFound, Source::kProtocol);
    if (vcpu->in_call) return Status(Code::kBusy, Source::kProtocol);
    if (!memory_.Read(vcpu->calling_area, {&pending, 1}).ok()) {
      return Status(Code::kOutOfRange, Source::kProtocol, 0);
    }
    if (pending == kCallNotPending) return ExitOutcome::kSpurious;
    caller = {.vmsa = vmsa, .calling_area = vcpu->calling_area, .vmpl = vcpu->vmpl};
    vcpu->in_call = true;
  }
  if (Serve(caller, pending, registers) == Afterwards::kDoNotResume) {
    return ExitOutcome::kVcpuDeleted;
  }
  const LockGuard guard(vcpus_.lock());
  Vcpu* vcpu = vcpus_.FindLocked(vmsa);  // nobody else removes a vCPU that is in a call
  vcpu->in_call = false;
  AnnounceMemoryLocked();
  // A calling area that this call has left may be something else by now.
  const bool lost = vcpu->calling_area != caller.calling_area &&
                    vcpus_.OverlapsOwnedLocked(caller.calling_area, kPageSize);
  if (lost || !memory_.Write(caller.calling_area, {&kCallNotPending, 1}).ok()) {
    return kAnswerNotSignalled;
  }
  return ExitOutcome::kAnswered;
}

Afterwards Dispatcher::Serve(const Caller& caller, std::uint8_t pending, CallRegisters& registers) {
  internal::GuardedMemory memory(memory_, vcpus_, caller.calling_area);
  CallContext context{.vmsa = caller.vmsa,
                      .calling_area = caller.calling_area,
                      .vmpl = caller.vmpl,
                      .memory = memory};
  const Result<CallReply> reply = Answer(context, pending, registers);
  if (!reply.ok()) {
    log_.Write(LogLevel::kError, "svsm: a service failed to answer a call", reply.status());
    registers.rax = ToU32(ResultCode::kInvalidRequest);
    return Afterwards::kResume;
  }
  if (reply->afterwards == Afterwards::kResume) {
    registers = reply->registers;
    registers.rax = ToU32(reply->result);
  }
  return reply->afterwards;
}

// Keeps MEM_AVAILABLE of the startup vCPU's calling area as the pool is. A page that faults is
// tried again after the next call.
void Dispatcher::AnnounceMemoryLocked() {
  const PagePool& pool = vcpus_.pool();
  if (pool.empty()) return;
  const Vcpu* startup = vcpus_.StartupLocked();
  const bool available = pool.AvailableLocked();
  if (startup == nullptr || (available == announced_ && startup->calling_area == announced_in_)) {
    return;
  }
  const std::uint8_t flag = available ? 1 : 0;
  const Gpa at(startup->calling_area.value() + offsetof(CallingArea, mem_available));
  if (!memory_.Write(at, {&flag, 1}).ok()) return;
  announced_ = available;
  announced_in_ = startup->calling_area;
}

Result<CallReply> Dispatcher::Answer(CallContext& context, std::uint8_t pending,
                                     const CallRegisters& in) {
  if (pending != kCallPending) return CallReply(in).With(ResultCode::kInvalidFormat);
  Service* service = Find(in.protocol());
  if (service == nullptr || service->versions().empty()) {
    return CallReply(in).With(ResultCode::kUnsupportedProtocol);
  }
  return service->Call(context, in);
}

Result<ExitOutcome> ServeExit(Dispatcher& dispatcher, Platform& platform, Gpa vmsa) {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t efer, ReadVmsaU64(platform, vmsa, kVmsaEfer));
  SVSM_TRY(WriteVmsaU64(platform, vmsa, kVmsaEfer, efer & ~kEferSvme));
  const Result<ExitOutcome> outcome = ServeHeld(dispatcher, platform, vmsa);
  const Code code = outcome.status().code();
  const bool not_ours = code == Code::kNotFound || code == Code::kBusy ||
                        (outcome.ok() && *outcome == ExitOutcome::kVcpuDeleted);
  if (!not_ours) SVSM_TRY(WriteVmsaU64(platform, vmsa, kVmsaEfer, efer | kEferSvme));
  return outcome;
}

}  // namespace svsm::protocol
