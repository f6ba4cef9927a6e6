#include "cocoonfs/inode_index.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status NotFound() { return Status(Code::kNotFound, Source::kCocoonfs); }

}  // namespace

Status CheckNode(ByteView payload, NodeKind kind) {
  return kind == NodeKind::kLeaf ? LeafNode::Check(payload) : InternalNode::Check(payload, 0);
}

Result<std::uint64_t> InodeIndex::FindRoot() {
  SVSM_ASSIGN_OR_RETURN(const ByteView entry, nodes_.Read(entry_leaf_, NodeKind::kLeaf));
  const LeafNode leaf = LeafNode::View(entry);
  const std::size_t at = leaf.LowerBound(kIndexRootInode);
  if (at == leaf.count() || leaf.key(at) != kIndexRootInode) return Malformed(Region::kEntryLeaf);
  SVSM_ASSIGN_OR_RETURN(const ExtentPointer root, DecodeExtentPointer(leaf.entry(at).pointer));
  const bool is_leaf = root.extent.first == entry_leaf_;
  const NodeKind kind = is_leaf ? NodeKind::kLeaf : NodeKind::kInternal;
  if (root.indirect || root.extent.count != nodes_.NodeBlocks(kind)) {
    return Malformed(Region::kEntryLeaf);
  }
  return is_leaf ? kNilPointer : root.extent.first;
}

Status InodeIndex::Descend(std::uint64_t inode) {
  if (known_ && inode >= path_.low && (path_.high == 0 || inode < path_.high)) return OkStatus();
  known_ = false;
  SVSM_ASSIGN_OR_RETURN(std::uint64_t at, FindRoot());
  path_.depth = 0;
  path_.low = 0;
  path_.high = 0;
  std::uint32_t level = at == kNilPointer ? 1 : 0;
  if (level == 1) at = entry_leaf_;
  while (level != 1) {
    SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(at, NodeKind::kInternal));
    const InternalNode node = InternalNode::View(payload);
    if (level != 0 && node.level() != level) return Malformed(Region::kIndexInternal);
    level = node.level() - 1;
    const std::size_t child = node.ChildFor(inode);
    path_.node[path_.depth] = at;
    path_.child[path_.depth++] = static_cast<std::uint32_t>(child);
    if (child != 0) path_.low = node.key(child - 1);
    if (child != node.count()) path_.high = node.key(child);
    at = node.child(child) >> 7;
  }
  path_.leaf = at;
  known_ = true;
  return OkStatus();
}

Result<IndexEntry> InodeIndex::Find(std::uint64_t inode) {
  SVSM_TRY(Descend(inode));
  SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(path_.leaf, NodeKind::kLeaf));
  const LeafNode leaf = LeafNode::View(payload);
  const std::size_t at = leaf.LowerBound(inode);
  if (at == leaf.count() || leaf.key(at) != inode) return NotFound();
  return leaf.entry(at);
}

Result<std::uint32_t> InodeIndex::Levels() {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t root, FindRoot());
  if (root == kNilPointer) return 1;
  SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(root, NodeKind::kInternal));
  return InternalNode::View(payload).level();
}

Result<std::size_t> InodeIndex::List(std::uint64_t from, std::span<IndexEntry> out) {
  std::size_t filled = 0;
  SVSM_TRY(Each(from, [&](const IndexEntry& entry) {
    if (filled == out.size()) return false;
    out[filled++] = entry;
    return filled < out.size();
  }));
  return filled;
}

Result<LeafNode> InodeIndex::Leaf(std::uint64_t first) {
  SVSM_ASSIGN_OR_RETURN(const ByteSpan payload, nodes_.Change(first, NodeKind::kLeaf));
  return LeafNode(payload);
}

Result<InternalNode> InodeIndex::Internal(std::uint64_t first, std::uint32_t level) {
  SVSM_ASSIGN_OR_RETURN(const ByteSpan payload, nodes_.Change(first, NodeKind::kInternal));
  const InternalNode node(payload);
  if (level != 0 && node.level() != level) return Malformed(Region::kIndexInternal);
  return node;
}

