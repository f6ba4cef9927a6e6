#include "svsm/core/heap_allocator.h"

#include <cstdint>
#include <new>

#include "svsm/core/panic.h"

namespace svsm {
namespace {

// As std::bit_cast, which clang-tidy 14 cannot follow into arithmetic.
std::uintptr_t AddressOf(const void* pointer) {
  std::uintptr_t address = 0;
  __builtin_memcpy(&address, &pointer, sizeof(address));
  return address;
}

constexpr std::size_t RoundUp(std::size_t value, std::size_t unit) {
  return (value + unit - 1) & ~(unit - 1);
}

}  // namespace

HeapAllocator::HeapAllocator(ByteSpan memory) {
  const std::size_t skip = RoundUp(AddressOf(memory.data()), kUnit) - AddressOf(memory.data());
  if (memory.size() < skip + kUnit) return;
  begin_ = memory.data() + skip;
  size_ = (memory.size() - skip) & ~(kUnit - 1);
  first_ = ::new (static_cast<void*>(begin_)) Gap{size_, nullptr};
}

void* HeapAllocator::Allocate(std::size_t size, std::size_t alignment) {
  SVSM_CHECK(size != 0 && alignment != 0 && (alignment & (alignment - 1)) == 0);
  if (size > size_) return nullptr;
  const std::size_t wanted = RoundUp(size, kUnit);
  const std::size_t boundary = alignment < kUnit ? kUnit : alignment;
  Gap** link = &first_;
  for (; *link != nullptr; link = &(*link)->next) {
    Gap* const gap = *link;
    const std::uintptr_t at = AddressOf(gap);
    const std::size_t before = ((at + boundary - 1) & ~(boundary - 1)) - at;
    if (before > gap->size || wanted > gap->size - before) continue;
    const std::size_t behind = gap->size - before - wanted;
    Gap* const next = gap->next;
    std::uint8_t* const block = begin_ + (at - AddressOf(begin_)) + before;
    Gap* rest = next;
    if (behind != 0) rest = ::new (static_cast<void*>(block + wanted)) Gap{behind, next};
    if (before != 0) {
      gap->size = before;
      gap->next = rest;
    } else {
      *link = rest;
    }
    used_ += wanted;
    const std::size_t reach = AddressOf(block) - AddressOf(begin_) + wanted;
    if (reach > high_water_) high_water_ = reach;
    return block;
  }
  return nullptr;
}

void HeapAllocator::Free(void* pointer, std::size_t size) {
  if (pointer == nullptr) return;
  const std::size_t offset = AddressOf(pointer) - AddressOf(begin_);
  SVSM_CHECK(size != 0 && offset % kUnit == 0 && offset < size_ && size <= size_ - offset);
  const std::size_t freed = RoundUp(size, kUnit);
  Gap* before = nullptr;
  Gap* next = first_;
  while (next != nullptr && AddressOf(next) < AddressOf(pointer)) {
    before = next;
    next = next->next;
  }
  SVSM_CHECK(before == nullptr || AddressOf(before) + before->size <= AddressOf(pointer));
  SVSM_CHECK(next == nullptr || AddressOf(pointer) + freed <= AddressOf(next));
  Gap* gap = ::new (pointer) Gap{freed, next};
  if (next != nullptr && AddressOf(gap) + freed == AddressOf(next)) {
    gap->size += next->size;
    gap->next = next->next;
  }
  if (before == nullptr) {
    first_ = gap;
  } else if (AddressOf(before) + before->size == AddressOf(gap)) {
    before->size += gap->size;
    before->next = gap->next;
  } else {
    before->next = gap;
  }
  used_ -= freed;
}

void HeapAllocator::ResetHighWater() {
  // The last gap reaches to the end or there is something in use behind it.
  high_water_ = size_;
  for (const Gap* gap = first_; gap != nullptr; gap = gap->next) {
    const std::size_t offset = AddressOf(gap) - AddressOf(begin_);
    if (offset + gap->size == size_) high_water_ = offset;
  }
}

void WipingAllocator::Free(void* pointer, std::size_t size) {
  if (pointer == nullptr) return;
  Wipe(ByteSpan(static_cast<std::uint8_t*>(pointer), size));
  below_.Free(pointer, size);
}

}  // namespace svsm
