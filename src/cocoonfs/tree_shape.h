// The dimensions of the authentication tree, where its nodes lie, and how positions on the image
// and indices of data blocks correspond.
//
// Level 0 holds the digests of data blocks; a node is {level, index in its level}. Data blocks are
// counted with the tree's own extents left out.
#ifndef SVSM_SRC_COCOONFS_TREE_SHAPE_H_
#define SVSM_SRC_COCOONFS_TREE_SHAPE_H_

#include <cstdint>
#include <span>

#include "cocoonfs/extent.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class TreeShape {
 public:
  explicit TreeShape(Allocator& allocator) : extents_(allocator), sorted_(allocator) {}

  // `extents` in the order of the tree's file; `num_blocks` is the image's size. Errors: kMalformed
  // (Region::kTreeNode: misaligned, overlapping, outside the image, no node, or too few nodes for
  // the image), kOutOfMemory.
  Status Init(const ImageLayout& layout, std::span<const Extent> extents, std::uint64_t num_blocks);

  std::uint32_t levels() const { return levels_; }
  // Digests in a node of the level.
  std::uint32_t fanout_log2(std::uint32_t level) const {
    return level == 0 ? leaf_log2_ : inner_log2_;
  }
  std::size_t entries(std::uint32_t level) const { return std::size_t{1} << fanout_log2(level); }
  // Of one digest in a node of the level, and of all of them.
  std::size_t digest_bytes(std::uint32_t level) const {
    return level == 0 ? data_digest_bytes_ : node_digest_bytes_;
  }
  std::size_t digests_bytes(std::uint32_t level) const {
    return digest_bytes(level) << fanout_log2(level);
  }
  // The larger of the two: room for the digests of any node.
  std::size_t max_digests_bytes() const;
  std::uint64_t node_blocks() const { return node_blocks_; }
  // Nodes that have a place in the extents, and how many of a level cover a part of the image.
  std::uint64_t num_nodes() const { return num_nodes_; }
  std::uint64_t NodesInImage(std::uint32_t level) const;

  // Binary logarithm of the number of data blocks below one entry of a node of the level.
  std::uint32_t EntryLog2(std::uint32_t level) const {
    return level == 0 ? 0 : leaf_log2_ + (level - 1) * inner_log2_;
  }
  // The index of the data block with which the node's last entry begins, modulo 2^64.
  std::uint64_t LastIndex(std::uint32_t level, std::uint64_t index) const;
  // The node of `level` above a data block, and the entry in it.
  std::uint64_t NodeAbove(std::uint32_t level, std::uint64_t data_index) const;
  std::size_t EntryAbove(std::uint32_t level, std::uint64_t data_index) const;
  // A node's number in depth-first order, parents first.
  std::uint64_t NodeNumber(std::uint32_t level, std::uint64_t index) const;
  // Where the node is. Errors: kMalformed (Region::kTreeNode; no place for it).
  Result<std::uint64_t> NodePosition(std::uint32_t level, std::uint64_t index) const;

  // Data blocks that overlap the image.
  std::uint64_t num_data_blocks() const { return num_data_blocks_; }
  // The first of its blocks. `index` is below num_data_blocks().
  std::uint64_t DataPosition(std::uint64_t index) const;
  // The index of the data block that holds block `position`, which is not the tree's.
  std::uint64_t DataIndex(std::uint64_t position) const;
  // Whether the block is one of the tree's.
  bool IsTree(std::uint64_t position) const;
  // Whether the range shares a block with the tree.
  bool TouchesTree(const Extent& range) const;

  // In the order of the tree's file.
  std::span<const Extent> extents() const { return extents_.view(); }
  // By position.
  std::span<const Extent> sorted() const { return sorted_.view(); }

  // For those who make an image: the nodes (in the order of their numbers, none left out before the
  // last) that are needed so that a tree of them covers `num_data_blocks`.
  static std::uint64_t NodesFor(const ImageLayout& layout, std::uint64_t num_data_blocks);

 private:
  std::uint64_t SubtreeNodes(std::uint32_t level) const;
  Status InitLevels();

  Vec<Extent> extents_;
  Vec<Extent> sorted_;
  std::uint64_t num_blocks_ = 0;
  std::uint64_t num_nodes_ = 0;
  std::uint64_t num_data_blocks_ = 0;
  std::uint64_t node_blocks_ = 1;
  std::uint32_t data_block_log2_ = 0;
  std::uint32_t levels_ = 0;
  std::uint32_t leaf_log2_ = 0;
  std::uint32_t inner_log2_ = 0;
  std::size_t data_digest_bytes_ = 0;
  std::size_t node_digest_bytes_ = 0;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_TREE_SHAPE_H_