Status InodeIndex::SetRoot(std::uint64_t first, NodeKind kind) {
  SVSM_ASSIGN_OR_RETURN(LeafNode leaf, Leaf(entry_leaf_));
  const std::size_t at = leaf.LowerBound(kIndexRootInode);
  if (at == leaf.count() || leaf.key(at) != kIndexRootInode) return Malformed(Region::kEntryLeaf);
  const std::uint64_t pointer = EncodeExtentPointer({first, nodes_.NodeBlocks(kind)}, false);
  leaf.set_entry(at, {kIndexRootInode, pointer, leaf.entry(at).flags});
  return OkStatus();
}

Status InodeIndex::Put(const IndexEntry& entry) {
  SVSM_TRY(Descend(entry.inode));
  SVSM_ASSIGN_OR_RETURN(LeafNode leaf, Leaf(path_.leaf));
  const std::size_t at = leaf.LowerBound(entry.inode);
  if (at < leaf.count() && leaf.key(at) == entry.inode) {
    leaf.set_entry(at, entry);
    return OkStatus();
  }
  if (leaf.count() < leaf.capacity()) {
    leaf.Insert(at, entry);
    return OkStatus();
  }
  SVSM_ASSIGN_OR_RETURN(const bool done, ShiftLeft(entry));
  return done ? OkStatus() : SplitLeaf(entry);
}

// Fills the left neighbour, as far as the leaf keeps enough: inodes that come in order make leaves
// that are full.
Result<bool> InodeIndex::ShiftLeft(const IndexEntry& entry) {
  if (path_.depth == 0 || path_.child[path_.depth - 1] == 0) return false;
  const std::uint64_t at_parent = path_.node[path_.depth - 1];
  const std::uint32_t child = path_.child[path_.depth - 1];
  std::uint64_t at_left = 0;
  {
    SVSM_ASSIGN_OR_RETURN(const ByteView parent, nodes_.Read(at_parent, NodeKind::kInternal));
    at_left = InternalNode::View(parent).child(child - 1) >> 7;
    SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(at_left, NodeKind::kLeaf));
    const LeafNode neighbour = LeafNode::View(payload);
    if (neighbour.count() == neighbour.capacity()) return false;
  }
  if (at_left == path_.leaf) return Malformed(Region::kIndexLeaf);
  SVSM_ASSIGN_OR_RETURN(InternalNode parent, Internal(at_parent, 2));
  SVSM_ASSIGN_OR_RETURN(LeafNode left, Leaf(at_left));
  SVSM_ASSIGN_OR_RETURN(LeafNode right, Leaf(path_.leaf));
  known_ = false;
  // With the new entry there is one more than the leaf takes.
  std::size_t moves = left.capacity() - left.count();
  const std::size_t most = right.count() + 1 - right.minimum();
  if (moves > most) moves = most;
  bool placed = false;
  for (std::size_t i = 0; i < moves; ++i) {
    if (!placed && right.LowerBound(entry.inode) == 0) {
      left.Insert(left.count(), entry);
      placed = true;
    } else {
      left.Insert(left.count(), right.entry(0));
      right.Erase(0);
    }
  }
  if (!placed) right.Insert(right.LowerBound(entry.inode), entry);
  parent.set_key(child - 1, right.key(0));
  return true;
}

Status InodeIndex::SplitLeaf(const IndexEntry& entry) {
  SVSM_ASSIGN_OR_RETURN(const IndexNodes::NewNode made, nodes_.Create(NodeKind::kLeaf));
  SVSM_ASSIGN_OR_RETURN(LeafNode left, Leaf(path_.leaf));
  known_ = false;
  LeafNode right(made.payload);
  right.Format();
  right.set_next(left.next());
  left.set_next(EncodeBlockPointer(made.first));
  const std::size_t at = left.LowerBound(entry.inode);
  // Of the capacity + 1 entries the left leaf keeps the larger half.
  const std::size_t keep = (left.capacity() + 2) / 2;
  const std::size_t cut = at < keep ? keep - 1 : keep;
  while (left.count() > cut) {
    right.Insert(0, left.entry(left.count() - 1));
    left.Erase(left.count() - 1);
  }
  if (at < keep) {
    left.Insert(at, entry);
  } else {
    right.Insert(at - keep, entry);
  }
  return InsertChild(right.key(0), made.first);
}

