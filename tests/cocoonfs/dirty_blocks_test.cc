#include "cocoonfs/dirty_blocks.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "support.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;

class DirtyBlocksTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kBlock = 16;

  void Add(std::uint64_t first, std::uint64_t count, std::uint8_t value) {
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteSpan run, dirty.Add({first, count}));
    ASSERT_EQ(run.size(), count * kBlock);
    Fill(run, value);
  }
  std::vector<Extent> Runs() const {
    std::vector<Extent> runs;
    for (const DirtyBlocks::Run& run : dirty.runs()) runs.push_back(run.extent);
    return runs;
  }

  TestAllocator allocator;
  DirtyBlocks dirty{allocator, kBlock};
};

TEST_F(DirtyBlocksTest, GapsGoBetweenWhatIsThere) {
  Add(4, 2, 1);
  Add(20, 1, 2);
  const Extent gaps[] = {{2, 2}, {6, 1}, {8, 3}, {30, 1}};
  ASSERT_THAT(dirty.AddMany(gaps), IsOk());
  EXPECT_EQ(Runs(), (std::vector<Extent>{{2, 2}, {4, 2}, {6, 1}, {8, 3}, {20, 1}, {30, 1}}));
  EXPECT_EQ(dirty.RunAt(8).size(), 3 * kBlock);
  EXPECT_TRUE(IsZero(dirty.RunAt(8)));
  EXPECT_EQ(dirty.Block(5)[0], 1);
  EXPECT_EQ(dirty.Block(20)[0], 2);
  EXPECT_EQ(dirty.Mask(0, 12), 0b0111'0111'1100u);
}

TEST_F(DirtyBlocksTest, GapsGoWhereNothingIs) {
  ASSERT_THAT(dirty.AddMany({}), IsOk());
  EXPECT_TRUE(dirty.empty());
  const Extent gaps[] = {{2, 2}, {6, 1}};
  ASSERT_THAT(dirty.AddMany(gaps), IsOk());
  EXPECT_EQ(Runs(), (std::vector<Extent>{{2, 2}, {6, 1}}));
}

TEST_F(DirtyBlocksTest, TakesBytesWithTheirDigests) {
  Add(2, 1, 1);
  Vec<std::uint8_t> bytes(allocator), digests(allocator);
  ASSERT_THAT(bytes.Resize(3 * kBlock), IsOk());
  ASSERT_THAT(digests.PushBack(7), IsOk());
  const std::uint8_t* const place = bytes.data();
  ASSERT_THAT(dirty.Take(8, std::move(bytes), std::move(digests)), IsOk());
  for (const std::uint64_t block : {8u, 9u, 10u}) {
    const DirtyBlocks::Run* const run = dirty.RunOf(block);
    ASSERT_NE(run, nullptr);
    EXPECT_EQ(run->extent, (Extent{8, 3}));
    EXPECT_EQ(run->bytes.data(), place);
    EXPECT_EQ(run->digests.view().size(), 1u);
  }
  EXPECT_TRUE(dirty.RunOf(2)->digests.empty());
  for (const std::uint64_t block : {1u, 3u, 7u, 11u}) EXPECT_EQ(dirty.RunOf(block), nullptr);
  dirty.Remove(8);
  EXPECT_EQ(dirty.RunOf(8), nullptr);
}

}  // namespace
}  // namespace svsm::cocoonfs
