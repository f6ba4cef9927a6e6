#include "cocoonfs/inode_index.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "cocoonfs/extent.h"
#include "support.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

constexpr std::uint64_t kEntryLeafAt = 10;

// Nodes in a map; positions count up.
class FakeNodes final : public IndexNodes {
 public:
  FakeNodes(std::size_t leaf_bytes, std::size_t internal_bytes)
      : leaf_bytes_(leaf_bytes), internal_bytes_(internal_bytes) {}
  Result<ByteView> Read(std::uint64_t first, NodeKind kind) override {
    const auto found = nodes.find(first);
    if (found == nodes.end() || found->second.size() != PayloadSize(kind)) {
      return Malformed(Region::kDevice);
    }
    shown_ = found->second;  // void after the next call
    SVSM_TRY(CheckNode(shown_, kind));
    return ByteView(shown_);
  }
  Result<ByteSpan> Change(std::uint64_t first, NodeKind kind) override {
    // A node may have too little in it between two changes.
    if (changed_.insert(first).second) SVSM_TRY(Read(first, kind).status());
    return ByteSpan(nodes[first]);
  }
  Result<NewNode> Create(NodeKind kind) override {
    if (limit != 0 && nodes.size() >= limit) return Status(Code::kExhausted, Source::kCocoonfs);
    next_ += 3;
    nodes[next_].assign(PayloadSize(kind), 0);
    changed_.insert(next_);
    return NewNode{next_, ByteSpan(nodes[next_])};
  }
  Status Free(std::uint64_t first, NodeKind kind) override {
    EXPECT_EQ(nodes[first].size(), PayloadSize(kind));
    EXPECT_EQ(nodes.erase(first), 1u);
    return OkStatus();
  }
  std::size_t PayloadSize(NodeKind kind) const {
    return kind == NodeKind::kLeaf ? leaf_bytes_ : internal_bytes_;
  }
  std::uint64_t NodeBlocks(NodeKind kind) const override { return kind == NodeKind::kLeaf ? 2 : 3; }

  std::map<std::uint64_t, std::vector<std::uint8_t>> nodes;
  std::size_t limit = 0;

 private:
  std::size_t leaf_bytes_;
  std::size_t internal_bytes_;
  std::uint64_t next_ = 1000;
  std::vector<std::uint8_t> shown_;
  std::set<std::uint64_t> changed_;
};

void MakeEntryLeaf(FakeNodes& nodes) {
  std::vector<std::uint8_t> payload(nodes.PayloadSize(NodeKind::kLeaf));
  LeafNode leaf{ByteSpan(payload)};
  leaf.Format();
  leaf.Insert(0, {1, EncodeExtentPointer({20, 4}, false), 0});
  leaf.Insert(1, {2, EncodeExtentPointer({30, 4}, true), 0});
  leaf.Insert(2, {3, EncodeExtentPointer({kEntryLeafAt, 2}, false), 0});
  nodes.nodes[kEntryLeafAt] = payload;
}

// Walks the whole tree: fill, order, separators, leaf links; gives the number of nodes below.
struct Walk {
  std::size_t nodes = 0;
  std::uint64_t next_leaf = kEntryLeafAt;
  std::vector<std::uint64_t> keys;
};

void WalkTree(FakeNodes& nodes, std::uint64_t first, std::uint32_t level, bool root,
              std::uint64_t low, std::uint64_t high, Walk& walk) {
  ++walk.nodes;
  const NodeKind kind = level == 1 ? NodeKind::kLeaf : NodeKind::kInternal;
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView view, nodes.Read(first, kind));
  std::vector<std::uint8_t> payload(view.begin(), view.end());
  if (kind == NodeKind::kLeaf) {
    ASSERT_THAT(LeafNode::Check(payload), IsOk());
    LeafNode leaf{ByteSpan(payload)};
    EXPECT_EQ(walk.next_leaf, first);
    walk.next_leaf = leaf.next() == kNilPointer ? kNilPointer : leaf.next() >> 7;
    if (!root) {
      EXPECT_GE(leaf.count(), leaf.minimum());
    }
    for (std::size_t i = 0; i < leaf.count(); ++i) {
      EXPECT_GE(leaf.key(i), low);
      EXPECT_LT(leaf.key(i), high);
      walk.keys.push_back(leaf.key(i));
    }
    return;
  }
  ASSERT_THAT(InternalNode::Check(payload, level), IsOk());
  InternalNode node{ByteSpan(payload)};
  if (!root) {
    EXPECT_GE(node.count(), node.minimum());
  }
  for (std::size_t i = 0; i <= node.count(); ++i) {
    const std::uint64_t from = i == 0 ? low : node.key(i - 1);
    const std::uint64_t to = i == node.count() ? high : node.key(i);
    EXPECT_LT(from, to);
    WalkTree(nodes, node.child(i) >> 7, level - 1, false, from, to, walk);
  }
}

