#include "svsm/protocol/guest_memory.h"

namespace svsm::protocol {

bool IsGuestRange(const GuestMemory& memory, Gpa gpa, std::uint64_t size_bytes) {
  if (size_bytes == 0) return true;
  if (!FitsAddressSpace(gpa, size_bytes)) return false;
  const std::uint64_t first = gpa.value() / kPageSize;
  const std::uint64_t last = (gpa.value() + (size_bytes - 1)) / kPageSize;
  for (std::uint64_t frame = first; frame <= last; ++frame) {
    if (memory.Classify(Gpa(frame * kPageSize)) != PageKind::kGuest) return false;
  }
  return true;
}

}  // namespace svsm::protocol
