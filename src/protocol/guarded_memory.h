// Guest memory as a call sees it: no byte that is in a VMSA, in a deposited page or in the head of
// the caller's calling area, checked and copied under the lock of page state.
#ifndef SVSM_PROTOCOL_GUARDED_MEMORY_H_
#define SVSM_PROTOCOL_GUARDED_MEMORY_H_

#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/vcpu_registry.h"

namespace svsm::protocol::internal {

class GuardedMemory final : public GuestMemory {
 public:
  GuardedMemory(GuestMemory& memory, const VcpuRegistry& vcpus, Gpa calling_area)
      : memory_(memory), vcpus_(vcpus), calling_area_(calling_area) {}

  // A page that is a VMSA or deposited now counts as the SVSM's.
  PageKind Classify(Gpa page) const override;
  Status Read(Gpa from, ByteSpan out) const override;
  Status Write(Gpa to, ByteView bytes) override;
  Status ReadHead(Gpa from, std::uint64_t buffer_bytes, ByteSpan out) const override;
  Status WriteParts(Gpa to, ByteView first, ByteView second) override;

 private:
  // With the lock held.
  bool IsGuests(Gpa gpa, std::uint64_t size_bytes) const;
  bool Allowed(Gpa gpa, std::uint64_t size_bytes) const;

  GuestMemory& memory_;
  const VcpuRegistry& vcpus_;
  Gpa calling_area_;
};

}  // namespace svsm::protocol::internal

#endif  // SVSM_PROTOCOL_GUARDED_MEMORY_H_
