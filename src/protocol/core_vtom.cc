#include <array>

#include "protocol/vmsa_fields.h"
#include "svsm/core/lock.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/vmsa.h"

namespace svsm::protocol {
namespace {

constexpr std::uint64_t kVtomMask = ~std::uint64_t{0xFFF};

struct FieldValue {
  std::size_t offset;
  std::uint64_t value;
};

bool IsAllowed(const VtomSupport& support, Gpa vtom) {
  const std::uint64_t low_bits = (std::uint64_t{1} << support.alignment_log2) - 1;
  return vtom >= support.min && vtom <= support.max && (vtom.value() & low_bits) == 0;
}

// Writes all fields or, when one cannot be written, none.
Status WriteAll(Platform& platform, Gpa vmsa, std::span<const FieldValue> fields) {
  std::array<std::uint64_t, 5> before{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    SVSM_ASSIGN_OR_RETURN(before[i], internal::ReadVmsaU64(platform, vmsa, fields[i].offset));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Status status = internal::WriteVmsaU64(platform, vmsa, fields[i].offset, fields[i].value);
    if (status.ok()) continue;
    while (i-- > 0) {
      (void)internal::WriteVmsaU64(platform, vmsa, fields[i].offset, before[i]);
    }
    return status;
  }
  return OkStatus();
}

}  // namespace

// Puts what the call says into the VMSA, and SEV_FEATURES into the registry.
Status CoreProtocol::WriteVtom(Gpa vmsa, const CallRegisters& in) {
  const bool enable = (in.rcx & kVtomEnable) != 0;
  SVSM_ASSIGN_OR_RETURN(std::uint64_t features,
                        internal::ReadVmsaU64(platform_, vmsa, kVmsaSevFeatures));
  features = enable ? features | kSevFeatureVtom : features & ~kSevFeatureVtom;
  std::array<FieldValue, 5> fields{};
  std::size_t count = 0;
  fields[count++] = {kVmsaSevFeatures, features};
  fields[count++] = {kVmsaVirtualTom, enable ? in.rcx & kVtomMask : 0};
  if ((in.rcx & kVtomSetCr3) != 0) fields[count++] = {kVmsaCr3, in.rdx};
  if ((in.rcx & kVtomSetRip) != 0) fields[count++] = {kVmsaRip, in.r8};
  if ((in.rcx & kVtomSetRsp) != 0) fields[count++] = {kVmsaRsp, in.r9};
  SVSM_TRY(WriteAll(platform_, vmsa, std::span(fields).first(count)));
  const LockGuard guard(vcpus_.lock());
  vcpus_.FindLocked(vmsa)->sev_features = features;
  return OkStatus();
}

Result<CallReply> CoreProtocol::ConfigureVtom(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  const VtomSupport& support = options_.vtom;
  if ((in.rcx & kVtomQuery) != 0) {
    if (in.rcx != kVtomQuery) return reply.With(ResultCode::kInvalidParameter);
    reply.registers.rcx = support.supported()
                              ? kVtomSupported | std::uint64_t{support.alignment_log2}
                                                     << kVtomAlignmentShift
                              : 0;
    reply.registers.rdx = support.min.value();
    reply.registers.r8 = support.max.value();
    return reply;
  }
  if ((in.rcx & kVtomReserved) != 0) return reply.With(ResultCode::kInvalidParameter);
  if (!support.supported()) return reply.With(ResultCode::kInvalidRequest);
  if ((in.rcx & kVtomEnable) != 0 && !IsAllowed(support, Gpa(in.rcx & kVtomMask))) {
    return reply.With(ResultCode::kInvalidAddress);
  }
  SVSM_TRY(WriteVtom(context.vmsa, in));
  return reply;
}

}  // namespace svsm::protocol
