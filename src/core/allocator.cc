#include "svsm/core/allocator.h"

#include <bit>
#include <cstdint>

#include "svsm/core/panic.h"

namespace svsm {

void* ArenaAllocator::Allocate(std::size_t size, std::size_t alignment) {
  SVSM_CHECK(size != 0 && alignment != 0 && (alignment & (alignment - 1)) == 0);
  const auto base = std::bit_cast<std::uintptr_t>(memory_.data());
  const std::uintptr_t at = (base + used_ + alignment - 1) & ~(alignment - 1);
  const std::size_t offset = at - base;
  if (offset > memory_.size() || size > memory_.size() - offset) return nullptr;
  used_ = offset + size;
  if (used_ > high_water_) high_water_ = used_;
  return memory_.data() + offset;
}

void ArenaAllocator::Free(void* pointer, std::size_t size) {
  if (pointer == nullptr) return;
  const std::size_t offset =
      std::bit_cast<std::uintptr_t>(pointer) - std::bit_cast<std::uintptr_t>(memory_.data());
  if (offset + size == used_) used_ = offset;
}

}  // namespace svsm
