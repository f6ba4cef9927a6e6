#include "cocoonfs/bitmap.h"

#include <gtest/gtest.h>

#include <vector>

#include "support.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

TEST(Bitmap, AgreesWithAModel) {
  TestAllocator allocator;
  TestRng rng(7);
  const std::uint64_t blocks = 331;
  Bitmap bitmap(allocator);
  ASSERT_THAT(bitmap.Init(blocks), IsOk());
  std::vector<bool> model(blocks);
  for (int round = 0; round < 400; ++round) {
    const std::uint64_t first = rng.Below(blocks);
    const Extent range{first, rng.Below(blocks - first + 1)};
    const bool set = rng.Below(2) != 0;
    set ? bitmap.Set(range) : bitmap.Clear(range);
    for (std::uint64_t i = range.first; i < range.end(); ++i) model[i] = set;
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < blocks; ++i) {
      ASSERT_EQ(bitmap.Test(i), model[i]);
      count += model[i] ? 1 : 0;
    }
    EXPECT_EQ(bitmap.CountAllocated(), count);
    const std::uint64_t at = rng.Below(blocks);
    const std::uint32_t width = 1 + static_cast<std::uint32_t>(rng.Below(64));
    std::uint64_t bits = 0;
    for (std::uint32_t i = 0; i < width && at + i < blocks; ++i) {
      bits |= std::uint64_t{model[at + i]} << i;
    }
    EXPECT_EQ(bitmap.Bits(at, width), bits);
    for (const bool value : {false, true}) {
      std::uint64_t next = at;
      while (next < blocks && model[next] != value) ++next;
      EXPECT_EQ(bitmap.Next(at, value), next);
    }
    const Extent look{at, 1 + rng.Below(blocks - at)};
    bool all = true;
    bool none = true;
    for (std::uint64_t i = look.first; i < look.end(); ++i) {
      all = all && model[i];
      none = none && !model[i];
    }
    EXPECT_EQ(bitmap.AllSet(look), all);
    EXPECT_EQ(bitmap.AllClear(look), none);
  }
  EXPECT_FALSE(bitmap.AllSet({blocks - 1, 2}));
  EXPECT_EQ(bitmap.Bits(blocks, 64), 0u);
}

TEST(Bitmap, FileBlocksComeBackAndRefuseBitsBeyondTheImage) {
  TestAllocator allocator;
  TestRng rng(8);
  const std::uint64_t blocks = 64 * 6 + 5;
  const std::size_t words = 3;
  Bitmap bitmap(allocator);
  ASSERT_THAT(bitmap.Init(blocks), IsOk());
  for (int i = 0; i < 100; ++i) bitmap.Set({rng.Below(blocks), 1});
  ASSERT_EQ(Bitmap::FileBlocks(blocks, words), 3u);
  Bitmap back(allocator);
  ASSERT_THAT(back.Init(blocks), IsOk());
  std::vector<std::uint8_t> payload(words * 8 + 4);
  for (std::uint64_t i = 0; i < 4; ++i) {
    bitmap.Encode(i, words, payload);
    ASSERT_THAT(back.Decode(i, words, payload), IsOk());
  }
  for (std::uint64_t i = 0; i < blocks; ++i) EXPECT_EQ(back.Test(i), bitmap.Test(i));

  bitmap.Encode(2, words, payload);
  payload[0] = static_cast<std::uint8_t>(payload[0] | 0x20);  // block 64 * 6 + 5
  EXPECT_EQ(back.Decode(2, words, payload), Malformed(Region::kBitmap));
  bitmap.Encode(2, words, payload);
  payload[8] = 1;
  EXPECT_EQ(back.Decode(2, words, payload), Malformed(Region::kBitmap));
  EXPECT_EQ(back.Decode(9, words, payload), Malformed(Region::kBitmap));
}

TEST(Bitmap, CopiesAndSaysWhenMemoryIsShort) {
  TestAllocator allocator;
  Bitmap bitmap(allocator);
  allocator.FailAt(1);
  EXPECT_THAT(bitmap.Init(1000), IsStatus(Code::kOutOfMemory, Source::kCore));
  ASSERT_THAT(bitmap.Init(1000), IsOk());
  bitmap.Set({990, 10});
  Bitmap copy(allocator);
  allocator.FailAt(1);
  EXPECT_THAT(copy.CopyFrom(bitmap), IsStatus(Code::kOutOfMemory, Source::kCore));
  ASSERT_THAT(copy.CopyFrom(bitmap), IsOk());
  EXPECT_EQ(copy.num_blocks(), 1000u);
  EXPECT_EQ(copy.CountAllocated(), 10u);
  EXPECT_THAT(bitmap.Init(~std::uint64_t{0}), IsStatus(Code::kOutOfMemory, Source::kCore));
}

// A follower that is changed, and whose changes are taken over or dropped, in any order.
TEST(Bitmap, FollowsAnother) {
  TestAllocator allocator;
  TestRng rng(9);
  const std::uint64_t blocks = 64 * 64 * 70 + 17;  // more pieces than a word has bits
  Bitmap base(allocator), model(allocator), follower(allocator), second(allocator);
  ASSERT_THAT(base.Init(blocks), IsOk());
  ASSERT_THAT(model.CopyFrom(base), IsOk());
  EXPECT_EQ(base.NextDifference(model, 0), blocks);
  for (int round = 0; round < 100; ++round) {
    ASSERT_THAT(follower.Follow(base), IsOk());
    ASSERT_THAT(second.Follow(base), IsOk());
    EXPECT_EQ(follower.NextDifference(base, 0), blocks);
    EXPECT_EQ(model.NextDifference(follower, 0), blocks);
    EXPECT_EQ(model.NextDifference(second, 0), blocks);
    for (int i = 0; i < 3; ++i) {
      const std::uint64_t first = rng.Below(blocks);
      const std::uint64_t room = blocks - first < 9000 ? blocks - first : 9000;
      const Extent range{first, rng.Below(room + 1)};
      rng.Below(2) != 0 ? follower.Set(range) : follower.Clear(range);
      const Extent other{rng.Below(blocks), 1};
      second.Set(other);
    }
    EXPECT_EQ(follower.NextDifference(base, 0), model.NextDifference(follower, 0));
    const std::uint64_t from = rng.Below(blocks);
    EXPECT_EQ(follower.NextDifference(base, from), model.NextDifference(follower, from));
    if (rng.Below(2) == 0) continue;
    base.TakeChanges(follower);
    second.TakeChanges(follower);
    ASSERT_THAT(model.CopyFrom(follower), IsOk());
    EXPECT_EQ(model.NextDifference(base, 0), blocks);
  }
}

TEST(Bitmap, FollowsAfterAFailure) {
  TestAllocator allocator;
  Bitmap base(allocator);
  Bitmap follower(allocator);
  ASSERT_THAT(base.Init(700), IsOk());
  base.Set({100, 300});
  for (const std::size_t call : {1U, 2U}) {
    allocator.FailAt(call);
    EXPECT_THAT(follower.Follow(base), IsStatus(Code::kOutOfMemory, Source::kCore));
  }
  allocator.FailAt(0);
  ASSERT_THAT(follower.Follow(base), IsOk());
  EXPECT_EQ(follower.NextDifference(base, 0), 700u);
  EXPECT_EQ(base.NextDifference(follower, 0), 700u);
}

}  // namespace
}  // namespace svsm::cocoonfs
