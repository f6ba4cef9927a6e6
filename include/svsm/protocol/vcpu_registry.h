// svsm/protocol/vcpu_registry.h: which pages are VMSAs and calling areas, and whose; with the pool
// of deposited pages, all that is the SVSM's own without having been so at launch.
//
//   std::array<Vcpu, 64> slots;
//   SpinLock lock;
//   VcpuRegistry vcpus(slots, lock);
//   SVSM_TRY(vcpus.AddStartup({.vmsa = vmsa, .calling_area = caa, .vmpl = Vmpl(2), ...}));
//
// The registry's lock is the lock of page state as a whole: whoever adds or removes a VMSA or
// calling area, changes a page, or copies to guest memory on a guest's word holds it meanwhile.
// Otherwise one vCPU could have a page made a VMSA between the check of another vCPU's buffer and
// the write to it, and choose the VMPL in that VMSA.
//
// Profile: freestanding. Allocates: never; the caller's slots bound the number of vCPUs. Threads:
// any, at once; a function whose name ends in Locked wants lock() held by its caller.
#ifndef SVSM_PROTOCOL_VCPU_REGISTRY_H_
#define SVSM_PROTOCOL_VCPU_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/lock.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/protocol/page_pool.h"

namespace svsm::protocol {

struct Vcpu {
  Gpa vmsa;
  Gpa calling_area;
  std::uint32_t apic_id = 0;
  Vmpl vmpl;
  std::uint64_t sev_features = 0;
  bool startup = false;  // made at launch; cannot be deleted
  bool in_call = false;  // the dispatcher works for it at the moment
};

class VcpuRegistry final {
 public:
  // Borrows both for its own life. `slots` is overwritten.
  VcpuRegistry(std::span<Vcpu> slots, Lock& lock) : VcpuRegistry(slots, {}, lock) {}
  // The same with room for pages that the guest deposits.
  VcpuRegistry(std::span<Vcpu> slots, std::span<DepositedPage> deposits, Lock& lock)
      : slots_(slots), lock_(lock), pool_(deposits, lock) {}
  VcpuRegistry(const VcpuRegistry&) = delete;
  VcpuRegistry& operator=(const VcpuRegistry&) = delete;

  // Adds the vCPU that the launch made; its SEV_FEATURES are what each later VMSA must have.
  // Errors: kAlreadyExists (there is a startup vCPU), kInvalidArgument (a page is not aligned, both
  // are one, or the VMPL is not 1 to 3), kOutOfMemory (no slot).
  Status AddStartup(Vcpu vcpu);

  // A copy of what is known of a VMSA. Errors: kNotFound.
  Result<Vcpu> Find(Gpa vmsa) const;

  Lock& lock() const { return lock_; }
  PagePool& pool() { return pool_; }

  // The functions below want lock() held. Pointers are good until it is released.
  // Null if there is no such VMSA, or no startup vCPU yet.
  Vcpu* FindLocked(Gpa vmsa);
  const Vcpu* StartupLocked() const;

  // Whether a byte of the range is in a VMSA. The range must not wrap.
  bool OverlapsVmsaLocked(Gpa gpa, std::uint64_t size_bytes) const;
  // Whether a byte of the range is in a VMSA or in a deposited page: the SVSM's own.
  bool OverlapsOwnedLocked(Gpa gpa, std::uint64_t size_bytes) const {
    return OverlapsVmsaLocked(gpa, size_bytes) || pool_.OverlapsLocked(gpa, size_bytes);
  }
  // Whether a byte of the range is in a calling area.
  bool OverlapsCallingAreaLocked(Gpa gpa, std::uint64_t size_bytes) const;
  // The same, leaving out those of vCPUs with this APIC id.
  bool OverlapsForeignCallingAreaLocked(Gpa gpa, std::uint64_t size_bytes,
                                        std::uint32_t apic_id) const;

  // Errors: kAlreadyExists (such a VMSA), kOutOfMemory (no slot).
  Status AddLocked(const Vcpu& vcpu);
  // Errors: kNotFound.
  Status RemoveLocked(Gpa vmsa);
  bool FullLocked() const { return count_ == slots_.size(); }
  std::size_t CountLocked() const { return count_; }

 private:
  std::size_t LowerBound(Gpa vmsa) const;

  std::span<Vcpu> slots_;  // the first count_ are in use, in the order of their VMSAs
  std::size_t count_ = 0;
  Lock& lock_;
  PagePool pool_;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_VCPU_REGISTRY_H_
