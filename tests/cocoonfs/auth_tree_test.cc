#include "cocoonfs/auth_tree.h"

#include "svsm/cocoonfs/region.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using ByteVec = std::vector<std::uint8_t>;

// A tree over 3000 data blocks, most of them allocated, made by updates of an empty one.
class AuthTreeTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kDataBlocks = 1300;

  void SetUp() override {
    nodes_ = TreeShape::NodesFor(layout_, kDataBlocks);
    num_blocks_ = kDataBlocks * 4 + nodes_ * 8;
    device_ = std::make_unique<testing::FaultDevice>(512, RandomBytes(rng_, num_blocks_ * 128));
    ASSERT_THAT(keys_.Init(layout_, ByteView(), Ascii("key")), IsOk());
    ASSERT_THAT(digests_.Init(keys_), IsOk());
    view_ = std::make_unique<DeviceView>(*device_, allocator_);
    ASSERT_THAT(view_->Init(0, 512), IsOk());
    ASSERT_THAT(shape_.Init(layout_, std::vector<Extent>{{64, nodes_ * 8}}, num_blocks_), IsOk());
    ASSERT_THAT(allocation_.bitmap().Init(num_blocks_), IsOk());
    for (std::uint64_t at = 0; at < num_blocks_; ++at) {
      if (rng_.Below(8) != 0) allocation_.bitmap().Set({at, 1});
    }
    ASSERT_THAT(allocation_.AddUntracked({8, 4}), IsOk());
    // Nodes of zeros at first.
    device_->Poke(64 * 128, ByteVec(nodes_ * 1024));
    ASSERT_THAT(tree_.Init(layout_, shape_, digests_, *view_, 8), IsOk());
    ASSERT_THAT(MakeNodes(), IsOk());
  }

  Status MakeNodes() {
    for (std::uint64_t leaf = 0; leaf < shape_.NodesInImage(0); ++leaf) {
      ByteVec node(1024);
      for (std::uint64_t i = leaf * 32; i < leaf * 32 + 32 && i < kDataBlocks; ++i) {
        const std::uint64_t first = shape_.DataPosition(i);
        SVSM_TRY(digests_.DataBlock(i, allocation_.Word(first, 4),
                                    device_->image().subspan(first * 128, 512),
                                    ByteSpan(node).subspan(i % 32 * 32, 32)));
      }
      SVSM_TRY(Put(0, leaf, node));
    }
    for (std::uint32_t level = 1; level < shape_.levels(); ++level) {
      for (std::uint64_t index = 0; index < shape_.NodesInImage(level); ++index) {
        ByteVec node(1024);
        for (std::uint64_t i = 0; i < 32; ++i) {
          const std::uint64_t child = index * 32 + i;
          if (child >= shape_.NodesInImage(level - 1)) break;
          SVSM_ASSIGN_OR_RETURN(const std::uint64_t at, shape_.NodePosition(level - 1, child));
          SVSM_TRY(digests_.Node(shape_.LastIndex(level - 1, child),
                                 device_->image().subspan(at * 128, 1024),
                                 ByteSpan(node).subspan(i * 32, 32)));
        }
        SVSM_TRY(Put(level, index, node));
      }
    }
    SVSM_ASSIGN_OR_RETURN(const std::uint64_t at, shape_.NodePosition(shape_.levels() - 1, 0));
    return digests_.Root(shape_.LastIndex(shape_.levels() - 1, 0),
                         device_->image().subspan(at * 128, 1024), counter_, context_, root_);
  }

  Status Put(std::uint32_t level, std::uint64_t index, ByteView node) {
    SVSM_ASSIGN_OR_RETURN(const std::uint64_t at, shape_.NodePosition(level, index));
    device_->Poke(at * 128, node);
    return OkStatus();
  }

  TestAllocator allocator_;
  TestRng rng_{5};
  ImageLayout layout_;
  std::uint64_t nodes_ = 0;
  std::uint64_t num_blocks_ = 0;
  std::unique_ptr<testing::FaultDevice> device_;
  std::unique_ptr<DeviceView> view_;
  KeySet keys_{LinkedBackend(), allocator_};
  TreeDigests digests_;
  TreeShape shape_{allocator_};
  Allocation allocation_{allocator_};
  AuthTree tree_{allocator_};
  Bytes<16> counter_{1};
  Bytes<32> context_{2};
  Bytes<32> root_{};
};