void ExpectSound(FakeNodes& nodes, const std::map<std::uint64_t, IndexEntry>& model) {
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView view, nodes.Read(kEntryLeafAt, NodeKind::kLeaf));
  std::vector<std::uint8_t> payload(view.begin(), view.end());
  LeafNode leaf{ByteSpan(payload)};
  const std::uint64_t root = leaf.entry(2).pointer >> 7;
  std::uint32_t level = 1;
  if (root != kEntryLeafAt) {
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView top, nodes.Read(root, NodeKind::kInternal));
    level = InternalLevel(top);
  }
  Walk walk;
  WalkTree(nodes, root, level, true, 0, ~std::uint64_t{0}, walk);
  EXPECT_EQ(walk.nodes, nodes.nodes.size());
  EXPECT_EQ(walk.next_leaf, kNilPointer);
  ASSERT_EQ(walk.keys.size(), model.size() + 3);
  std::size_t i = 3;
  for (const auto& [inode, entry] : model) EXPECT_EQ(walk.keys[i++], inode);
}

void ExpectSameAsModel(InodeIndex& index, const std::map<std::uint64_t, IndexEntry>& model) {
  auto want = model.begin();
  std::uint64_t from = kFirstUserInode;
  for (;;) {
    IndexEntry entries[7];
    SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t count, index.List(from, entries));
    if (count == 0) break;
    for (std::size_t i = 0; i < count; ++i, ++want) {
      ASSERT_NE(want, model.end());
      EXPECT_EQ(entries[i].inode, want->first);
      EXPECT_EQ(entries[i].pointer, want->second.pointer);
      EXPECT_EQ(entries[i].flags, want->second.flags);
    }
    from = entries[count - 1].inode + 1;
  }
  EXPECT_EQ(want, model.end());
}

class InodeIndexModel : public ::testing::TestWithParam<std::pair<std::size_t, std::size_t>> {};

TEST_P(InodeIndexModel, StaysSoundUnderRandomChanges) {
  FakeNodes nodes(GetParam().first, GetParam().second);
  MakeEntryLeaf(nodes);
  InodeIndex index(nodes, kEntryLeafAt);
  std::map<std::uint64_t, IndexEntry> model;
  TestRng rng(GetParam().first);
  for (int round = 0; round < 3000; ++round) {
    const std::uint64_t inode = 16 + rng.Below(400);
    // Mostly growing, then mostly shrinking.
    const bool put = rng.Below(100) < (round < 1500 ? 70u : 25u);
    if (put) {
      const IndexEntry entry{inode,
                             EncodeExtentPointer({1 + rng.Below(1000), 1 + rng.Below(64)}, false),
                             static_cast<std::uint32_t>(rng.Below(256))};
      ASSERT_THAT(index.Put(entry), IsOk());
      model[inode] = entry;
    } else {
      const Status status = index.Remove(inode);
      EXPECT_EQ(status,
                model.erase(inode) != 0 ? OkStatus() : Status(Code::kNotFound, Source::kCocoonfs));
    }
    const Result<IndexEntry> found = index.Find(inode);
    EXPECT_EQ(found.ok(), model.count(inode) != 0);
    if (round % 50 == 0) {
      ExpectSound(nodes, model);
      ExpectSameAsModel(index, model);
    }
  }
  while (!model.empty()) {
    ASSERT_THAT(index.Remove(model.begin()->first), IsOk());
    model.erase(model.begin());
  }
  ExpectSound(nodes, model);
  EXPECT_EQ(nodes.nodes.size(), 1u);
}

// Capacities 5 and 6; 6 and 3; 50 and 7; 5 and 4.
INSTANTIATE_TEST_SUITE_P(Sizes, InodeIndexModel,
                         ::testing::Values(std::pair<std::size_t, std::size_t>{112, 112},
                                           std::pair<std::size_t, std::size_t>{132, 60},
                                           std::pair<std::size_t, std::size_t>{1012, 124},
                                           std::pair<std::size_t, std::size_t>{112, 76}));

TEST(InodeIndex, GrowsFromEitherEnd) {
  for (const bool up : {true, false}) {
    FakeNodes nodes(112, 112);
    MakeEntryLeaf(nodes);
    InodeIndex index(nodes, kEntryLeafAt);
    std::map<std::uint64_t, IndexEntry> model;
    for (std::uint64_t i = 0; i < 2000; ++i) {
      const std::uint64_t inode = up ? 16 + i : 5000 - i;
      ASSERT_THAT(index.Put({inode, EncodeExtentPointer({7, 1}, false), 0}), IsOk());
      model[inode] = {inode, EncodeExtentPointer({7, 1}, false), 0};
    }
    ExpectSound(nodes, model);
    ExpectSameAsModel(index, model);
  }
}

