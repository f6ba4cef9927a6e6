// svsm/core/heap_allocator.h: a general allocator over memory of the caller, and one that wipes
// what goes back.
//
//   alignas(16) static Bytes<96 * 1024> memory;
//   HeapAllocator heap(memory);
//   WipingAllocator allocator(heap);
//   cocoonfs::FileSystem fs(device, symmetric, rng, allocator);
//   ...
//   Report(heap.high_water_bytes());   // memory of this size would have been enough
//
// Profile: freestanding. Allocates: from the caller's memory. Threads: one object, one thread.
#ifndef SVSM_CORE_HEAP_ALLOCATOR_H_
#define SVSM_CORE_HEAP_ALLOCATOR_H_

#include <cstddef>

#include "svsm/core/allocator.h"
#include "svsm/core/bytes.h"

namespace svsm {

// First fit by address, in units of 16 bytes, without a header on what is given out: the free gaps
// alone are listed, inside themselves. Allocate() and Free() take time in the number of gaps.
// Freeing what is not given out, or with a size that overlaps a gap, panics.
class HeapAllocator final : public Allocator {
 public:
  // Keeps `memory`, which must outlive the object; up to 15 bytes at either end are lost to
  // alignment.
  explicit HeapAllocator(ByteSpan memory);
  HeapAllocator(const HeapAllocator&) = delete;
  HeapAllocator& operator=(const HeapAllocator&) = delete;

  void* Allocate(std::size_t size, std::size_t alignment) override;
  void Free(void* pointer, std::size_t size) override;

  // What is given out now, rounded up to units.
  std::size_t used_bytes() const { return used_; }
  // How far into the memory it was ever used: with this much, everything would have gone the same.
  std::size_t high_water_bytes() const { return high_water_; }
  // Begins the high-water mark anew from what is in use now.
  void ResetHighWater();

 private:
  struct Gap {
    std::size_t size;
    Gap* next;
  };
  static constexpr std::size_t kUnit = 16;
  static_assert(sizeof(Gap) <= kUnit);

  Gap* first_ = nullptr;
  std::uint8_t* begin_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;
  std::size_t high_water_ = 0;
};

// Passes through to another allocator, and overwrites with zeros what is freed before it goes back.
class WipingAllocator final : public Allocator {
 public:
  explicit WipingAllocator(Allocator& below) : below_(below) {}
  void* Allocate(std::size_t size, std::size_t alignment) override {
    return below_.Allocate(size, alignment);
  }
  void Free(void* pointer, std::size_t size) override;

 private:
  Allocator& below_;
};

}  // namespace svsm

#endif  // SVSM_CORE_HEAP_ALLOCATOR_H_
