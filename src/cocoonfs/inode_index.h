// The inode index: a B+-tree of inodes over a seam that gives and takes its nodes.
#ifndef SVSM_SRC_COCOONFS_INODE_INDEX_H_
#define SVSM_SRC_COCOONFS_INODE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "cocoonfs/extent.h"
#include "cocoonfs/index_node.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::cocoonfs {

enum class NodeKind : std::uint8_t { kLeaf, kInternal };

// Where nodes come from. Positions are allocation blocks. Readers refuse to write.
class IndexNodes {
 public:
  struct NewNode {
    std::uint64_t first = 0;
    ByteSpan payload;  // zeros, as Change() gives it
  };

  // A view of the payload of the node at `first`, authenticated, decrypted, and of the form that
  // CheckNode() asks for; valid until the next call. Errors: kAuthFailed, kMalformed (also a
  // position outside the image, or a node of the other kind), those of the device.
  virtual Result<ByteView> Read(std::uint64_t first, NodeKind kind) = 0;
  // The same to be changed in place, valid until the node is freed. Errors: as Read(),
  // kFailedPrecondition (a reader), kOutOfMemory.
  virtual Result<ByteSpan> Change(std::uint64_t first, NodeKind kind) = 0;
  // Errors: kExhausted, kOutOfMemory, kFailedPrecondition (a reader).
  virtual Result<NewNode> Create(NodeKind kind) = 0;
  virtual Status Free(std::uint64_t first, NodeKind kind) = 0;
  // Allocation blocks of a node.
  virtual std::uint64_t NodeBlocks(NodeKind kind) const = 0;

 protected:
  ~IndexNodes() = default;
};

// What a node must be, whichever level an inner one has. Errors: kMalformed (Region::kIndexLeaf or
// kIndexInternal).
Status CheckNode(ByteView payload, NodeKind kind);

// Remembers the way to the leaf that it was in last: who goes through inodes in order hardly ever
// begins at the root.
//
// Errors of all: kMalformed (Region::kIndexLeaf or kIndexInternal), kOutOfMemory, and those of the
// nodes. After an error of Put() or Remove() other than kNotFound the tree may be half changed: the
// transaction must be dropped.
class InodeIndex {
 public:
  // `entry_leaf` is its fixed position. `nodes` outlives the index.
  InodeIndex(IndexNodes& nodes, std::uint64_t entry_leaf)
      : nodes_(nodes), entry_leaf_(entry_leaf) {}
  InodeIndex(const InodeIndex&) = delete;
  InodeIndex& operator=(const InodeIndex&) = delete;

  // When nodes were changed by another than this object.
  void Forget() { known_ = false; }

  // Errors: kNotFound.
  Result<IndexEntry> Find(std::uint64_t inode);
  // Shows `visit` the entries from inode `from` on, in order, as long as it gives true.
  template <typename Visit>
  Status Each(std::uint64_t from, Visit&& visit);
  // Fills `out` with the entries from inode `from` on, in order; fewer than out.size() only at the
  // end.
  Result<std::size_t> List(std::uint64_t from, std::span<IndexEntry> out);

  // Levels of the tree, 1 if there is just the entry leaf.
  Result<std::uint32_t> Levels();

  // Puts the entry in, or in the place of the one with the same inode. Errors: kExhausted.
  Status Put(const IndexEntry& entry);
  // Errors: kNotFound.
  Status Remove(std::uint64_t inode);

 private:
  // One descent: from the root to the leaf's parent.
  struct Path {
    std::uint32_t depth = 0;  // internal nodes on the way
    std::uint64_t node[kMaxIndexLevels] = {};
    std::uint32_t child[kMaxIndexLevels] = {};  // which child was taken
    std::uint64_t leaf = 0;
    // Inodes that belong in the leaf: from `low` on, below `high` if that is not 0.
    std::uint64_t low = 0;
    std::uint64_t high = 0;
  };

  // Makes `path_` the way to the inode's leaf.
  Status Descend(std::uint64_t inode);
  // The first internal node, or none if the entry leaf is the root.
  Result<std::uint64_t> FindRoot();
  // To be changed.
  Result<LeafNode> Leaf(std::uint64_t first);
  // `level` 0: any.
  Result<InternalNode> Internal(std::uint64_t first, std::uint32_t level);
  Status SetRoot(std::uint64_t first, NodeKind kind);
  // Makes room in the path's leaf, which is full; whether its left neighbour had some.
  Result<bool> ShiftLeft(const IndexEntry& entry);
  Status SplitLeaf(const IndexEntry& entry);
  // Hangs `right` behind the child that the path took last, below a new root if need be.
  Status InsertChild(std::uint64_t key, std::uint64_t right);
  Status SplitInternal(InternalNode& node, std::uint32_t child, std::uint64_t& key,
                       std::uint64_t& right);
  Status GrowRoot(std::uint64_t key, std::uint64_t right);
  // Brings a child that has too few entries back to its minimum, and its parents after it.
  Status RefillLeaf();
  Result<bool> RefillInternal(std::uint32_t depth, std::size_t& key);
  // Takes key `key` and the child to its right out of the path's node at `depth`.
  Status DropChild(std::uint32_t depth, std::size_t key);
  Status ShrinkRoot(const InternalNode& root);

  IndexNodes& nodes_;
  std::uint64_t entry_leaf_;
  Path path_;
  bool known_ = false;  // whether `path_` is one of the tree as it is
};

template <typename Visit>
Status InodeIndex::Each(std::uint64_t from, Visit&& visit) {
  SVSM_TRY(Descend(from));
  std::uint64_t last = 0;
  for (std::uint64_t first = path_.leaf;;) {
    SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(first, NodeKind::kLeaf));
    const LeafNode leaf = LeafNode::View(payload);
    // Rising keys end every walk, whatever the links say.
    if (leaf.count() == 0 || leaf.key(0) <= last) return Malformed(Region::kIndexLeaf);
    last = leaf.key(leaf.count() - 1);
    for (std::size_t i = leaf.LowerBound(from); i < leaf.count(); ++i) {
      if (!visit(leaf.entry(i))) return OkStatus();
    }
    if (leaf.next() == kNilPointer) return OkStatus();
    first = leaf.next() >> 7;
  }
}

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_INODE_INDEX_H_
