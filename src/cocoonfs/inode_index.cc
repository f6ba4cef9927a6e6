#include "cocoonfs/inode_index.h"

#include "cocoonfs/extent.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/panic.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status NotFound() { return Status(Code::kNotFound, Source::kCocoonfs); }

Status Take(ByteView payload, Vec<std::uint8_t>& out) {
  out.Clear();
  return out.Append(payload);
}

// A read-only look at a node: its accessors do not write.
LeafNode ViewLeaf(ByteView payload) {
  return LeafNode(ByteSpan(const_cast<std::uint8_t*>(payload.data()), payload.size()));
}
InternalNode ViewInternal(ByteView payload) {
  return InternalNode(ByteSpan(const_cast<std::uint8_t*>(payload.data()), payload.size()));
}

}  // namespace

InodeIndex::~InodeIndex() {
  for (Buffer* const buffer : {&node_, &sibling_, &parent_}) Wipe(buffer->view());
}

Status InodeIndex::Descend(std::uint64_t inode, Path& path) {
  SVSM_ASSIGN_OR_RETURN(const ByteView entry, nodes_.Read(entry_leaf_, NodeKind::kLeaf));
  SVSM_TRY(LeafNode::Check(entry));
  const LeafNode leaf = ViewLeaf(entry);
  const std::size_t at = leaf.LowerBound(kIndexRootInode);
  if (at == leaf.count() || leaf.key(at) != kIndexRootInode) return Malformed(Region::kEntryLeaf);
  SVSM_ASSIGN_OR_RETURN(const ExtentPointer root, DecodeExtentPointer(leaf.entry(at).pointer));
  path.leaf = entry_leaf_;
  path.depth = 0;
  if (root.extent.first == entry_leaf_) {
    const bool whole = !root.indirect && root.extent.count == nodes_.NodeBlocks(NodeKind::kLeaf);
    return whole ? OkStatus() : Malformed(Region::kEntryLeaf);
  }
  if (root.indirect || root.extent.count != nodes_.NodeBlocks(NodeKind::kInternal)) {
    return Malformed(Region::kEntryLeaf);
  }
  std::uint64_t at_node = root.extent.first;
  std::uint32_t level = 0;
  do {
    SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(at_node, NodeKind::kInternal));
    SVSM_TRY(InternalNode::Check(payload, level));
    const InternalNode node = ViewInternal(payload);
    level = node.level() - 1;
    const std::size_t child = node.ChildFor(inode);
    path.node[path.depth] = at_node;
    path.child[path.depth++] = static_cast<std::uint32_t>(child);
    at_node = node.child(child) >> 7;
  } while (level > 1);
  path.leaf = at_node;
  return OkStatus();
}

Status InodeIndex::LoadLeaf(std::uint64_t first, Buffer& out) {
  SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(first, NodeKind::kLeaf));
  SVSM_TRY(LeafNode::Check(payload));
  return Take(payload, out);
}

Status InodeIndex::LoadInternal(std::uint64_t first, std::uint32_t level, Buffer& out) {
  SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(first, NodeKind::kInternal));
  SVSM_TRY(InternalNode::Check(payload, level));
  return Take(payload, out);
}

Result<IndexEntry> InodeIndex::Find(std::uint64_t inode) {
  Path path;
  SVSM_TRY(Descend(inode, path));
  SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(path.leaf, NodeKind::kLeaf));
  SVSM_TRY(LeafNode::Check(payload));
  const LeafNode leaf = ViewLeaf(payload);
  const std::size_t at = leaf.LowerBound(inode);
  if (at == leaf.count() || leaf.key(at) != inode) return NotFound();
  return leaf.entry(at);
}

Result<std::uint32_t> InodeIndex::Levels() {
  Path path;
  SVSM_TRY(Descend(0, path));
  return path.depth + 1;
}

Result<std::size_t> InodeIndex::List(std::uint64_t from, std::span<IndexEntry> out) {
  Path path;
  SVSM_TRY(Descend(from, path));
  std::size_t filled = 0;
  std::uint64_t last = 0;
  for (std::uint64_t first = path.leaf; filled < out.size();) {
    SVSM_ASSIGN_OR_RETURN(const ByteView payload, nodes_.Read(first, NodeKind::kLeaf));
    SVSM_TRY(LeafNode::Check(payload));
    const LeafNode leaf = ViewLeaf(payload);
    // Rising keys end every walk, whatever the links say.
    if (leaf.count() == 0 || leaf.key(0) <= last) return Malformed(Region::kIndexLeaf);
    last = leaf.key(leaf.count() - 1);
    for (std::size_t i = leaf.LowerBound(from); i < leaf.count() && filled < out.size(); ++i) {
      out[filled++] = leaf.entry(i);
    }
    if (leaf.next() == kNilPointer) break;
    first = leaf.next() >> 7;
  }
  return filled;
}