TEST(InodeIndex, SaysWhenThereIsNoSpace) {
  FakeNodes nodes(112, 112);
  MakeEntryLeaf(nodes);
  InodeIndex index(nodes, kEntryLeafAt);
  nodes.limit = 1;
  Status status;
  for (std::uint64_t i = 0; status.ok(); ++i) {
    status = index.Put({16 + i, EncodeExtentPointer({7, 1}, false), 0});
  }
  EXPECT_EQ(status, Status(Code::kExhausted, Source::kCocoonfs));
}

TEST(InodeIndex, RefusesLoopsAndWrongLevels) {
  FakeNodes nodes(112, 112);
  MakeEntryLeaf(nodes);
  InodeIndex index(nodes, kEntryLeafAt);
  for (std::uint64_t i = 0; i < 3; ++i) {
    ASSERT_THAT(index.Put({16 + i, EncodeExtentPointer({7, 1}, false), 0}), IsOk());
  }
  ASSERT_EQ(nodes.nodes.size(), 3u);
  const auto sound = nodes.nodes;
  IndexEntry entries[8];
  // The last leaf's link goes back to the first.
  for (auto& [first, payload] : nodes.nodes) {
    if (first == kEntryLeafAt || LeafLevel(payload) != 1) continue;
    LeafNode leaf{ByteSpan(payload)};
    leaf.set_next(EncodeBlockPointer(kEntryLeafAt));
  }
  EXPECT_EQ(index.List(16, entries).status(), Malformed(Region::kIndexLeaf));
  // A root whose child is itself.
  nodes.nodes = sound;
  for (auto& [first, payload] : nodes.nodes) {
    if (InternalLevel(payload) != 2 || first == kEntryLeafAt) continue;
    InternalNode node{ByteSpan(payload)};
    node.set_child(0, EncodeBlockPointer(first));
  }
  EXPECT_EQ(index.Find(1).status(), Malformed(Region::kIndexLeaf));
  // An entry leaf without a root.
  nodes.nodes = sound;
  LeafNode entry{ByteSpan(nodes.nodes[kEntryLeafAt])};
  entry.Erase(2);
  EXPECT_EQ(index.Find(17).status(), Malformed(Region::kEntryLeaf));
}

TEST(IndexNode, EveryChangedByteIsSeenOrHarmless) {
  std::vector<std::uint8_t> payload(132);
  LeafNode leaf{ByteSpan(payload)};
  leaf.Format();
  for (std::uint64_t i = 0; i < 4; ++i) {
    leaf.Insert(i, {16 + 2 * i, EncodeExtentPointer({100 + i, 1}, false), 0xFF});
  }
  ASSERT_THAT(LeafNode::Check(payload), IsOk());
  const std::vector<std::size_t> harmless = {};
  // Free slots, level, reserved flags and the order of keys.
  const std::size_t m = leaf.capacity();
  for (std::size_t at : {8 + 8 * std::size_t{4}, 8 + 8 * m + 8 * 4, 8 + 16 * m + 4 * 4, 8 + 20 * m,
                         8 + 16 * m + 1, 8 + 8 * m + 7}) {
    std::vector<std::uint8_t> changed = payload;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ 0x10);
    EXPECT_EQ(LeafNode::Check(changed), Malformed(Region::kIndexLeaf)) << at;
  }
  std::vector<std::uint8_t> inner(124);
  InternalNode node{ByteSpan(inner)};
  node.Format(2, EncodeBlockPointer(50));
  EXPECT_EQ(InternalNode::Check(inner, 2), Malformed(Region::kIndexInternal));  // no key
  node.Insert(0, 20, EncodeBlockPointer(60));
  node.Insert(1, 30, EncodeBlockPointer(70));
  ASSERT_THAT(InternalNode::Check(inner, 2), IsOk());
  EXPECT_THAT(InternalNode::Check(inner, 0), IsOk());
  EXPECT_EQ(InternalNode::Check(inner, 3), Malformed(Region::kIndexInternal));
  EXPECT_EQ(node.ChildFor(19), 0u);
  EXPECT_EQ(node.ChildFor(20), 1u);
  EXPECT_EQ(node.ChildFor(29), 1u);
  EXPECT_EQ(node.ChildFor(30), 2u);
  for (const std::size_t at :
       {std::size_t{0}, std::size_t{8 * 3}, 8 + 8 * node.capacity() + 8 * 2}) {
    std::vector<std::uint8_t> changed = inner;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ 0x10);
    EXPECT_EQ(InternalNode::Check(changed, 2), Malformed(Region::kIndexInternal)) << at;
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
