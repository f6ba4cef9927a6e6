// Guest memory as a service sees it: no byte that is in a VMSA, checked and copied under the lock
// of page state.
#ifndef SVSM_PROTOCOL_GUARDED_MEMORY_H_
#define SVSM_PROTOCOL_GUARDED_MEMORY_H_

#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/vcpu_registry.h"

namespace svsm::protocol::internal {

class GuardedMemory final : public GuestMemory {
 public:
  GuardedMemory(GuestMemory& memory, const VcpuRegistry& vcpus) : memory_(memory), vcpus_(vcpus) {}

  // A page that is a VMSA now counts as the SVSM's.
  PageKind Classify(Gpa page) const override;
  Status Read(Gpa from, ByteSpan out) const override;
  Status Write(Gpa to, ByteView bytes) override;

 private:
  bool Allowed(Gpa gpa, std::uint64_t size_bytes) const;

  GuestMemory& memory_;
  const VcpuRegistry& vcpus_;
};

}  // namespace svsm::protocol::internal

#endif  // SVSM_PROTOCOL_GUARDED_MEMORY_H_