Status InodeIndex::SetRoot(std::uint64_t first, NodeKind kind) {
  SVSM_TRY(LoadLeaf(entry_leaf_, sibling_));
  LeafNode leaf(sibling_.view());
  const std::size_t at = leaf.LowerBound(kIndexRootInode);
  if (at == leaf.count() || leaf.key(at) != kIndexRootInode) return Malformed(Region::kEntryLeaf);
  const std::uint64_t pointer = EncodeExtentPointer({first, nodes_.NodeBlocks(kind)}, false);
  leaf.set_entry(at, {kIndexRootInode, pointer, leaf.entry(at).flags});
  return nodes_.Write(entry_leaf_, NodeKind::kLeaf, sibling_.view());
}

Status InodeIndex::Put(const IndexEntry& entry) {
  Path path;
  SVSM_TRY(Descend(entry.inode, path));
  SVSM_TRY(LoadLeaf(path.leaf, node_));
  LeafNode leaf(node_.view());
  const std::size_t at = leaf.LowerBound(entry.inode);
  if (at < leaf.count() && leaf.key(at) == entry.inode) {
    leaf.set_entry(at, entry);
  } else if (leaf.count() < leaf.capacity()) {
    leaf.Insert(at, entry);
  } else {
    return SplitLeaf(path, entry);
  }
  return nodes_.Write(path.leaf, NodeKind::kLeaf, node_.view());
}

// node_ holds the full leaf.
Status InodeIndex::SplitLeaf(const Path& path, const IndexEntry& entry) {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t new_leaf, nodes_.Allocate(NodeKind::kLeaf));
  SVSM_TRY(sibling_.Resize(node_.size()));
  LeafNode left(node_.view());
  LeafNode right(sibling_.view());
  right.Format();
  right.set_next(left.next());
  left.set_next(EncodeBlockPointer(new_leaf));
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
  const std::uint64_t key = right.key(0);
  SVSM_TRY(nodes_.Write(path.leaf, NodeKind::kLeaf, node_.view()));
  SVSM_TRY(nodes_.Write(new_leaf, NodeKind::kLeaf, sibling_.view()));
  return InsertChild(path, path.depth, key, new_leaf);
}

Status InodeIndex::InsertChild(const Path& path, std::uint32_t depth, std::uint64_t key,
                               std::uint64_t right) {
  while (depth > 0) {
    const std::uint64_t at_node = path.node[--depth];
    const std::uint32_t child = path.child[depth];
    SVSM_TRY(LoadInternal(at_node, 0, node_));
    InternalNode node(node_.view());
    if (node.count() < node.capacity()) {
      node.Insert(child, key, EncodeBlockPointer(right));
      return nodes_.Write(at_node, NodeKind::kInternal, node_.view());
    }
    // Split: the upper half of the keys goes right, the one between them goes up.
    SVSM_ASSIGN_OR_RETURN(const std::uint64_t new_node, nodes_.Allocate(NodeKind::kInternal));
    SVSM_TRY(sibling_.Resize(node_.size()));
    InternalNode other(sibling_.view());
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
    SVSM_TRY(nodes_.Write(at_node, NodeKind::kInternal, node_.view()));
    SVSM_TRY(nodes_.Write(new_node, NodeKind::kInternal, sibling_.view()));
    key = up;
    right = new_node;
  }
  return GrowRoot(path, key, right);
}

Status InodeIndex::GrowRoot(const Path& path, std::uint64_t key, std::uint64_t right) {
  if (path.depth + 2 > kMaxIndexLevels) return Status(Code::kExhausted, Source::kCocoonfs);
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t root, nodes_.Allocate(NodeKind::kInternal));
  SVSM_TRY(node_.Resize(nodes_.PayloadSize(NodeKind::kInternal)));
  node_.Truncate(nodes_.PayloadSize(NodeKind::kInternal));
  InternalNode node(node_.view());
  const std::uint64_t old_root = path.depth == 0 ? path.leaf : path.node[0];
  node.Format(path.depth + 2, EncodeBlockPointer(old_root));
  node.Insert(0, key, EncodeBlockPointer(right));
  SVSM_TRY(nodes_.Write(root, NodeKind::kInternal, node_.view()));
  return SetRoot(root, NodeKind::kInternal);
}

Status InodeIndex::Remove(std::uint64_t inode) {
  Path path;
  SVSM_TRY(Descend(inode, path));
  SVSM_TRY(LoadLeaf(path.leaf, node_));
  LeafNode leaf(node_.view());
  const std::size_t at = leaf.LowerBound(inode);
  if (at == leaf.count() || leaf.key(at) != inode) return NotFound();
  leaf.Erase(at);
  if (path.depth != 0 && leaf.count() < leaf.minimum()) return RefillLeaf(path);
  return nodes_.Write(path.leaf, NodeKind::kLeaf, node_.view());
}

