// The inode index: a B+-tree of inodes over a seam that gives and takes its nodes.
#ifndef SVSM_SRC_COCOONFS_INODE_INDEX_H_
#define SVSM_SRC_COCOONFS_INODE_INDEX_H_

#include <cstdint>

#include "cocoonfs/index_node.h"
#include "svsm/core/allocator.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

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
  // Below it every node's position is.
  virtual std::uint64_t num_blocks() const = 0;

 protected:
  ~IndexNodes() = default;
};

// Levels of a tree: bounds every descent. A tree of 2^57 blocks with the least fan-out fits.
inline constexpr std::uint32_t kMaxIndexLevels = 40;

class InodeIndex {
 public:
  // `entry_leaf` is its fixed position. `nodes` and `allocator` outlive the index.
  InodeIndex(IndexNodes& nodes, Allocator& allocator, std::uint64_t entry_leaf)
      : nodes_(nodes), allocator_(allocator), entry_leaf_(entry_leaf) {}

  // Errors: kNotFound, kMalformed (Region::kIndexLeaf or kIndexInternal), those of `nodes`.
  Result<IndexEntry> Find(std::uint64_t inode);
  // Copies the entries of the first leaf that holds an inode at `from` or above it, those from
  // `from` on, into `out`, at most as many as fit; 0 at the end. Errors: as Find().
  Result<std::size_t> List(std::uint64_t from, std::span<IndexEntry> out);

  // Puts the entry in, or in the place of one with the same inode. Errors: as Find(), and
  // kExhausted and kOutOfMemory, after which the transaction must be dropped.
  Status Put(const IndexEntry& entry);
  // Errors: as Find() and Put().
  Status Remove(std::uint64_t inode);

 private:
  // One descent: node positions from the root to the leaf.
  struct Path {
    std::uint32_t depth = 0;  // internal nodes on the way
    std::uint64_t node[kMaxIndexLevels] = {};
    std::uint64_t leaf = 0;
  };
  Status Descend(std::uint64_t inode, Path& path);

  IndexNodes& nodes_;
  Allocator& allocator_;
  std::uint64_t entry_leaf_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_INODE_INDEX_H_
