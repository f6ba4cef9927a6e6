#include "cocoonfs/verifier.h"

namespace svsm::cocoonfs {

void IndexWalk::Bad(Region region, std::uint64_t first, std::uint64_t count) {
  verifier_.Add(Problem::kMalformed, region, 0, {first, count});
}

bool IndexWalk::ClaimNode(std::uint64_t first, NodeKind kind) {
  const Region region = kind == NodeKind::kLeaf ? Region::kIndexLeaf : Region::kIndexInternal;
  return verifier_.Claim({first, nodes_.NodeBlocks(kind)}, region, 0);
}

Result<ExtentPointer> IndexWalk::FindRoot() {
  SVSM_ASSIGN_OR_RETURN(const ByteView payload,
                        nodes_.Read(volume_.header.entry_leaf, NodeKind::kLeaf));
  const LeafNode leaf = LeafNode::View(payload);
  const std::size_t at = leaf.LowerBound(kIndexRootInode);
  if (at == leaf.count() || leaf.key(at) != kIndexRootInode) return Malformed(Region::kEntryLeaf);
  return DecodeExtentPointer(leaf.entry(at).pointer);
}

Status IndexWalk::CheckEntries(const LeafNode& leaf) {
  for (std::size_t i = 0; i < leaf.count(); ++i) {
    const IndexEntry entry = leaf.entry(i);
    if (entry.inode >= kFirstUserInode) {
      SVSM_TRY(verifier_.CheckFile(entry));
    } else if (entry.inode > kIndexRootInode) {
      verifier_.Add(Problem::kMalformed, Region::kIndexLeaf, entry.inode, {});
    }
  }
  return OkStatus();
}

Status IndexWalk::CheckLeaf(const Place& place) {
  const std::uint64_t blocks = nodes_.NodeBlocks(NodeKind::kLeaf);
  if (!ClaimNode(place.first, NodeKind::kLeaf)) return OkStatus();
  ++verifier_.report_.num_index_leaves;
  if (next_leaf_ != EncodeBlockPointer(place.first)) Bad(Region::kIndexLeaf, place.first, blocks);
  next_leaf_ = kNilPointer;
  const Result<ByteView> payload = nodes_.Read(place.first, NodeKind::kLeaf);
  if (!payload.ok()) {
    return verifier_.Note(payload.status(), Region::kIndexLeaf, 0, {place.first, blocks});
  }
  const LeafNode leaf = LeafNode::View(*payload);
  next_leaf_ = leaf.next();
  const bool is_root = path_.empty();
  if (leaf.count() == 0 || (!is_root && leaf.count() < leaf.minimum()) || leaf.key(0) < place.low ||
      (place.high != 0 && leaf.key(leaf.count() - 1) >= place.high)) {
    Bad(Region::kIndexLeaf, place.first, blocks);
  }
  return CheckEntries(leaf);
}

Status IndexWalk::CheckInternal(const Place& place, const InternalNode& node) {
  const std::uint64_t blocks = nodes_.NodeBlocks(NodeKind::kInternal);
  const bool is_root = path_.size() == 1;
  if ((!is_root && node.count() < node.minimum()) || node.count() == 0 || node.key(0) < place.low ||
      (place.high != 0 && node.key(node.count() - 1) >= place.high)) {
    Bad(Region::kIndexInternal, place.first, blocks);
  }
  ++verifier_.report_.num_index_internals;
  return OkStatus();
}

Status IndexWalk::Step() {
  Place& place = path_.back();
  const std::uint64_t blocks = nodes_.NodeBlocks(NodeKind::kInternal);
  if (place.child == 0 && !ClaimNode(place.first, NodeKind::kInternal)) {
    path_.PopBack();
    return OkStatus();
  }
  const Result<ByteView> payload = nodes_.Read(place.first, NodeKind::kInternal);
  const Status status =
      payload.ok() ? InternalNode::Check(*payload, place.level) : payload.status();
  if (!status.ok()) {
    path_.PopBack();
    return verifier_.Note(status, Region::kIndexInternal, 0, {place.first, blocks});
  }
  const InternalNode node = InternalNode::View(*payload);
  place.level = node.level();
  if (place.child == 0) SVSM_TRY(CheckInternal(place, node));
  if (place.child > node.count()) {
    path_.PopBack();
    return OkStatus();
  }
  const std::size_t i = place.child++;
  Place child;
  child.first = node.child(i) >> 7;
  child.level = place.level - 1;
  child.low = i == 0 ? place.low : node.key(i - 1);
  child.high = i == node.count() ? place.high : node.key(i);
  if (child.level == 1) return CheckLeaf(child);
  if (path_.size() == kMaxIndexLevels) {
    Bad(Region::kIndexInternal, place.first, blocks);
    return OkStatus();
  }
  return path_.PushBack(child);
}

Status IndexWalk::Run() {
  const Result<ExtentPointer> root = FindRoot();
  if (!root.ok()) {
    return verifier_.Note(root.status(), Region::kEntryLeaf, 0,
                          {volume_.header.entry_leaf, volume_.layout.index_leaf()});
  }
  Place place;
  place.first = root->extent.first;
  const bool is_leaf = place.first == volume_.header.entry_leaf;
  const std::uint64_t blocks = nodes_.NodeBlocks(is_leaf ? NodeKind::kLeaf : NodeKind::kInternal);
  if (root->nil || root->indirect || root->extent.count != blocks) {
    Bad(Region::kEntryLeaf, volume_.header.entry_leaf, volume_.layout.index_leaf());
    return OkStatus();
  }
  if (is_leaf) {
    SVSM_TRY(CheckLeaf(place));
  } else {
    SVSM_TRY(path_.PushBack(place));
    while (!path_.empty()) SVSM_TRY(Step());
  }
  if (next_leaf_ != kNilPointer) {
    Bad(Region::kIndexLeaf, next_leaf_ >> 7, nodes_.NodeBlocks(NodeKind::kLeaf));
  }
  return OkStatus();
}

}  // namespace svsm::cocoonfs
