// The inode index: a B+-tree of inodes over a seam that gives and takes its nodes.
#ifndef SVSM_SRC_COCOONFS_INODE_INDEX_H_
#define SVSM_SRC_COCOONFS_INODE_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "cocoonfs/index_node.h"
#include "svsm/core/allocator.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

enum class NodeKind : std::uint8_t { kLeaf, kInternal };

// Where nodes come from. Positions are allocation blocks. Readers refuse to write.
class IndexNodes {
 public:
  // A view of the authenticated, decrypted payload of the node at `first`, not yet checked for its
  // form, valid until the next call. Errors: kAuthFailed, kMalformed (a position outside the
  // image), those of the device.
  virtual Result<ByteView> Read(std::uint64_t first, NodeKind kind) = 0;
  // Replaces the node's payload. Errors: kFailedPrecondition (a reader), kOutOfMemory.
  virtual Status Write(std::uint64_t first, NodeKind kind, ByteView payload) = 0;
  // A position for a new node. Errors: kExhausted, kOutOfMemory, kFailedPrecondition (a reader).
  virtual Result<std::uint64_t> Allocate(NodeKind kind) = 0;
  virtual Status Free(std::uint64_t first, NodeKind kind) = 0;
  virtual std::size_t PayloadSize(NodeKind kind) const = 0;
  // Allocation blocks of a node.
  virtual std::uint64_t NodeBlocks(NodeKind kind) const = 0;

 protected:
  ~IndexNodes() = default;
};

// Errors of all: kMalformed (Region::kIndexLeaf or kIndexInternal), kOutOfMemory, and those of the
// nodes. After an error of Put() or Remove() other than kNotFound the tree may be half changed: the
// transaction must be dropped.
class InodeIndex {
 public:
  // `entry_leaf` is its fixed position. `nodes` and `allocator` outlive the index.
  InodeIndex(IndexNodes& nodes, Allocator& allocator, std::uint64_t entry_leaf)
      : nodes_(nodes),
        entry_leaf_(entry_leaf),
        node_(allocator),
        sibling_(allocator),
        parent_(allocator) {}

  ~InodeIndex();
  InodeIndex(const InodeIndex&) = delete;
  InodeIndex& operator=(const InodeIndex&) = delete;

  // Errors: kNotFound.
  Result<IndexEntry> Find(std::uint64_t inode);
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
  };
  using Buffer = Vec<std::uint8_t>;

  Status Descend(std::uint64_t inode, Path& path);
  Status LoadLeaf(std::uint64_t first, Buffer& out);
  Status LoadInternal(std::uint64_t first, std::uint32_t level, Buffer& out);
  Status SetRoot(std::uint64_t first, NodeKind kind);
  Status SplitLeaf(const Path& path, const IndexEntry& entry);
  // Hangs `right` behind the child that the path took at `depth`, counted from the root; depth 0
  // needs a new root.
  Status InsertChild(const Path& path, std::uint32_t depth, std::uint64_t key, std::uint64_t right);
  Status GrowRoot(const Path& path, std::uint64_t key, std::uint64_t right);
  // Brings a child that has too few entries back to its minimum, and its parents after it.
  Status RefillLeaf(const Path& path);
  Result<bool> RefillInternal(const Path& path, std::uint32_t depth, std::size_t& key);
  // Takes key `key` and the child to its right out of the path's node at `depth`.
  Status DropChild(const Path& path, std::uint32_t depth, std::size_t key);
  Status ShrinkRoot(const Path& path, const InternalNode& root);

  IndexNodes& nodes_;
  std::uint64_t entry_leaf_;
  Buffer node_;
  Buffer sibling_;
  Buffer parent_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_INODE_INDEX_H_