TEST_F(AuthTreeTest, ChecksEveryDataBlock) {
  ASSERT_EQ(shape_.levels(), 3u);
  ASSERT_THAT(tree_.SetRoot(root_, counter_, context_), IsOk());
  ByteVec data(512);
  for (std::uint64_t i = 0; i < kDataBlocks; ++i) {
    const std::uint64_t index = i * 391 % kDataBlocks;
    EXPECT_THAT(tree_.ReadData(allocation_, shape_.DataPosition(index), data), IsOk()) << index;
  }
  data[100] ^= 1;
  const std::uint64_t first = shape_.DataPosition(kDataBlocks - 1);
  allocation_.bitmap().Set({first, 4});
  EXPECT_EQ(tree_.CheckData(allocation_, first, data), AuthFailed(Region::kTreeData));
}

TEST_F(AuthTreeTest, RefusesAnotherRoot) {
  Bytes<32> other = root_;
  other[0] ^= 1;
  EXPECT_EQ(tree_.SetRoot(other, counter_, context_), AuthFailed(Region::kRootDigest));
  EXPECT_EQ(tree_.Node(0, 0).status(), AuthFailed(Region::kRootDigest));
  Bytes<16> counter = counter_;
  counter[5] ^= 1;
  EXPECT_EQ(tree_.SetRoot(root_, counter, context_), AuthFailed(Region::kRootDigest));
}

TEST_F(AuthTreeTest, RefusesAChangedNode) {
  ASSERT_THAT(tree_.SetRoot(root_, counter_, context_), IsOk());
  const Result<std::uint64_t> at = shape_.NodePosition(0, 20);
  ASSERT_THAT(at, IsOk());
  device_->Poke(*at * 128 + 5, ByteVec(1, device_->image()[*at * 128 + 5] ^ 1));
  EXPECT_THAT(tree_.Node(0, 19), IsOk());
  EXPECT_EQ(tree_.Node(0, 20).status(), AuthFailed(Region::kTreeNode));
  EXPECT_THAT(tree_.Node(0, 21), IsOk());
  EXPECT_EQ(tree_.DataDigest(640).status(), AuthFailed(Region::kTreeNode));
}

TEST_F(AuthTreeTest, ReadsCheckedRanges) {
  ASSERT_THAT(tree_.SetRoot(root_, counter_, context_), IsOk());
  const std::uint64_t base = shape_.extents()[0].end();
  for (int i = 0; i < 300; ++i) {
    const Extent extent{base + rng_.Below(num_blocks_ - base - 70), rng_.Below(70) + 1};
    ByteVec out(extent.count * 128);
    const Status status = tree_.ReadChecked(allocation_, extent, out, Region::kFileData);
    if (allocation_.IsTracked(extent)) {
      ASSERT_THAT(status, IsOk());
      EXPECT_TRUE(Equal(out, device_->image().subspan(extent.first * 128, out.size())));
    } else {
      ASSERT_EQ(status, Malformed(Region::kFileData));
    }
  }
  ByteVec out(128);
  EXPECT_EQ(tree_.ReadChecked(allocation_, {num_blocks_, 1}, out, Region::kIndexLeaf),
            Malformed(Region::kIndexLeaf));
  EXPECT_EQ(tree_.ReadChecked(allocation_, {64, 1}, out, Region::kIndexLeaf),
            Malformed(Region::kIndexLeaf));
  allocation_.bitmap().Set({8, 4});
  EXPECT_EQ(tree_.ReadChecked(allocation_, {9, 1}, out, Region::kIndexLeaf).code(),
            Code::kMalformed);
}

