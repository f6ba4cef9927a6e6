#include "svsm/core/vec.h"

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <vector>

#include "svsm/core/heap_allocator.h"
#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

using testing::IsOk;

class VecTest : public ::testing::Test {
 protected:
  alignas(16) Bytes<4096> memory_{};
  HeapAllocator heap_{memory_};
};

template <typename T>
std::vector<T> Contents(const Vec<T>& vec) {
  return std::vector<T>(vec.begin(), vec.end());
}

TEST_F(VecTest, GrowsAndKeepsOrder) {
  Vec<int> vec(heap_);
  EXPECT_TRUE(vec.empty());
  EXPECT_EQ(vec.begin(), vec.end());
  for (int i = 0; i < 100; ++i) ASSERT_THAT(vec.PushBack(i), IsOk());
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(Contents(vec), expected);
  EXPECT_EQ(vec.front(), 0);
  EXPECT_EQ(vec.back(), 99);
  EXPECT_EQ(vec.view().size(), 100u);
  vec[7] = -7;
  EXPECT_EQ(vec[7], -7);
}

TEST_F(VecTest, InsertsErasesAndCuts) {
  Vec<int> vec(heap_);
  const int values[] = {1, 2, 3, 4, 5};
  ASSERT_THAT(vec.Append(values), IsOk());
  ASSERT_THAT(vec.Insert(0, 0), IsOk());
  ASSERT_THAT(vec.Insert(6, 6), IsOk());
  ASSERT_THAT(vec.Insert(3, 33), IsOk());
  EXPECT_EQ(Contents(vec), (std::vector<int>{0, 1, 2, 33, 3, 4, 5, 6}));
  vec.Erase(1, 3);
  EXPECT_EQ(Contents(vec), (std::vector<int>{0, 3, 4, 5, 6}));
  vec.Erase(5, 0);
  vec.PopBack();
  vec.Truncate(2);
  vec.Truncate(9);
  EXPECT_EQ(Contents(vec), (std::vector<int>{0, 3}));
  ASSERT_THAT(vec.Resize(4), IsOk());
  EXPECT_EQ(Contents(vec), (std::vector<int>{0, 3, 0, 0}));
  ASSERT_THAT(vec.Resize(1), IsOk());
  vec.Clear();
  EXPECT_TRUE(vec.empty());
  EXPECT_NE(vec.capacity(), 0u);
  vec.Release();
  EXPECT_EQ(vec.capacity(), 0u);
  EXPECT_EQ(heap_.used_bytes(), 0u);
}

TEST_F(VecTest, ReserveIsTheLastAllocation) {
  Vec<std::uint64_t> vec(heap_);
  ASSERT_THAT(vec.Reserve(10), IsOk());
  EXPECT_EQ(vec.capacity(), 10u);
  const std::size_t used = heap_.used_bytes();
  for (std::uint64_t i = 0; i < 10; ++i) ASSERT_THAT(vec.PushBack(i), IsOk());
  EXPECT_EQ(heap_.used_bytes(), used);
  ASSERT_THAT(vec.Reserve(3), IsOk());
  EXPECT_EQ(vec.capacity(), 10u);
}

TEST_F(VecTest, HoldsWhatOwnsMemoryAndGivesItBack) {
  {
    Vec<Vec<int>> rows(heap_);
    for (int i = 0; i < 10; ++i) {
      Vec<int> row(heap_);
      ASSERT_THAT(row.PushBack(i), IsOk());
      ASSERT_THAT(rows.Insert(0, std::move(row)), IsOk());
      EXPECT_TRUE(row.empty());
    }
    rows.Erase(2, 3);
    EXPECT_EQ(rows[2][0], 4);
    Vec<Vec<int>> moved(std::move(rows));
    EXPECT_TRUE(rows.empty());
    EXPECT_EQ(moved.size(), 7u);
    rows = std::move(moved);
    EXPECT_EQ(rows.size(), 7u);
    Vec<Vec<int>>& same = rows;
    rows = std::move(same);
    EXPECT_EQ(rows.size(), 7u);
    EXPECT_EQ(&rows.allocator(), &heap_);
  }
  EXPECT_EQ(heap_.used_bytes(), 0u);
}

TEST_F(VecTest, TakesWhatCannotBeCopied) {
  Vec<std::unique_ptr<int>> vec(heap_);
  for (int i = 0; i < 20; ++i) ASSERT_THAT(vec.PushBack(std::make_unique<int>(i)), IsOk());
  EXPECT_EQ(*vec[19], 19);
}

TEST_F(VecTest, RunningOutLeavesItWhole) {
  const Status out_of_memory(Code::kOutOfMemory, Source::kCore);
  Vec<std::uint64_t> vec(heap_);
  std::uint64_t count = 0;
  while (vec.PushBack(count).ok()) ++count;
  EXPECT_GT(count, 100u);
  EXPECT_EQ(vec.size(), count);
  EXPECT_EQ(vec.Insert(0, 1), out_of_memory);
  EXPECT_EQ(vec.Resize(4096), out_of_memory);
  EXPECT_EQ(vec.Reserve(SIZE_MAX), out_of_memory);
  EXPECT_EQ(vec.Resize(SIZE_MAX), out_of_memory);
  EXPECT_EQ(vec.Append(std::vector<std::uint64_t>(1000)), out_of_memory);
  ASSERT_EQ(vec.size(), count);
  for (std::uint64_t i = 0; i < count; ++i) EXPECT_EQ(vec[i], i);
}

TEST(VecDeathTest, PanicsAtIndicesOutside) {
  alignas(16) Bytes<256> memory{};
  HeapAllocator heap(memory);
  Vec<int> vec(heap);
  EXPECT_DEATH(vec[0], "");
  EXPECT_DEATH(vec.PopBack(), "");
  EXPECT_DEATH(vec.Erase(0, 1), "");
  EXPECT_DEATH((void)vec.Insert(1, 0), "");
}

}  // namespace
}  // namespace svsm
