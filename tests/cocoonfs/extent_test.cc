#include "cocoonfs/extent.h"

#include <gtest/gtest.h>

#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;

TEST(ExtentTest, KnowsItsBlocks) {
  const Extent extent{10, 5};
  EXPECT_TRUE(extent.Contains(10));
  EXPECT_TRUE(extent.Contains(14));
  EXPECT_FALSE(extent.Contains(15));
  EXPECT_FALSE(extent.Contains(9));
  EXPECT_TRUE(extent.Overlaps({14, 1}));
  EXPECT_FALSE(extent.Overlaps({15, 3}));
  EXPECT_FALSE(extent.Overlaps({5, 5}));
  EXPECT_TRUE(extent.Overlaps({0, 100}));
}

TEST(ExtentPointerTest, RoundTrip) {
  for (const Extent& extent :
       {Extent{1, 1}, {77, 64}, {kMaxPosition, 1}, {kMaxPosition - 63, 64}}) {
    for (const bool indirect : {false, true}) {
      const Result<ExtentPointer> pointer =
          DecodeExtentPointer(EncodeExtentPointer(extent, indirect));
      // The last block of the address space with 64 blocks and an indirect bit is "no extent".
      if (pointer.ok() && pointer->nil) continue;
      ASSERT_THAT(pointer, IsOk());
      EXPECT_EQ(pointer->extent, extent);
      EXPECT_EQ(pointer->indirect, indirect);
    }
  }
  const Result<ExtentPointer> nil = DecodeExtentPointer(kNilPointer);
  ASSERT_THAT(nil, IsOk());
  EXPECT_TRUE(nil->nil);
}

TEST(ExtentPointerTest, RefusesImpossiblePlaces) {
  const Status bad = Malformed(Region::kDevice);
  EXPECT_EQ(DecodeExtentPointer(0).status(), bad);
  EXPECT_EQ(DecodeExtentPointer(0x7F).status(), bad);
  EXPECT_EQ(DecodeExtentPointer(EncodeExtentPointer({kMaxPosition, 2}, false)).status(), bad);
}

TEST(BlockPointerTest, RoundTripAndRefusals) {
  const Status bad = Malformed(Region::kDevice);
  for (const std::uint64_t first : {std::uint64_t{1}, std::uint64_t{12345}, kMaxPosition}) {
    const Result<std::uint64_t> decoded = DecodeBlockPointer(EncodeBlockPointer(first));
    ASSERT_THAT(decoded, IsOk());
    EXPECT_EQ(*decoded, first);
  }
  EXPECT_EQ(*DecodeBlockPointer(kNilPointer), kNilPointer);
  EXPECT_EQ(DecodeBlockPointer(0).status(), bad);
  EXPECT_EQ(DecodeBlockPointer(EncodeBlockPointer(5) | 1).status(), bad);
  EXPECT_EQ(DecodeBlockPointer(EncodeBlockPointer(5) | 0x40).status(), bad);
}

}  // namespace
}  // namespace svsm::cocoonfs
