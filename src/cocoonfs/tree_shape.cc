#include "cocoonfs/tree_shape.h"

#include <bit>

#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

std::uint32_t DigestsLog2(const ImageLayout& layout, crypto::HashAlg hash) {
  const std::size_t digests = layout.tree_node_bytes() / crypto::DigestSize(hash);
  return static_cast<std::uint32_t>(std::bit_width(digests)) - 1;
}

std::uint32_t DivideUp(std::uint32_t value, std::uint32_t by) { return (value + by - 1) / by; }

// Shifts that give 0 where C++ gives nothing.
std::uint64_t ShiftLeft(std::uint64_t value, std::uint32_t by) {
  return by >= 64 ? 0 : value << by;
}
std::uint64_t ShiftRight(std::uint64_t value, std::uint32_t by) {
  return by >= 64 ? 0 : value >> by;
}

// The least height whose full tree has `num_nodes`, within the format's cap.
std::uint32_t LevelsFor(std::uint64_t num_nodes, std::uint32_t leaf_log2, std::uint32_t inner_log2,
                        std::uint32_t data_block_log2) {
  const std::uint32_t bits = 64 - leaf_log2 - data_block_log2 + inner_log2;
  const std::uint32_t most = DivideUp(bits < 64 ? bits : 64, inner_log2);
  const std::uint64_t t = num_nodes - ((num_nodes - 1) >> inner_log2);
  const auto t_log2 = static_cast<std::uint32_t>(std::bit_width(t - 1));
  const std::uint32_t levels = DivideUp(t_log2, inner_log2) + 1;
  return levels < most ? levels : most;
}

Status Bad() { return Malformed(Region::kTreeNode); }

}  // namespace

Status TreeShape::Init(const ImageLayout& layout, std::span<const Extent> extents,
                       std::uint64_t num_blocks) {
  extents_.Clear();
  sorted_.Clear();
  num_blocks_ = num_blocks;
  node_blocks_ = layout.tree_node();
  data_block_log2_ = layout.data_block_log2;
  data_digest_bytes_ = crypto::DigestSize(layout.data_hash);
  node_digest_bytes_ = crypto::DigestSize(layout.node_hash);
  leaf_log2_ = DigestsLog2(layout, layout.data_hash);
  inner_log2_ = DigestsLog2(layout, layout.node_hash);

  SVSM_TRY(extents_.Append(extents));
  SVSM_TRY(sorted_.Reserve(extents.size()));
  const std::uint64_t unit = layout.journal_block();
  std::uint64_t total = 0;
  for (const Extent& extent : extents) {
    if (extent.count == 0 || extent.first > num_blocks ||
        extent.count > num_blocks - extent.first ||
        ((extent.first | extent.count) & (unit - 1)) != 0) {
      return Bad();
    }
    std::size_t at = sorted_.size();
    while (at != 0 && sorted_[at - 1].first >= extent.first) --at;
    if ((at != 0 && sorted_[at - 1].Overlaps(extent)) ||
        (at < sorted_.size() && sorted_[at].Overlaps(extent))) {
      return Bad();
    }
    SVSM_TRY(sorted_.Insert(at, extent));
    total += extent.count;
  }
  num_nodes_ = total / node_blocks_;
  if (num_nodes_ == 0) return Bad();
  levels_ = LevelsFor(num_nodes_, leaf_log2_, inner_log2_, data_block_log2_);
  num_data_blocks_ = (num_blocks - total + layout.data_block() - 1) >> data_block_log2_;
  if (num_data_blocks_ == 0) return Bad();
  // The tree must reach the last data block, whose leaf has the highest number of all that count.
  const std::uint64_t last = num_data_blocks_ - 1;
  if (NodeAbove(levels_ - 1, last) != 0 || NodeNumber(0, NodeAbove(0, last)) >= num_nodes_) {
    return Bad();
  }
  return OkStatus();
}

