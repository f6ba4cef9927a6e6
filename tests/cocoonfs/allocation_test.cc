#include "cocoonfs/allocation.h"

#include <gtest/gtest.h>

#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;

TEST(AllocationTest, LeavesOutWhatIsUntracked) {
  TestAllocator allocator;
  Allocation allocation(allocator);
  ASSERT_THAT(allocation.bitmap().Init(256), IsOk());
  allocation.bitmap().Set({0, 200});
  ASSERT_THAT(allocation.AddUntracked({100, 8}), IsOk());
  ASSERT_THAT(allocation.AddUntracked({0, 5}), IsOk());
  EXPECT_EQ(allocation.AddUntracked({104, 8}), Malformed(Region::kAux));
  EXPECT_EQ(allocation.AddUntracked({4, 1}), Malformed(Region::kAux));
  EXPECT_EQ(allocation.Word(0, 8), 0xE0u);
  EXPECT_EQ(allocation.Word(98, 4), 0x3u);
  EXPECT_EQ(allocation.Word(106, 4), 0xCu);
  EXPECT_EQ(allocation.Word(64, 64), ~std::uint64_t{0} & ~(std::uint64_t{0xFF} << 36));
  EXPECT_EQ(allocation.Word(196, 8), 0xFu);
  EXPECT_TRUE(allocation.IsTracked({5, 95}));
  EXPECT_FALSE(allocation.IsTracked({4, 2}));
  EXPECT_FALSE(allocation.IsTracked({107, 2}));
  EXPECT_FALSE(allocation.IsTracked({199, 2}));
  Allocation copy(allocator);
  ASSERT_THAT(copy.CopyFrom(allocation), IsOk());
  EXPECT_EQ(copy.Word(98, 4), 0x3u);
}

TEST(AllocationTest, FollowsAndTakesChanges) {
  TestAllocator allocator;
  Allocation base(allocator);
  ASSERT_THAT(base.bitmap().Init(256), IsOk());
  base.bitmap().Set({0, 10});
  ASSERT_THAT(base.AddUntracked({0, 4}), IsOk());
  Allocation next(allocator);
  ASSERT_THAT(next.Follow(base), IsOk());
  EXPECT_EQ(next.Word(0, 16), 0x3F0u);
  next.bitmap().Set({20, 4});
  next.ClearUntracked();
  ASSERT_THAT(next.AddUntracked({20, 2}), IsOk());
  EXPECT_EQ(base.Word(0, 32), 0x3F0u);
  base.TakeChanges(next);
  EXPECT_EQ(base.Word(0, 32), 0xC003FFu);
  ASSERT_EQ(base.untracked().size(), 1u);
  EXPECT_EQ(base.untracked()[0], (Extent{20, 2}));
}

}  // namespace
}  // namespace svsm::cocoonfs