Status InodeIndex::InsertChild(std::uint64_t key, std::uint64_t right) {
  for (std::uint32_t depth = path_.depth; depth > 0;) {
    const std::uint64_t at_node = path_.node[--depth];
    const std::uint32_t child = path_.child[depth];
    SVSM_ASSIGN_OR_RETURN(InternalNode node, Internal(at_node, 0));
    if (node.count() < node.capacity()) {
      node.Insert(child, key, EncodeBlockPointer(right));
      return OkStatus();
    }
    SVSM_TRY(SplitInternal(node, child, key, right));
  }
  return GrowRoot(key, right);
}

// The upper half of the keys goes right, the one between them goes up: `key` and `right` become
// what the parent is to be told.
Status InodeIndex::SplitInternal(InternalNode& node, std::uint32_t child, std::uint64_t& key,
                                 std::uint64_t& right) {
  SVSM_ASSIGN_OR_RETURN(const IndexNodes::NewNode made, nodes_.Create(NodeKind::kInternal));
  InternalNode other(made.payload);
  const std::size_t keep = (node.capacity() + 1) / 2;
  const bool goes_up = child == keep;
  // When the new key itself goes up, its right child becomes the first of the new node.
  const std::size_t cut = child < keep ? keep - 1 : keep;
  const std::size_t moved_from = goes_up ? cut : cut + 1;
  const std::uint64_t up = goes_up ? key : node.key(cut);
  other.Format(node.level(), goes_up ? EncodeBlockPointer(right) : node.child(cut + 1));
  for (std::size_t i = moved_from; i < node.count(); ++i) {
    other.Insert(other.count(), node.key(i), node.child(i + 1));
  }
  while (node.count() > cut) node.Erase(node.count() - 1);
  if (child < keep) {
    node.Insert(child, key, EncodeBlockPointer(right));
  } else if (!goes_up) {
    other.Insert(child - keep - 1, key, EncodeBlockPointer(right));
  }
  key = up;
  right = made.first;
  return OkStatus();
}

Status InodeIndex::GrowRoot(std::uint64_t key, std::uint64_t right) {
  if (path_.depth + 2 > kMaxIndexLevels) return Status(Code::kExhausted, Source::kCocoonfs);
  SVSM_ASSIGN_OR_RETURN(const IndexNodes::NewNode made, nodes_.Create(NodeKind::kInternal));
  InternalNode node(made.payload);
  const std::uint64_t old_root = path_.depth == 0 ? path_.leaf : path_.node[0];
  node.Format(path_.depth + 2, EncodeBlockPointer(old_root));
  node.Insert(0, key, EncodeBlockPointer(right));
  return SetRoot(made.first, NodeKind::kInternal);
}

Status InodeIndex::Remove(std::uint64_t inode) {
  SVSM_TRY(Find(inode).status());
  SVSM_ASSIGN_OR_RETURN(LeafNode leaf, Leaf(path_.leaf));
  leaf.Erase(leaf.LowerBound(inode));
  return path_.depth != 0 && leaf.count() < leaf.minimum() ? RefillLeaf() : OkStatus();
}

