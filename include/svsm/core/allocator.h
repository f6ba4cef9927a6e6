// svsm/core/allocator.h: the seam behind which memory comes from, where its size cannot be known
// beforehand.
//
//   Bytes<4096> memory;
//   ArenaAllocator arena(memory);
//   void* const block = arena.Allocate(100, alignof(std::uint64_t));
//   if (block == nullptr) return Status(Code::kOutOfMemory, Source::kCore);
//
// Running out is a value, not an abort.
//
// Profile: freestanding. Allocates: that is its purpose. Threads: as the implementation says.
#ifndef SVSM_CORE_ALLOCATOR_H_
#define SVSM_CORE_ALLOCATOR_H_

#include <cstddef>

#include "svsm/core/bytes.h"

namespace svsm {

class Allocator {
 public:
  // `size` bytes (not 0) aligned to `alignment` (a power of two), or nullptr.
  virtual void* Allocate(std::size_t size, std::size_t alignment) = 0;
  // `pointer` and `size` as they were given out. nullptr is ignored.
  virtual void Free(void* pointer, std::size_t size) = 0;

 protected:
  ~Allocator() = default;
};

// Hands out the caller's span from its start on. Free() gives back the newest block alone; Reset()
// gives back all.
class ArenaAllocator final : public Allocator {
 public:
  explicit ArenaAllocator(ByteSpan memory) : memory_(memory) {}
  void* Allocate(std::size_t size, std::size_t alignment) override;
  void Free(void* pointer, std::size_t size) override;
  void Reset() { used_ = 0; }
  // The most that was ever in use, in bytes.
  std::size_t high_water_bytes() const { return high_water_; }

 private:
  ByteSpan memory_;
  std::size_t used_ = 0;
  std::size_t high_water_ = 0;
};

}  // namespace svsm

#endif  // SVSM_CORE_ALLOCATOR_H_