// node_ holds the leaf, not written yet.
Status InodeIndex::RefillLeaf(const Path& path) {
  const std::uint64_t at_parent = path.node[path.depth - 1];
  const std::uint32_t child = path.child[path.depth - 1];
  SVSM_TRY(LoadInternal(at_parent, 2, parent_));
  InternalNode parent(parent_.view());
  const bool left_is_sibling = child > 0;
  const std::size_t key = left_is_sibling ? child - 1 : child;
  const std::uint64_t at_sibling = parent.child(left_is_sibling ? child - 1 : child + 1) >> 7;
  SVSM_TRY(LoadLeaf(at_sibling, sibling_));
  LeafNode node(node_.view());
  LeafNode sibling(sibling_.view());
  LeafNode& left = left_is_sibling ? sibling : node;
  LeafNode& right = left_is_sibling ? node : sibling;
  const std::uint64_t at_left = left_is_sibling ? at_sibling : path.leaf;
  const std::uint64_t at_right = left_is_sibling ? path.leaf : at_sibling;
  if (sibling.count() > sibling.minimum()) {
    if (left_is_sibling) {
      right.Insert(0, left.entry(left.count() - 1));
      left.Erase(left.count() - 1);
    } else {
      left.Insert(left.count(), right.entry(0));
      right.Erase(0);
    }
    parent.set_key(key, right.key(0));
    SVSM_TRY(nodes_.Write(path.leaf, NodeKind::kLeaf, node_.view()));
    SVSM_TRY(nodes_.Write(at_sibling, NodeKind::kLeaf, sibling_.view()));
    return nodes_.Write(at_parent, NodeKind::kInternal, parent_.view());
  }
  for (std::size_t i = 0; i < right.count(); ++i) left.Insert(left.count(), right.entry(i));
  left.set_next(right.next());
  SVSM_TRY(
      nodes_.Write(at_left, NodeKind::kLeaf, left_is_sibling ? sibling_.view() : node_.view()));
  SVSM_TRY(nodes_.Free(at_right, NodeKind::kLeaf));
  return DropChild(path, path.depth - 1, key);
}

Status InodeIndex::DropChild(const Path& path, std::uint32_t depth, std::size_t key) {
  for (;;) {
    SVSM_TRY(LoadInternal(path.node[depth], 0, node_));
    InternalNode node(node_.view());
    node.Erase(key);
    if (depth == 0 && node.count() == 0) return ShrinkRoot(path, node);
    if (depth == 0 || node.count() >= node.minimum()) {
      return nodes_.Write(path.node[depth], NodeKind::kInternal, node_.view());
    }
    SVSM_ASSIGN_OR_RETURN(const bool merged, RefillInternal(path, depth, key));
    if (!merged) return OkStatus();
    --depth;
  }
}

// The root has one child left, which takes its place.
Status InodeIndex::ShrinkRoot(const Path& path, const InternalNode& root) {
  const bool to_leaf = root.level() == 2;
  const std::uint64_t only = root.child(0) >> 7;
  if (to_leaf && only != entry_leaf_) return Malformed(Region::kIndexInternal);
  SVSM_TRY(nodes_.Free(path.node[0], NodeKind::kInternal));
  return SetRoot(only, to_leaf ? NodeKind::kLeaf : NodeKind::kInternal);
}

// node_ holds the internal node at `depth`, not written yet. When true, it went together with its
// sibling, and the parent's `key` must go.
Result<bool> InodeIndex::RefillInternal(const Path& path, std::uint32_t depth, std::size_t& key) {
  const std::uint64_t at_node = path.node[depth];
  const std::uint64_t at_parent = path.node[depth - 1];
  const std::uint32_t child = path.child[depth - 1];
  SVSM_TRY(LoadInternal(at_parent, 0, parent_));
  InternalNode parent(parent_.view());
  const bool left_is_sibling = child > 0;
  key = left_is_sibling ? child - 1 : child;
  const std::uint64_t at_sibling = parent.child(left_is_sibling ? child - 1 : child + 1) >> 7;
  InternalNode node(node_.view());
  SVSM_TRY(LoadInternal(at_sibling, node.level(), sibling_));
  InternalNode sibling(sibling_.view());
  InternalNode& left = left_is_sibling ? sibling : node;
  InternalNode& right = left_is_sibling ? node : sibling;
  const std::uint64_t separator = parent.key(key);
  if (sibling.count() > sibling.minimum()) {
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
    SVSM_TRY(nodes_.Write(at_node, NodeKind::kInternal, node_.view()));
    SVSM_TRY(nodes_.Write(at_sibling, NodeKind::kInternal, sibling_.view()));
    SVSM_TRY(nodes_.Write(at_parent, NodeKind::kInternal, parent_.view()));
    return false;
  }
  left.Insert(left.count(), separator, right.child(0));
  for (std::size_t i = 0; i < right.count(); ++i) {
    left.Insert(left.count(), right.key(i), right.child(i + 1));
  }
  SVSM_TRY(nodes_.Write(left_is_sibling ? at_sibling : at_node, NodeKind::kInternal,
                        left_is_sibling ? sibling_.view() : node_.view()));
  SVSM_TRY(nodes_.Free(left_is_sibling ? at_node : at_sibling, NodeKind::kInternal));
  return true;
}

}  // namespace svsm::cocoonfs
