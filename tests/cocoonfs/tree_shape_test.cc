#include "cocoonfs/tree_shape.h"

#include <set>

#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;

class TreeShapeTest : public ::testing::Test {
 protected:
  Status Init(std::vector<Extent> extents, std::uint64_t num_blocks) {
    return shape_.Init(layout_, extents, num_blocks);
  }
  TestAllocator allocator_;
  ImageLayout layout_;  // nodes of 8 blocks, 32 digests; data blocks of 4
  TreeShape shape_{allocator_};
};

TEST_F(TreeShapeTest, OneNode) {
  ASSERT_THAT(Init({{16, 8}}, 128), IsOk());
  EXPECT_EQ(shape_.levels(), 1u);
  EXPECT_EQ(shape_.num_data_blocks(), 30u);
  EXPECT_EQ(shape_.LastIndex(0, 0), 31u);
  EXPECT_EQ(shape_.DataIndex(0), 0u);
  EXPECT_EQ(shape_.DataIndex(15), 3u);
  EXPECT_EQ(shape_.DataIndex(24), 4u);
  EXPECT_EQ(shape_.DataPosition(3), 12u);
  EXPECT_EQ(shape_.DataPosition(4), 24u);
  EXPECT_TRUE(shape_.IsTree(16));
  EXPECT_FALSE(shape_.IsTree(24));
  EXPECT_TRUE(shape_.TouchesTree({12, 5}));
  EXPECT_FALSE(shape_.TouchesTree({12, 4}));
}

TEST_F(TreeShapeTest, NodesInDepthFirstOrder) {
  // 3 levels: 32 * 32 data blocks below a node of level 1, and some more.
  const std::uint64_t data_blocks = 1024 + 40;
  const std::uint64_t nodes = TreeShape::NodesFor(layout_, data_blocks);
  EXPECT_EQ(nodes, 1 + 33 + 1 + 2u);
  ASSERT_THAT(Init({{64, nodes * 8}}, data_blocks * 4 + nodes * 8), IsOk());
  EXPECT_EQ(shape_.levels(), 3u);
  EXPECT_EQ(shape_.num_data_blocks(), data_blocks);
  EXPECT_EQ(shape_.NodesInImage(0), 34u);
  EXPECT_EQ(shape_.NodesInImage(1), 2u);
  EXPECT_EQ(shape_.NodesInImage(2), 1u);
  EXPECT_EQ(shape_.NodeNumber(2, 0), 0u);
  EXPECT_EQ(shape_.NodeNumber(1, 0), 1u);
  EXPECT_EQ(shape_.NodeNumber(0, 0), 2u);
  EXPECT_EQ(shape_.NodeNumber(0, 31), 33u);
  EXPECT_EQ(shape_.NodeNumber(1, 1), 34u);
  EXPECT_EQ(shape_.NodeNumber(0, 32), 35u);
  EXPECT_EQ(shape_.LastIndex(0, 32), 32 * 33 - 1u);
  EXPECT_EQ(shape_.LastIndex(1, 1), 2048u - 32);
  EXPECT_EQ(shape_.LastIndex(2, 0), 32768u - 1024);
  EXPECT_EQ(shape_.NodeAbove(1, 1030), 1u);
  EXPECT_EQ(shape_.EntryAbove(1, 1030), 0u);
  EXPECT_EQ(shape_.EntryAbove(0, 1030), 6u);
  const Result<std::uint64_t> position = shape_.NodePosition(0, 33);
  ASSERT_THAT(position, IsOk());
  EXPECT_EQ(*position, 64u + 36 * 8);
  EXPECT_EQ(shape_.NodePosition(0, 34).status(), Malformed(Region::kTreeNode));
}

TEST_F(TreeShapeTest, EveryDataBlockHasItsPlaceAroundScatteredExtents) {
  const std::vector<Extent> extents = {{400, 8}, {16, 16}, {200, 8}, {240, 48}};
  ASSERT_THAT(Init(extents, 1024), IsOk());
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < shape_.num_data_blocks(); ++i) {
    const std::uint64_t position = shape_.DataPosition(i);
    EXPECT_TRUE(seen.insert(position).second);
    EXPECT_FALSE(shape_.TouchesTree({position, 4}));
    EXPECT_LT(position, 1024u);
    EXPECT_EQ(shape_.DataIndex(position), i);
    EXPECT_EQ(shape_.DataIndex(position + 3), i);
  }
  EXPECT_EQ(seen.size(), (1024u - 80) / 4);
  EXPECT_EQ(*shape_.NodePosition(1, 0), 400u);  // the first in the file's order is the root
  EXPECT_EQ(*shape_.NodePosition(0, 0), 16u);
}

TEST_F(TreeShapeTest, LeavesOutNodesThatNothingNeeds) {
  ASSERT_THAT(Init({{64, 8 * 40}}, 1024), IsOk());  // 40 nodes: three levels
  EXPECT_EQ(shape_.levels(), 3u);
  EXPECT_EQ(shape_.NodesInImage(1), 1u);
}

TEST_F(TreeShapeTest, Refuses) {
  const Status bad = Malformed(Region::kTreeNode);
  EXPECT_EQ(Init({}, 128), bad);
  EXPECT_EQ(Init({{16, 0}}, 128), bad);
  EXPECT_EQ(Init({{16, 4}}, 128), bad);           // less than a node
  EXPECT_EQ(Init({{18, 8}}, 128), bad);           // misaligned
  EXPECT_EQ(Init({{16, 6}}, 128), bad);           // misaligned end
  EXPECT_EQ(Init({{128, 8}}, 128), bad);          // outside
  EXPECT_EQ(Init({{120, 16}}, 128), bad);         // half outside
  EXPECT_EQ(Init({{16, 8}, {20, 8}}, 128), bad);  // overlap
  EXPECT_EQ(Init({{16, 8}, {16, 8}}, 128), bad);  // twice
  EXPECT_EQ(Init({{16, 8}}, 1024), bad);          // does not reach the end
  EXPECT_EQ(Init({{0, 128}}, 128), bad);          // nothing left
}

TEST_F(TreeShapeTest, RefusesANodeAcrossExtents) {
  ASSERT_THAT(Init({{16, 4}, {64, 12}}, 128), IsOk());
  EXPECT_EQ(shape_.NodePosition(1, 0).status(), Malformed(Region::kTreeNode));
}

TEST_F(TreeShapeTest, NodesForIsConsistentWithInit) {
  for (std::uint64_t data_blocks = 1; data_blocks < 3000; data_blocks += 7) {
    const std::uint64_t nodes = TreeShape::NodesFor(layout_, data_blocks);
    ASSERT_THAT(Init({{0, nodes * 8}}, data_blocks * 4 + nodes * 8), IsOk()) << data_blocks;
    EXPECT_EQ(shape_.num_data_blocks(), data_blocks);
    EXPECT_EQ(shape_.NodeNumber(0, shape_.NodesInImage(0) - 1) + 1, nodes) << data_blocks;
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
