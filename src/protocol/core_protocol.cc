#include "svsm/protocol/core_protocol.h"

#include "svsm/core/lock.h"
#include "svsm/core/panic.h"
#include "svsm/protocol/calling_area.h"

namespace svsm::protocol {
namespace {

// Ascending; the first is what every SVSM offers.
constexpr CoreVersion kVersions[] = {
    {.version = 1, .pvalidate_reserved = kPvalidateReservedV1},
    {.version = 2, .pvalidate_reserved = kPvalidateReservedV2},
};

constexpr std::uint8_t kMinVtomAlignment = 12;
constexpr std::uint8_t kMaxVtomAlignment = 63;

const CoreVersion* NewestUpTo(std::uint32_t version) {
  const CoreVersion* newest = &kVersions[0];
  for (const CoreVersion& candidate : kVersions) {
    if (candidate.version <= version) newest = &candidate;
  }
  return newest;
}

}  // namespace

CoreProtocol::CoreProtocol(VcpuRegistry& vcpus, Platform& platform,
                           const ServiceDirectory& directory, const CoreOptions& options)
    : vcpus_(vcpus),
      platform_(platform),
      directory_(directory),
      options_(options),
      version_(NewestUpTo(options.max_version)) {
  SVSM_CHECK(!options.vtom.supported() || (options.vtom.alignment_log2 >= kMinVtomAlignment &&
                                           options.vtom.alignment_log2 <= kMaxVtomAlignment));
}

VersionRange CoreProtocol::versions() const { return {kVersions[0].version, version_->version}; }

Result<CallReply> CoreProtocol::Call(CallContext& context, const CallRegisters& in) {
  static constexpr CallEntry<CoreProtocol> kCalls[] = {
      {kCoreRemapCa, 1, &CoreProtocol::RemapCa},
      {kCorePvalidate, 1, &CoreProtocol::Pvalidate},
      {kCoreCreateVcpu, 1, &CoreProtocol::CreateVcpu},
      {kCoreDeleteVcpu, 1, &CoreProtocol::DeleteVcpu},
      {kCoreDepositMem, 1, &CoreProtocol::DepositMem},
      {kCoreWithdrawMem, 1, &CoreProtocol::WithdrawMem},
      {kCoreQueryProtocol, 1, &CoreProtocol::QueryProtocol},
      {kCoreConfigureVtom, 1, &CoreProtocol::ConfigureVtom},
  };
  return CallFromTable<CoreProtocol>(*this, kCalls, version_->version, context, in);
}

Result<CallReply> CoreProtocol::RemapCa(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  const Gpa area(in.rcx);
  if (!IsPageAligned(area)) return reply.With(ResultCode::kInvalidParameter);
  if (area == context.calling_area) return reply;
  if (!IsGuestRange(context.memory, area, kPageSize)) {
    return reply.With(ResultCode::kInvalidAddress);
  }
  {
    const LockGuard guard(vcpus_.lock());
    Vcpu* self = vcpus_.FindLocked(context.vmsa);
    if (vcpus_.OverlapsOwnedLocked(area, kPageSize) ||
        vcpus_.OverlapsForeignCallingAreaLocked(area, kPageSize, self->apic_id)) {
      return reply.With(ResultCode::kInvalidAddress);
    }
    self->calling_area = area;
  }
  // From here on no page change can take the new area away. The dispatcher clears the old one.
  const Gpa pending(area.value() + offsetof(CallingArea, call_pending));
  if (context.memory.Write(pending, {&kCallNotPending, 1}).ok()) return reply;
  const LockGuard guard(vcpus_.lock());
  vcpus_.FindLocked(context.vmsa)->calling_area = context.calling_area;
  return reply.With(ResultCode::kInvalidAddress);
}

Result<CallReply> CoreProtocol::QueryProtocol(CallContext&, const CallRegisters& in) {
  CallReply reply(in);
  const Service* service = directory_.Find(static_cast<std::uint32_t>(in.rcx >> 32));
  const VersionRange offered = service == nullptr ? VersionRange() : service->versions();
  const bool known = offered.contains(static_cast<std::uint32_t>(in.rcx));
  reply.registers.rcx = known ? std::uint64_t{offered.max} << 32 | offered.min : 0;
  return reply;
}

}  // namespace svsm::protocol
