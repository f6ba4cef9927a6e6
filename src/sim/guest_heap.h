#ifndef SVSM_SIM_GUEST_HEAP_H_
#define SVSM_SIM_GUEST_HEAP_H_

#include <mutex>
#include <vector>

#include "svsm/sim/machine.h"

namespace svsm::sim {

// The guest kernel's page allocator: first fit over the heap's pages.
class GuestHeap final : public protocol::GuestPages {
 public:
  explicit GuestHeap(Machine& machine) : machine_(machine), used_(kGuestHeapPages, false) {}

  Result<protocol::GuestBuffer> Allocate(std::size_t size_bytes) override;
  void Free(protocol::GuestBuffer buffer) override;

 private:
  Machine& machine_;
  std::mutex mutex_;
  std::vector<bool> used_;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_GUEST_HEAP_H_
