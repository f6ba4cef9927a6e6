#include "cocoonfs/extents_list.h"

#include <gtest/gtest.h>

#include <vector>

#include "support.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

const Status kBad = Malformed(Region::kExtentsList);

TEST(ExtentPointer, ComesBack) {
  for (const Extent extent :
       {Extent{1, 1}, Extent{1, 64}, Extent{kMaxPosition, 1}, Extent{77, 33}}) {
    for (const bool indirect : {false, true}) {
      SVSM_ASSERT_OK_AND_ASSIGN(const ExtentPointer pointer,
                                DecodeExtentPointer(EncodeExtentPointer(extent, indirect)));
      EXPECT_EQ(pointer.extent, extent);
      EXPECT_EQ(pointer.indirect, indirect);
      EXPECT_FALSE(pointer.nil);
    }
  }
  SVSM_ASSERT_OK_AND_ASSIGN(const ExtentPointer nil, DecodeExtentPointer(kNilPointer));
  EXPECT_TRUE(nil.nil);
}

TEST(ExtentPointer, RefusesBlockZeroAndTheEndOfTheWorld) {
  EXPECT_EQ(DecodeExtentPointer(0).status(), Malformed(Region::kDevice));
  EXPECT_EQ(DecodeExtentPointer(EncodeExtentPointer({kMaxPosition, 2}, false)).status(),
            Malformed(Region::kDevice));
}

TEST(BlockPointer, ComesBackAndRefusesReservedBits) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::uint64_t first, DecodeBlockPointer(EncodeBlockPointer(99)));
  EXPECT_EQ(first, 99u);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::uint64_t nil, DecodeBlockPointer(kNilPointer));
  EXPECT_EQ(nil, kNilPointer);
  EXPECT_EQ(DecodeBlockPointer(0).status(), Malformed(Region::kDevice));
  for (unsigned bit = 0; bit < 7; ++bit) {
    EXPECT_EQ(DecodeBlockPointer(EncodeBlockPointer(99) | 1U << bit).status(),
              Malformed(Region::kDevice));
  }
}

TEST(ExtentsList, ComesBackInItsOrder) {
  TestAllocator allocator;
  const std::vector<Extent> extents = {{100, 8}, {108, 1}, {9, 64}, {5000, 900}};
  Vec<std::uint8_t> out(allocator);
  ASSERT_THAT(EncodeExtentsList(extents, out), IsOk());
  EXPECT_EQ(out.size(), EncodedExtentsListSize(extents));
  EXPECT_THAT(out.view(), BytesAre("e400"
                                   "08"
                                   "00"
                                   "01"
                                   "9c7f"
                                   "40"
                                   "bf26"
                                   "8407"
                                   "0000"));
  Vec<Extent> back(allocator);
  ASSERT_THAT(DecodeExtentsList(out.view(), 5900, back), IsOk());
  EXPECT_TRUE(std::equal(extents.begin(), extents.end(), back.begin(), back.end()));
  for (std::size_t size = 0; size < out.size(); ++size) {
    Vec<Extent> cut(allocator);
    EXPECT_EQ(DecodeExtentsList(ByteView(out.view()).first(size), 5900, cut), kBad) << size;
  }
  Vec<Extent> small(allocator);
  EXPECT_EQ(DecodeExtentsList(out.view(), 5899, small), kBad);
  ASSERT_THAT(out.PushBack(0), IsOk());
  Vec<Extent> longer(allocator);
  EXPECT_EQ(DecodeExtentsList(out.view(), 5900, longer), kBad);
}

TEST(ExtentsList, RefusesEmptyExtentsAndBlockZero) {
  TestAllocator allocator;
  for (const std::vector<std::uint8_t>& bytes : {std::vector<std::uint8_t>{1, 0, 0, 0},
                                                 {0, 1, 0, 0},
                                                 {0x7F, 1, 0, 0},
                                                 {5, 1, 0x7A, 1, 0, 0}}) {
    Vec<Extent> out(allocator);
    EXPECT_EQ(DecodeExtentsList(bytes, 100, out), kBad);
  }
}

TEST(ExtentsList, SaysWhenMemoryIsShort) {
  TestAllocator allocator;
  const std::vector<Extent> extents = {{100, 8}};
  Vec<std::uint8_t> out(allocator);
  allocator.FailAt(1);
  EXPECT_THAT(EncodeExtentsList(extents, out), IsStatus(Code::kOutOfMemory, Source::kCore));
  ASSERT_THAT(EncodeExtentsList(extents, out), IsOk());
  Vec<Extent> back(allocator);
  allocator.FailAt(1);
  EXPECT_THAT(DecodeExtentsList(out.view(), 5900, back),
              IsStatus(Code::kOutOfMemory, Source::kCore));
}

}  // namespace
}  // namespace svsm::cocoonfs