TEST_F(AuthTreeTest, UpdatesEqualATreeMadeAnew) {
  ASSERT_THAT(tree_.SetRoot(root_, counter_, context_), IsOk());
  TreeUpdate update(tree_, allocator_);
  for (const std::uint64_t index : {0u, 5u, 700u, 701u, 1299u}) {
    const std::uint64_t first = shape_.DataPosition(index);
    allocation_.bitmap().Set({first, 4});
    device_->Poke(first * 128, RandomBytes(rng_, 512));
    Bytes<32> digest{};
    ASSERT_THAT(digests_.DataBlock(index, allocation_.Word(first, 4),
                                   device_->image().subspan(first * 128, 512), digest),
                IsOk());
    const Result<ByteSpan> place = update.DataDigest(index);
    ASSERT_THAT(place, IsOk());
    Copy(*place, digest);
  }
  counter_[0] = 9;
  Bytes<32> new_root{};
  ASSERT_THAT(update.Finish(counter_, context_, new_root), IsOk());
  EXPECT_EQ(update.nodes().view().size(), 3u + 2 + 1);
  const TreeNode& leaf = update.nodes().view()[1];  // of 700 and 701
  const std::size_t entry = shape_.EntryAbove(0, 700);
  EXPECT_EQ(leaf.changed_from, entry * shape_.digest_bytes(0));
  EXPECT_EQ(leaf.changed_end, (entry + 2) * shape_.digest_bytes(0));
  tree_.AdoptMade(std::move(update.nodes()));
  ASSERT_THAT(tree_.SetRoot(new_root, counter_, context_), IsOk());
  ByteVec data(512);
  EXPECT_THAT(tree_.ReadData(allocation_, shape_.DataPosition(701), data), IsOk());
  ASSERT_THAT(MakeNodes(), IsOk());
  EXPECT_EQ(root_, new_root);
  tree_.ReleaseMade();
  ASSERT_THAT(tree_.SetRoot(root_, counter_, context_), IsOk());
}

// Leaf 2 is renewed as a whole, so that what it has been does not matter; its neighbours do not
// have all of their data blocks in the range.
TEST_F(AuthTreeTest, RenewsWholeLeavesWithoutReadingThem) {
  ASSERT_THAT(tree_.SetRoot(root_, counter_, context_), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const std::uint64_t position, shape_.NodePosition(0, 2));
  device_->Poke(position * 128, ByteVec(1024, 0xA5));
  TreeUpdate update(tree_, allocator_);
  ASSERT_THAT(update.RenewLeaves(33, 93), IsOk());
  ASSERT_EQ(update.nodes().view().size(), 1u);
  EXPECT_EQ(update.nodes().view()[0].index, 2u);
  for (std::uint64_t i = 64; i < 96; ++i) {
    const std::uint64_t first = shape_.DataPosition(i);
    const Result<ByteSpan> place = update.DataDigest(i);
    ASSERT_THAT(place, IsOk());
    ASSERT_THAT(digests_.DataBlock(i, allocation_.Word(first, 4),
                                   device_->image().subspan(first * 128, 512), *place),
                IsOk());
  }
  Bytes<32> new_root{};
  ASSERT_THAT(update.Finish(counter_, context_, new_root), IsOk());
  // The digests are what they were, so that the tree is, too.
  EXPECT_EQ(new_root, root_);
  tree_.AdoptMade(std::move(update.nodes()));
  ASSERT_THAT(tree_.SetRoot(new_root, counter_, context_), IsOk());
  EXPECT_THAT(tree_.DataDigest(64), IsOk());
  EXPECT_THAT(tree_.DataDigest(1299), IsOk());
}

}  // namespace
}  // namespace svsm::cocoonfs
