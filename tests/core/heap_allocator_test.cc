#include "svsm/core/heap_allocator.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <random>
#include <vector>

namespace svsm {
namespace {

std::uintptr_t AddressOf(const void* pointer) { return std::bit_cast<std::uintptr_t>(pointer); }

class HeapAllocatorTest : public ::testing::Test {
 protected:
  alignas(64) Bytes<1024> memory_{};
  HeapAllocator heap_{memory_};
};

TEST_F(HeapAllocatorTest, GivesEverythingAndTakesItBackInAnyOrder) {
  void* blocks[4];
  for (void*& block : blocks) block = heap_.Allocate(256, 16);
  for (void* block : blocks) ASSERT_NE(block, nullptr);
  EXPECT_EQ(heap_.Allocate(1, 1), nullptr);
  for (const int i : {2, 0, 3, 1}) heap_.Free(blocks[i], 256);
  EXPECT_EQ(heap_.used_bytes(), 0u);
  EXPECT_EQ(heap_.Allocate(1024, 16), memory_.data());
  EXPECT_EQ(heap_.high_water_bytes(), 1024u);
}

TEST_F(HeapAllocatorTest, AlignsAndReusesTheRest) {
  void* const one = heap_.Allocate(1, 1);
  void* const aligned = heap_.Allocate(100, 64);
  EXPECT_EQ(AddressOf(aligned) % 64, 0u);
  void* const between = heap_.Allocate(48, 16);
  EXPECT_EQ(AddressOf(between), AddressOf(one) + 16);
  heap_.Free(aligned, 100);
  heap_.Free(one, 1);
  heap_.Free(between, 48);
  heap_.Free(nullptr, 5);
  EXPECT_EQ(heap_.Allocate(1024, 1), memory_.data());
}

TEST_F(HeapAllocatorTest, RefusesWhatNeverFits) {
  EXPECT_EQ(heap_.Allocate(1025, 1), nullptr);
  EXPECT_EQ(heap_.Allocate(SIZE_MAX, 1), nullptr);
  EXPECT_EQ(heap_.Allocate(16, std::size_t{1} << 62), nullptr);
  HeapAllocator nothing{ByteSpan()};
  EXPECT_EQ(nothing.Allocate(1, 1), nullptr);
  Bytes<20> small{};
  HeapAllocator odd{ByteSpan(small).subspan(1)};
  EXPECT_EQ(odd.Allocate(17, 1), nullptr);
}

TEST_F(HeapAllocatorTest, HighWaterIsTheMemoryThatWouldHaveBeenEnough) {
  void* const first = heap_.Allocate(160, 16);
  void* const second = heap_.Allocate(160, 16);
  heap_.Free(first, 160);
  void* const third = heap_.Allocate(100, 16);
  EXPECT_EQ(third, first);
  EXPECT_EQ(heap_.high_water_bytes(), 320u);
  heap_.Free(second, 160);
  heap_.ResetHighWater();
  EXPECT_EQ(heap_.high_water_bytes(), 112u);
  heap_.Free(third, 100);
  heap_.ResetHighWater();
  EXPECT_EQ(heap_.high_water_bytes(), 0u);
}

// Against a plain model: blocks are aligned, inside, and never overlap; in the end all is one gap.
TEST(HeapAllocator, HoldsUnderRandomUse) {
  struct Block {
    std::uint8_t* data;
    std::size_t size;
    std::uint8_t mark;
  };
  std::vector<std::uint8_t> memory(20000);
  HeapAllocator heap{memory};
  std::mt19937 random(7);
  std::vector<Block> blocks;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 5 < 3) {
      const std::size_t size = 1 + random() % 600;
      const std::size_t alignment = std::size_t{1} << random() % 7;
      auto* const data = static_cast<std::uint8_t*>(heap.Allocate(size, alignment));
      if (data == nullptr) continue;
      ASSERT_EQ(AddressOf(data) % alignment, 0u);
      const auto mark = static_cast<std::uint8_t>(step);
      Fill(ByteSpan(data, size), mark);
      blocks.push_back({data, size, mark});
    } else if (!blocks.empty()) {
      std::swap(blocks[random() % blocks.size()], blocks.back());
      const Block block = blocks.back();
      blocks.pop_back();
      for (std::size_t i = 0; i < block.size; ++i) ASSERT_EQ(block.data[i], block.mark);
      heap.Free(block.data, block.size);
    }
  }
  for (const Block& block : blocks) heap.Free(block.data, block.size);
  EXPECT_EQ(heap.used_bytes(), 0u);
  EXPECT_NE(heap.Allocate(memory.size() - 31, 1), nullptr);
}

TEST(HeapAllocatorDeathTest, PanicsAtFreeingWhatIsFree) {
  alignas(16) Bytes<256> memory{};
  HeapAllocator heap(memory);
  void* const block = heap.Allocate(32, 16);
  void* const other = heap.Allocate(32, 16);
  heap.Free(block, 32);
  EXPECT_DEATH(heap.Free(block, 32), "");
  EXPECT_DEATH(heap.Free(other, 64), "");
  EXPECT_DEATH(heap.Free(memory.data() + 256, 16), "");
  EXPECT_DEATH(heap.Free(memory.data() + 33, 16), "");
}

TEST(WipingAllocator, ZeroesWhatGoesBack) {
  alignas(16) Bytes<64> memory{};
  ArenaAllocator arena(memory);
  WipingAllocator wiping(arena);
  auto* const block = static_cast<std::uint8_t*>(wiping.Allocate(64, 1));
  Fill(ByteSpan(block, 64), 0xAA);
  wiping.Free(block, 64);
  wiping.Free(nullptr, 64);
  EXPECT_TRUE(IsZero(memory));
}

}  // namespace
}  // namespace svsm
