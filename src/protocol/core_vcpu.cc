#include "protocol/vmsa_fields.h"
#include "svsm/core/lock.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/vmsa.h"

namespace svsm::protocol {
namespace {

// The fields of a VMSA that decide about it.
struct VmsaFields {
  Vmpl vmpl;
  std::uint64_t efer = 0;
  std::uint64_t sev_features = 0;
};

Result<VmsaFields> ReadFields(const Platform& platform, Gpa vmsa) {
  VmsaFields fields;
  std::uint8_t vmpl = 0;
  SVSM_TRY(platform.ReadVmsa(vmsa, kVmsaVmpl, {&vmpl, 1}));
  fields.vmpl = Vmpl(vmpl);
  SVSM_ASSIGN_OR_RETURN(fields.efer, internal::ReadVmsaU64(platform, vmsa, kVmsaEfer));
  SVSM_ASSIGN_OR_RETURN(fields.sev_features,
                        internal::ReadVmsaU64(platform, vmsa, kVmsaSevFeatures));
  return fields;
}

}  // namespace

// Enters the vCPU into the registry, where it keeps others off its pages, and takes the VMSA from
// the guest.
ResultCode CoreProtocol::Reserve(const CallContext& context, const Vcpu& vcpu) {
  const LockGuard guard(vcpus_.lock());
  if (vcpus_.OverlapsOwnedLocked(vcpu.vmsa, kPageSize) ||
      vcpus_.OverlapsCallingAreaLocked(vcpu.vmsa, kPageSize) ||
      vcpus_.OverlapsOwnedLocked(vcpu.calling_area, kPageSize) ||
      vcpus_.OverlapsForeignCallingAreaLocked(vcpu.calling_area, kPageSize, vcpu.apic_id)) {
    return ResultCode::kInvalidAddress;
  }
  if (!vcpus_.AddLocked(vcpu).ok()) return ResultCode::kInvalidRequest;
  const std::uint32_t eax = platform_.Revoke(vcpu.vmsa, PageSize::k4K);
  if (eax == kInstructionOk) return ResultCode::kSuccess;
  (void)platform_.Grant(vcpu.vmsa, PageSize::k4K, context.vmpl);
  (void)vcpus_.RemoveLocked(vcpu.vmsa);
  return InstructionFailure(eax);
}

// Judges the VMSA, that nobody else can change any more, and makes it one.
ResultCode CoreProtocol::MakeVmsa(const CallContext& context, Vcpu& vcpu) {
  const Result<VmsaFields> fields = ReadFields(platform_, vcpu.vmsa);
  if (!fields.ok()) return ResultCode::kInvalidAddress;
  const Vcpu* startup = vcpus_.StartupLocked();
  if (fields->vmpl == Vmpl(0) || fields->vmpl >= Vmpl(kNumVmpls) || fields->vmpl < context.vmpl ||
      (fields->efer & kEferSvme) == 0 || startup == nullptr ||
      fields->sev_features != startup->sev_features) {
    return ResultCode::kInvalidParameter;
  }
  const std::uint32_t eax = platform_.SetVmsa(vcpu.vmsa);
  if (eax != kInstructionOk) return InstructionFailure(eax);
  vcpu.vmpl = fields->vmpl;
  vcpu.sev_features = fields->sev_features;
  return ResultCode::kSuccess;
}

Result<CallReply> CoreProtocol::CreateVcpu(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  const Gpa vmsa(in.rcx);
  const Gpa calling_area(in.rdx);
  if (!IsPageAligned(vmsa) || !IsPageAligned(calling_area) || in.r8 >> 32 != 0) {
    return reply.With(ResultCode::kInvalidParameter);
  }
  if (vmsa == calling_area || !IsGuestRange(context.memory, vmsa, kPageSize) ||
      !IsGuestRange(context.memory, calling_area, kPageSize)) {
    return reply.With(ResultCode::kInvalidAddress);
  }
  // `in_call` keeps the dispatcher and DELETE_VCPU away until the vCPU is whole.
  const Vcpu reserved{.vmsa = vmsa,
                      .calling_area = calling_area,
                      .apic_id = static_cast<std::uint32_t>(in.r8),
                      .vmpl = context.vmpl,
                      .in_call = true};
  const ResultCode code = Reserve(context, reserved);
  if (code != ResultCode::kSuccess) return reply.With(code);
  platform_.FlushTlbs();

  const LockGuard guard(vcpus_.lock());
  Vcpu* vcpu = vcpus_.FindLocked(vmsa);
  reply.With(MakeVmsa(context, *vcpu));
  if (reply.result == ResultCode::kSuccess) {
    vcpu->in_call = false;
  } else {
    (void)platform_.Grant(vmsa, PageSize::k4K, context.vmpl);
    (void)vcpus_.RemoveLocked(vmsa);
  }
  return reply;
}

Result<CallReply> CoreProtocol::DeleteVcpu(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  const Gpa vmsa(in.rcx);
  if (!IsPageAligned(vmsa)) return reply.With(ResultCode::kInvalidParameter);
  const LockGuard guard(vcpus_.lock());
  const Vcpu* vcpu = vcpus_.FindLocked(vmsa);
  if (vcpu == nullptr || vcpu->startup || vcpu->vmpl < context.vmpl) {
    return reply.With(ResultCode::kInvalidParameter);
  }
  const bool self = vmsa == context.vmsa;
  if (vcpu->in_call && !self) return reply.With(ResultCode::kVcpuInUse);
  std::uint32_t eax = platform_.ClearVmsa(vmsa);
  if (eax != kInstructionOk) return reply.With(InstructionFailure(eax));
  eax = platform_.Grant(vmsa, PageSize::k4K, context.vmpl);
  if (eax != kInstructionOk) {
    (void)platform_.SetVmsa(vmsa);
    return reply.With(InstructionFailure(eax));
  }
  (void)vcpus_.RemoveLocked(vmsa);
  if (self) reply.afterwards = Afterwards::kDoNotResume;
  return reply;
}

}  // namespace svsm::protocol
