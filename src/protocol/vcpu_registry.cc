#include "svsm/protocol/vcpu_registry.h"

#include "svsm/protocol/guest_memory.h"

namespace svsm::protocol {

Status VcpuRegistry::AddStartup(Vcpu vcpu) {
  if (!IsPageAligned(vcpu.vmsa) || !IsPageAligned(vcpu.calling_area) ||
      vcpu.vmsa == vcpu.calling_area || vcpu.vmpl == Vmpl(0) || vcpu.vmpl >= Vmpl(kNumVmpls)) {
    return Status(Code::kInvalidArgument, Source::kProtocol);
  }
  const LockGuard guard(lock_);
  if (StartupLocked() != nullptr) return Status(Code::kAlreadyExists, Source::kProtocol);
  vcpu.startup = true;
  vcpu.in_call = false;
  return AddLocked(vcpu);
}

Result<Vcpu> VcpuRegistry::Find(Gpa vmsa) const {
  const LockGuard guard(lock_);
  const std::size_t at = LowerBound(vmsa);
  if (at == count_ || slots_[at].vmsa != vmsa) return Status(Code::kNotFound, Source::kProtocol);
  return slots_[at];
}

Vcpu* VcpuRegistry::FindLocked(Gpa vmsa) {
  const std::size_t at = LowerBound(vmsa);
  return at < count_ && slots_[at].vmsa == vmsa ? &slots_[at] : nullptr;
}

const Vcpu* VcpuRegistry::StartupLocked() const {
  for (const Vcpu& vcpu : slots_.first(count_)) {
    if (vcpu.startup) return &vcpu;
  }
  return nullptr;
}

bool VcpuRegistry::OverlapsVmsaLocked(Gpa gpa, std::uint64_t size_bytes) const {
  // The only VMSA below `gpa` that can reach it is the one of its own page.
  const std::size_t at = LowerBound(Gpa(gpa.value() / kPageSize * kPageSize));
  return at < count_ && Overlap(slots_[at].vmsa, kPageSize, gpa, size_bytes);
}

bool VcpuRegistry::OverlapsCallingAreaLocked(Gpa gpa, std::uint64_t size_bytes) const {
  for (const Vcpu& vcpu : slots_.first(count_)) {
    if (Overlap(vcpu.calling_area, kPageSize, gpa, size_bytes)) return true;
  }
  return false;
}

bool VcpuRegistry::OverlapsForeignCallingAreaLocked(Gpa gpa, std::uint64_t size_bytes,
                                                    std::uint32_t apic_id) const {
  for (const Vcpu& vcpu : slots_.first(count_)) {
    if (vcpu.apic_id != apic_id && Overlap(vcpu.calling_area, kPageSize, gpa, size_bytes)) {
      return true;
    }
  }
  return false;
}

Status VcpuRegistry::AddLocked(const Vcpu& vcpu) {
  const std::size_t at = LowerBound(vcpu.vmsa);
  if (at < count_ && slots_[at].vmsa == vcpu.vmsa) {
    return Status(Code::kAlreadyExists, Source::kProtocol);
  }
  if (FullLocked()) return Status(Code::kOutOfMemory, Source::kProtocol);
  for (std::size_t i = count_; i > at; --i) slots_[i] = slots_[i - 1];
  slots_[at] = vcpu;
  ++count_;
  return OkStatus();
}

Status VcpuRegistry::RemoveLocked(Gpa vmsa) {
  const std::size_t at = LowerBound(vmsa);
  if (at == count_ || slots_[at].vmsa != vmsa) return Status(Code::kNotFound, Source::kProtocol);
  for (std::size_t i = at; i + 1 < count_; ++i) slots_[i] = slots_[i + 1];
  --count_;
  return OkStatus();
}

std::size_t VcpuRegistry::LowerBound(Gpa vmsa) const {
  std::size_t low = 0;
  std::size_t high = count_;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (slots_[middle].vmsa < vmsa) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace svsm::protocol
