#include "cocoonfs/range_set.h"

#include <gtest/gtest.h>

#include <vector>

#include "support.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

std::vector<Extent> Sorted(std::span<const Extent> ranges) {
  TestAllocator allocator;
  RangeSet set(allocator);
  for (const Extent& range : ranges) EXPECT_THAT(set.Add(range), IsOk());
  EXPECT_THAT(set.Sort(), IsOk());
  return {set.ranges().begin(), set.ranges().end()};
}

TEST(RangeSetTest, JoinsWhatTouchesOrOverlaps) {
  const Extent rising[] = {{2, 2}, {4, 1}, {4, 4}, {9, 1}, {9, 1}};
  EXPECT_EQ(Sorted(rising), (std::vector<Extent>{{2, 6}, {9, 1}}));
  const Extent within[] = {{2, 9}, {4, 1}, {12, 1}};
  EXPECT_EQ(Sorted(within), (std::vector<Extent>{{2, 9}, {12, 1}}));
}

TEST(RangeSetTest, SortsWhatCameInAnyOrder) {
  const Extent two_runs[] = {{1, 1}, {10, 2}, {30, 1}, {5, 1}, {12, 3}, {40, 1}};
  EXPECT_EQ(Sorted(two_runs), (std::vector<Extent>{{1, 1}, {5, 1}, {10, 5}, {30, 1}, {40, 1}}));
  std::vector<Extent> falling;
  for (std::uint64_t i = 100; i-- > 0;) falling.push_back({i * 3, 1 + i % 2});
  const std::vector<Extent> sorted = Sorted(falling);
  ASSERT_EQ(sorted.size(), falling.size());
  for (std::size_t i = 0; i < sorted.size(); ++i) EXPECT_EQ(sorted[i], falling[99 - i]);
}

TEST(RangeSetTest, IsEmptyAtFirst) { EXPECT_EQ(Sorted({}), std::vector<Extent>()); }

TEST(RangeSetTest, SaysThatThereIsNoMemory) {
  TestAllocator allocator;
  RangeSet set(allocator);
  allocator.FailAt(1);
  EXPECT_THAT(set.Add({1, 1}), IsStatus(Code::kOutOfMemory, Source::kCore));
}

}  // namespace
}  // namespace svsm::cocoonfs
