#include "sim/guest_heap.h"

#include "svsm/core/panic.h"

namespace svsm::sim {

Result<protocol::GuestBuffer> GuestHeap::Allocate(std::size_t size_bytes) {
  const std::lock_guard guard(mutex_);
  const std::size_t pages = (size_bytes + kPageSize - 1) / kPageSize;
  std::size_t run = 0;
  for (std::size_t i = 0; pages != 0 && i < used_.size(); ++i) {
    run = used_[i] ? 0 : run + 1;
    if (run < pages) continue;
    const std::size_t first = i + 1 - pages;
    for (std::size_t page = first; page <= i; ++page) used_[page] = true;
    const protocol::GuestBuffer buffer =
        machine_.Map(Gpa(kGuestHeap.value() + first * kPageSize), pages * kPageSize);
    Fill(buffer.bytes, 0);
    return buffer;
  }
  return Status(Code::kOutOfMemory, Source::kSim);
}

void GuestHeap::Free(protocol::GuestBuffer buffer) {
  const std::lock_guard guard(mutex_);
  const auto first =
      static_cast<std::size_t>((buffer.gpa.value() - kGuestHeap.value()) / kPageSize);
  const std::size_t pages = (buffer.bytes.size() + kPageSize - 1) / kPageSize;
  SVSM_CHECK(first <= used_.size() && pages <= used_.size() - first);
  for (std::size_t page = first; page < first + pages; ++page) used_[page] = false;
}

}  // namespace svsm::sim