std::size_t TreeShape::max_digests_bytes() const {
  const std::size_t leaf = digests_bytes(0);
  const std::size_t inner = digests_bytes(1);
  return leaf > inner ? leaf : inner;
}

std::uint64_t TreeShape::NodesInImage(std::uint32_t level) const {
  return NodeAbove(level, num_data_blocks_ - 1) + 1;
}

std::uint64_t TreeShape::LastIndex(std::uint32_t level, std::uint64_t index) const {
  return ShiftLeft(((index + 1) << fanout_log2(level)) - 1, EntryLog2(level));
}

std::uint64_t TreeShape::NodeAbove(std::uint32_t level, std::uint64_t data_index) const {
  return ShiftRight(data_index, EntryLog2(level) + fanout_log2(level));
}

std::size_t TreeShape::EntryAbove(std::uint32_t level, std::uint64_t data_index) const {
  return static_cast<std::size_t>(ShiftRight(data_index, EntryLog2(level)) & (entries(level) - 1));
}

std::uint64_t TreeShape::SubtreeNodes(std::uint32_t level) const {
  std::uint64_t nodes = 1;
  for (std::uint32_t i = 0; i < level; ++i) nodes = (nodes << inner_log2_) + 1;
  return nodes;
}

std::uint64_t TreeShape::NodeNumber(std::uint32_t level, std::uint64_t index) const {
  std::uint64_t number = 0;
  std::uint64_t subtree = SubtreeNodes(level);
  for (std::uint32_t l = level; l + 1 < levels_; ++l) {
    number += subtree * (index & ((std::uint64_t{1} << inner_log2_) - 1)) + 1;
    index >>= inner_log2_;
    subtree = (subtree << inner_log2_) + 1;
  }
  return number;
}

Result<std::uint64_t> TreeShape::NodePosition(std::uint32_t level, std::uint64_t index) const {
  const std::uint64_t number = NodeNumber(level, index);
  if (number >= num_nodes_) return Bad();
  std::uint64_t offset = number * node_blocks_;
  for (const Extent& extent : extents_) {
    if (offset < extent.count) {
      if (extent.count - offset < node_blocks_) return Bad();
      return extent.first + offset;
    }
    offset -= extent.count;
  }
  return Bad();
}

std::uint64_t TreeShape::DataPosition(std::uint64_t index) const {
  std::uint64_t position = index << data_block_log2_;
  for (const Extent& extent : sorted_) {
    if (extent.first > position) break;
    position += extent.count;
  }
  return position;
}

std::uint64_t TreeShape::DataIndex(std::uint64_t position) const {
  std::uint64_t skipped = 0;
  for (const Extent& extent : sorted_) {
    if (extent.first > position) break;
    skipped += extent.count;
  }
  return (position - skipped) >> data_block_log2_;
}

bool TreeShape::IsTree(std::uint64_t position) const {
  for (const Extent& extent : sorted_) {
    if (extent.Contains(position)) return true;
  }
  return false;
}

bool TreeShape::TouchesTree(const Extent& range) const {
  for (const Extent& extent : sorted_) {
    if (extent.Overlaps(range)) return true;
  }
  return false;
}

std::uint64_t TreeShape::NodesFor(const ImageLayout& layout, std::uint64_t num_data_blocks) {
  const std::uint32_t leaf_log2 = DigestsLog2(layout, layout.data_hash);
  const std::uint32_t inner_log2 = DigestsLog2(layout, layout.node_hash);
  if (num_data_blocks == 0) return 1;
  // Parents first: every node of the path to the last leaf, and all full subtrees left of it.
  std::uint64_t index = (num_data_blocks - 1) >> leaf_log2;
  std::uint64_t nodes = 1;
  std::uint64_t subtree = 1;
  while (index != 0) {
    nodes += subtree * (index & ((std::uint64_t{1} << inner_log2) - 1)) + 1;
    index >>= inner_log2;
    subtree = (subtree << inner_log2) + 1;
  }
  return nodes;
}

}  // namespace svsm::cocoonfs
