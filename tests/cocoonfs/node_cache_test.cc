#include "cocoonfs/node_cache.h"

#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;

TEST(NodeCache, KeepsWhatWasPutLast) {
  TestAllocator allocator;
  NodeCache cache(allocator);
  EXPECT_FALSE(cache.ready());
  EXPECT_TRUE(cache.Find(8).empty());
  ASSERT_THAT(cache.Init(112), IsOk());
  EXPECT_TRUE(cache.Find(8).empty());
  const std::vector<std::uint8_t> one(112, 1), two(112, 2);
  cache.Put(8, one);
  EXPECT_THAT(cache.Find(8), ::testing::ElementsAreArray(one));
  EXPECT_TRUE(cache.Find(9).empty());
  cache.Put(8, two);
  EXPECT_THAT(cache.Find(8), ::testing::ElementsAreArray(two));
  cache.Clear();
  EXPECT_TRUE(cache.Find(8).empty());
}

TEST(NodeCache, ChangesAndDropsWhatIsThere) {
  TestAllocator allocator;
  NodeCache cache(allocator);
  EXPECT_TRUE(cache.Change(8).empty());
  cache.Drop(8);
  ASSERT_THAT(cache.Init(16), IsOk());
  cache.Put(8, std::vector<std::uint8_t>(16, 1));
  EXPECT_TRUE(cache.Change(9).empty());
  cache.Drop(9);
  ASSERT_EQ(cache.Change(8).size(), 16u);
  cache.Change(8)[3] = 2;
  EXPECT_EQ(cache.Find(8)[3], 2);
  cache.Drop(8);
  EXPECT_TRUE(cache.Find(8).empty());
}

TEST(NodeCache, NeverGivesAnothersNode) {
  TestAllocator allocator;
  NodeCache cache(allocator);
  ASSERT_THAT(cache.Init(16), IsOk());
  for (std::uint64_t first = 1; first < 2000; ++first) {
    cache.Put(first, std::vector<std::uint8_t>(16, static_cast<std::uint8_t>(first)));
    for (std::uint64_t each = 1; each <= first; each += 97) {
      const ByteView found = cache.Find(each);
      ASSERT_TRUE(found.empty() || found[15] == static_cast<std::uint8_t>(each));
    }
  }
}

TEST(NodeCache, HasTwoNodesAtLeastAndABoundAboveThat) {
  EXPECT_EQ(NodeCache::NumNodes(112), 64u);
  EXPECT_EQ(NodeCache::NumNodes(240), 32u);
  EXPECT_EQ(NodeCache::NumNodes(1 << 20), 2u);
  EXPECT_EQ(NodeCache::SizeBytes(112), 64u * 120);
}

TEST(NodeCache, RunsOutOfMemory) {
  TestAllocator allocator;
  NodeCache cache(allocator);
  for (std::size_t n = 1; n <= 2; ++n) {
    allocator.FailAt(n);
    EXPECT_THAT(cache.Init(112), IsStatus(Code::kOutOfMemory, Source::kCore));
    EXPECT_FALSE(cache.ready());
    EXPECT_TRUE(cache.Find(1).empty());
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