Status InodeIndex::RefillLeaf() {
  const std::uint64_t at_parent = path_.node[path_.depth - 1];
  const std::uint32_t child = path_.child[path_.depth - 1];
  known_ = false;
  SVSM_ASSIGN_OR_RETURN(InternalNode parent, Internal(at_parent, 2));
  const bool left_is_sibling = child > 0;
  const std::size_t key = left_is_sibling ? child - 1 : child;
  const std::uint64_t at_sibling = parent.child(left_is_sibling ? child - 1 : child + 1) >> 7;
  if (at_sibling == path_.leaf) return Malformed(Region::kIndexLeaf);
  const std::uint64_t at_left = left_is_sibling ? at_sibling : path_.leaf;
  const std::uint64_t at_right = left_is_sibling ? path_.leaf : at_sibling;
  SVSM_ASSIGN_OR_RETURN(LeafNode left, Leaf(at_left));
  SVSM_ASSIGN_OR_RETURN(LeafNode right, Leaf(at_right));
  if ((left_is_sibling ? left : right).count() > left.minimum()) {
    if (left_is_sibling) {
      right.Insert(0, left.entry(left.count() - 1));
      left.Erase(left.count() - 1);
    } else {
      left.Insert(left.count(), right.entry(0));
      right.Erase(0);
    }
    parent.set_key(key, right.key(0));
    return OkStatus();
  }
  for (std::size_t i = 0; i < right.count(); ++i) left.Insert(left.count(), right.entry(i));
  left.set_next(right.next());
  SVSM_TRY(nodes_.Free(at_right, NodeKind::kLeaf));
  return DropChild(path_.depth - 1, key);
}

Status InodeIndex::DropChild(std::uint32_t depth, std::size_t key) {
  for (;; --depth) {
    SVSM_ASSIGN_OR_RETURN(InternalNode node, Internal(path_.node[depth], 0));
    node.Erase(key);
    if (depth == 0) return node.count() == 0 ? ShrinkRoot(node) : OkStatus();
    if (node.count() >= node.minimum()) return OkStatus();
    SVSM_ASSIGN_OR_RETURN(const bool merged, RefillInternal(depth, key));
    if (!merged) return OkStatus();
  }
}

// The root has one child left, which takes its place.
Status InodeIndex::ShrinkRoot(const InternalNode& root) {
  const bool to_leaf = root.level() == 2;
  const std::uint64_t only = root.child(0) >> 7;
  if (to_leaf && only != entry_leaf_) return Malformed(Region::kIndexInternal);
  SVSM_TRY(nodes_.Free(path_.node[0], NodeKind::kInternal));
  return SetRoot(only, to_leaf ? NodeKind::kLeaf : NodeKind::kInternal);
}

// When true, the path's node at `depth` went together with its sibling, and the parent's `key` must
// go.
Result<bool> InodeIndex::RefillInternal(std::uint32_t depth, std::size_t& key) {
  const std::uint64_t at_node = path_.node[depth];
  const std::uint32_t child = path_.child[depth - 1];
  SVSM_ASSIGN_OR_RETURN(InternalNode parent, Internal(path_.node[depth - 1], 0));
  const bool left_is_sibling = child > 0;
  key = left_is_sibling ? child - 1 : child;
  const std::uint64_t at_sibling = parent.child(left_is_sibling ? child - 1 : child + 1) >> 7;
  if (at_sibling == at_node) return Malformed(Region::kIndexInternal);
  const std::uint64_t at_right = left_is_sibling ? at_node : at_sibling;
  const std::uint32_t level = parent.level() - 1;
  SVSM_ASSIGN_OR_RETURN(InternalNode left, Internal(left_is_sibling ? at_sibling : at_node, level));
  SVSM_ASSIGN_OR_RETURN(InternalNode right, Internal(at_right, level));
  const std::uint64_t separator = parent.key(key);
  if ((left_is_sibling ? left : right).count() > left.minimum()) {
    if (left_is_sibling) {
      const std::uint64_t moved = left.child(left.count());
      const std::uint64_t first = right.child(0);
      parent.set_key(key, left.key(left.count() - 1));
      left.Erase(left.count() - 1);
      right.Insert(0, separator, first);
      right.set_child(0, moved);
    } else {
      left.Insert(left.count(), separator, right.child(0));
      parent.set_key(key, right.key(0));
      right.set_child(0, right.child(1));
      right.Erase(0);
    }
    return false;
  }
  left.Insert(left.count(), separator, right.child(0));
  for (std::size_t i = 0; i < right.count(); ++i) {
    left.Insert(left.count(), right.key(i), right.child(i + 1));
  }
  SVSM_TRY(nodes_.Free(at_right, NodeKind::kInternal));
  return true;
}

}  // namespace svsm::cocoonfs
