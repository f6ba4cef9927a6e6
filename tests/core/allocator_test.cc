#include "svsm/core/allocator.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>

namespace svsm {
namespace {

TEST(ArenaAllocator, AlignsAndRunsOutWithoutHarm) {
  alignas(64) Bytes<128> memory{};
  ArenaAllocator arena(memory);
  void* const one = arena.Allocate(1, 1);
  void* const eight = arena.Allocate(8, 8);
  ASSERT_NE(one, nullptr);
  ASSERT_NE(eight, nullptr);
  EXPECT_EQ(std::bit_cast<std::uintptr_t>(eight) % 8, 0u);
  EXPECT_EQ(arena.Allocate(113, 1), nullptr);
  EXPECT_EQ(arena.Allocate(SIZE_MAX, 1), nullptr);
  EXPECT_NE(arena.Allocate(112, 1), nullptr);
  EXPECT_EQ(arena.high_water_bytes(), 128u);
}

TEST(ArenaAllocator, TakesBackTheNewestBlockAlone) {
  Bytes<64> memory{};
  ArenaAllocator arena(memory);
  void* const first = arena.Allocate(32, 1);
  void* const second = arena.Allocate(32, 1);
  arena.Free(first, 32);
  EXPECT_EQ(arena.Allocate(1, 1), nullptr);
  arena.Free(second, 32);
  EXPECT_EQ(arena.Allocate(32, 1), second);
  arena.Free(nullptr, 7);
  arena.Reset();
  EXPECT_EQ(arena.Allocate(64, 1), first);
  EXPECT_EQ(arena.high_water_bytes(), 64u);
}

}  // namespace
}  // namespace svsm
