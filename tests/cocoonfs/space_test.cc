#include "cocoonfs/space.h"

#include <gtest/gtest.h>

#include "support.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

// 16 data blocks (and IO blocks) of 4 blocks, all free.
class SpaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(before.Init(64), IsOk());
    ASSERT_THAT(after.CopyFrom(before), IsOk());
    ASSERT_THAT(space.Init(1), IsOk());
  }

  TestAllocator allocator;
  Bitmap before{allocator};
  Bitmap after{allocator};
  Bitmap used{allocator};
  Space space{before, after, used, 0, ImageLayout(), allocator};
};

TEST_F(SpaceTest, KeepsApartFromFiles) {
  SVSM_ASSERT_OK_AND_ASSIGN(const Extent file, space.Take(1));
  SVSM_ASSERT_OK_AND_ASSIGN(const Extent node, space.TakeApart(1));
  EXPECT_EQ(file.first, 0u);
  EXPECT_EQ(node.first, 4u);
  EXPECT_EQ(space.TakeNear(node.first, 1).first, 5u);
  EXPECT_EQ(space.TakeNear(node.first, 2).first, 6u);
  EXPECT_EQ(space.TakeNear(node.first, 1).count, 0u) << "the data block is full";
  SVSM_ASSERT_OK_AND_ASSIGN(const Extent more, space.Take(3));
  EXPECT_EQ(more.first, 1u) << "files go on where they were";
  EXPECT_EQ(after.CountAllocated(), 8u);
}

TEST_F(SpaceTest, NearIsInTheSameDataBlock) {
  EXPECT_EQ(space.TakeNear(22, 4).first, 20u);
  EXPECT_EQ(space.TakeNear(22, 1).count, 0u);
  EXPECT_EQ(space.TakeNear(63, 5).count, 0u) << "more than a data block";
  EXPECT_EQ(space.TakeNear(63, 3).first, 60u);
}

TEST_F(SpaceTest, AnyPlaceWhenThereIsNoFreshOne) {
  Extent last;
  for (int i = 0; i < 15; ++i) {
    SVSM_ASSERT_OK_AND_ASSIGN(last, space.TakeApart(1));
  }
  // The last IO block is the reserve.
  EXPECT_EQ(space.TakeNear(63, 1).count, 0u);
  SVSM_ASSERT_OK_AND_ASSIGN(const Extent node, space.TakeApart(2));
  EXPECT_EQ(node.first, 1u);
  EXPECT_THAT(space.TakeApart(4), IsStatus(Code::kExhausted, Source::kCocoonfs));
}

}  // namespace
}  // namespace svsm::cocoonfs
