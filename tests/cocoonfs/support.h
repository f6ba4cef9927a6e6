// What several tests of this room share.
#ifndef SVSM_TESTS_COCOONFS_SUPPORT_H_
#define SVSM_TESTS_COCOONFS_SUPPORT_H_

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "svsm/core/allocator.h"
#include "svsm/core/bytes.h"
#include "svsm/crypto/rng.h"

namespace svsm::cocoonfs {

// malloc, with a count of what is out and the possibility to fail at the n-th call.
class TestAllocator final : public Allocator {
 public:
  ~TestAllocator() {
    if (used_ != 0) abort();
  }
  void* Allocate(std::size_t size, std::size_t alignment) override {
    if (calls_until_failure_ != 0 && --calls_until_failure_ == 0) return nullptr;
    void* const memory =
        std::aligned_alloc(alignment < 16 ? 16 : alignment, (size + 15) & ~std::size_t{15});
    if (memory == nullptr) return nullptr;
    ++calls_;
    used_ += size;
    if (used_ > high_water_) high_water_ = used_;
    return memory;
  }
  void Free(void* pointer, std::size_t size) override {
    if (pointer == nullptr) return;
    used_ -= size;
    std::free(pointer);
  }
  // The n-th call from now on fails, 1 being the next; 0: none.
  void FailAt(std::size_t n) { calls_until_failure_ = n; }
  bool failed() const { return calls_until_failure_ == 0; }
  std::size_t calls() const { return calls_; }
  std::size_t used() const { return used_; }
  std::size_t high_water() const { return high_water_; }
  void ResetHighWater() { high_water_ = used_; }

 private:
  std::size_t calls_until_failure_ = 0;
  std::size_t calls_ = 0;
  std::size_t used_ = 0;
  std::size_t high_water_ = 0;
};

// Repeatable random bytes (xorshift64*), no secret.
class TestRng final : public crypto::Rng {
 public:
  explicit TestRng(std::uint64_t seed = 1) : state_(seed * 0x9E3779B97F4A7C15 + 1) {}
  std::uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545F4914F6CDD1D;
  }
  std::uint64_t Below(std::uint64_t bound) { return Next() % bound; }
  Status Generate(ByteSpan out) override {
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(Next() >> 56);
    return OkStatus();
  }

 private:
  std::uint64_t state_;
};

inline std::vector<std::uint8_t> RandomBytes(TestRng& rng, std::size_t size) {
  std::vector<std::uint8_t> out(size);
  (void)rng.Generate(out);
  return out;
}

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_SUPPORT_H_
