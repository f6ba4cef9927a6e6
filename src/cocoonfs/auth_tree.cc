#include "cocoonfs/auth_tree.h"

#include "svsm/core/result.h"

namespace svsm::cocoonfs {
std::uint64_t AuthTree::AncestorIndex(std::uint32_t level, std::uint64_t index,
                                      std::uint32_t at) const {
  for (; level < at; ++level) index >>= shape_->fanout_log2(level + 1);
  return index;
}

std::size_t TreeNodeSet::LowerBound(std::uint32_t level, std::uint64_t index) const {
  const auto is_before = [&](const TreeNode& node) {
    return node.level < level || (node.level == level && node.index < index);
  };
  std::size_t low = 0;
  std::size_t high = nodes_.size();
  // Most come in order: it is the last, or belongs behind that.
  if (high != 0) {
    if (is_before(nodes_[high - 1])) return high;
    if (high == 1 || is_before(nodes_[high - 2])) return high - 1;
  }
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (is_before(nodes_[middle])) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

TreeNode* TreeNodeSet::Find(std::uint32_t level, std::uint64_t index) {
  const std::size_t at = LowerBound(level, index);
  if (at == nodes_.size() || nodes_[at].level != level || nodes_[at].index != index) return nullptr;
  return &nodes_[at];
}

Result<TreeNode*> TreeNodeSet::Add(std::uint32_t level, std::uint64_t index,
                                   std::size_t digests_bytes) {
  TreeNode node(nodes_.allocator());
  node.level = level;
  node.index = index;
  SVSM_TRY(node.digests.Reserve(digests_bytes));
  SVSM_TRY(node.digests.Resize(digests_bytes));
  const std::size_t at = LowerBound(level, index);
  SVSM_TRY(nodes_.Insert(at, std::move(node)));
  return &nodes_[at];
}

Status AuthTree::Init(const ImageLayout& layout, const TreeShape& shape, TreeDigests& digests,
                      BlockView& view, std::size_t cache_nodes) {
  shape_ = &shape;
  digests_ = &digests;
  view_ = &view;
  block_bytes_ = layout.allocation_block_bytes();
  data_block_bytes_ = layout.data_block_bytes();
  slot_bytes_ = (shape.max_digests_bytes() + block_bytes_ - 1) & ~(block_bytes_ - 1);
  const std::size_t least = 2 * std::size_t{shape.levels()};
  if (cache_nodes < least) cache_nodes = least;
  cache_.Release();
  slots_.Release();
  read_.Release();
  const std::size_t read = data_block_bytes_ > kTreeReadBytes ? data_block_bytes_ : kTreeReadBytes;
  SVSM_TRY(cache_.Reserve(cache_nodes * slot_bytes_));
  SVSM_TRY(cache_.Resize(cache_nodes * slot_bytes_));
  SVSM_TRY(slots_.Reserve(cache_nodes));
  SVSM_TRY(slots_.Resize(cache_nodes));
  SVSM_TRY(read_.Reserve(read));
  SVSM_TRY(read_.Resize(read));
  num_places_ = read / data_block_bytes_ < kMostPlaces ? read / data_block_bytes_ : kMostPlaces;
  found_ = 0;
  ForgetAll();
  made_.Clear();
  return OkStatus();
}

void AuthTree::ForgetAll() {
  for (Slot& slot : slots_) slot.used = 0;
  ForgetData();
}

AuthTree::Slot* AuthTree::FindSlot(std::uint32_t level, std::uint64_t index) {
  const auto is_it = [&](const Slot& slot) {
    return slot.used != 0 && slot.level == level && slot.index == index;
  };
  if (is_it(slots_[found_])) return &slots_[found_];
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!is_it(slots_[i])) continue;
    found_ = i;
    return &slots_[i];
  }
  return nullptr;
}

// Any but the first, which is the root's.
AuthTree::Slot& AuthTree::EvictSlot() {
  std::size_t oldest = 1;
  for (std::size_t i = 2; i < slots_.size(); ++i) {
    if (slots_[i].used < slots_[oldest].used) oldest = i;
  }
  slots_[oldest].used = 0;
  return slots_[oldest];
}

ByteSpan AuthTree::SlotBytes(const Slot& slot) {
  const auto at = static_cast<std::size_t>(&slot - slots_.data());
  return ByteSpan(cache_.view()).subspan(at * slot_bytes_, slot_bytes_);
}

Status AuthTree::ReadNode(std::uint32_t level, std::uint64_t index, ByteSpan out) {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t position, shape_->NodePosition(level, index));
  const std::size_t size = (shape_->digests_bytes(level) + block_bytes_ - 1) & ~(block_bytes_ - 1);
  return view_->Read(position, out.first(size));
}

Status AuthTree::SetRoot(ByteView root_digest, ByteView encrypted_counter, ByteView image_context) {
  ForgetAll();
  const std::uint32_t level = shape_->levels() - 1;
  ByteView digests;
  if (const TreeNode* const made = made_.Find(level, 0); made != nullptr) {
    digests = made->digests.view();
  } else {
    SVSM_TRY(ReadNode(level, 0, SlotBytes(slots_[0])));
    digests = SlotBytes(slots_[0]).first(shape_->digests_bytes(level));
  }
  Bytes<crypto::kMaxDigestSize> expected{};
  const ByteSpan digest = ByteSpan(expected).first(root_digest.size());
  SVSM_TRY(digests_->Root(shape_->LastIndex(level, 0), digests, encrypted_counter, image_context,
                          digest));
  if (!ConstantTimeEqual(digest, root_digest)) return AuthFailed(Region::kRootDigest);
  slots_[0] = Slot{level, 0, ++time_};
  return OkStatus();
}

void AuthTree::AdoptMade(TreeNodeSet&& nodes) {
  made_ = std::move(nodes);
  for (const TreeNode& node : made_.view()) {
    Slot* const slot = FindSlot(node.level, node.index);
    if (slot == nullptr) continue;
    Copy(SlotBytes(*slot), node.digests.view());
  }
}

Result<ByteView> AuthTree::Known(std::uint32_t level, std::uint64_t index) {
  if (const TreeNode* const made = made_.Find(level, index); made != nullptr) {
    return ByteView(made->digests.view());
  }
  Slot* const slot = FindSlot(level, index);
  if (slot == nullptr) return Status(Code::kNotFound, Source::kCocoonfs);
  slot->used = ++time_;
  return ByteView(SlotBytes(*slot).first(shape_->digests_bytes(level)));
}

Status AuthTree::LoadChild(std::uint32_t level, std::uint64_t index, ByteView digest) {
  Slot& slot = EvictSlot();
  const ByteSpan bytes = SlotBytes(slot);
  SVSM_TRY(ReadNode(level, index, bytes));
  Bytes<crypto::kMaxDigestSize> computed{};
  const ByteSpan used = ByteSpan(computed).first(digest.size());
  SVSM_TRY(digests_->Node(shape_->LastIndex(level, index),
                          bytes.first(shape_->digests_bytes(level)), used));
  if (!ConstantTimeEqual(used, digest)) return AuthFailed(Region::kTreeNode);
  slot = Slot{level, index, ++time_};
  return OkStatus();
}

Result<ByteView> AuthTree::Node(std::uint32_t level, std::uint64_t index) {
  // Up to a node that is known (the root always is), and down again.
  std::uint32_t at = level;
  Result<ByteView> node = Known(level, index);
  while (!node.ok()) {
    if (++at >= shape_->levels()) return AuthFailed(Region::kRootDigest);
    node = Result<ByteView>(Known(at, AncestorIndex(level, index, at)));
  }
  Bytes<crypto::kMaxDigestSize> digest{};
  const std::size_t digest_bytes = shape_->digest_bytes(1);
  while (at != level) {
    const std::uint64_t child = AncestorIndex(level, index, at - 1);
    const std::size_t entry = static_cast<std::size_t>(child & (shape_->entries(at) - 1));
    Copy(digest, node->subspan(entry * digest_bytes, digest_bytes));
    --at;
    SVSM_TRY(LoadChild(at, child, ByteView(digest).first(digest_bytes)));
    node = Known(at, child);
  }
  return node;
}

Result<ByteView> AuthTree::DataDigest(std::uint64_t index) {
  SVSM_ASSIGN_OR_RETURN(const ByteView leaf, Node(0, shape_->NodeAbove(0, index)));
  const std::size_t size = shape_->digest_bytes(0);
  return leaf.subspan(shape_->EntryAbove(0, index) * size, size);
}

// Whether the tree holds these digests for the data blocks from `index` on.
Status AuthTree::CheckDigests(std::uint64_t index, ByteView digests) {
  const std::size_t size = shape_->digest_bytes(0);
  while (!digests.empty()) {
    SVSM_ASSIGN_OR_RETURN(const ByteView leaf, Node(0, shape_->NodeAbove(0, index)));
    const ByteView held = leaf.subspan(shape_->EntryAbove(0, index) * size);
    const std::size_t used = held.size() < digests.size() ? held.size() : digests.size();
    if (!ConstantTimeEqual(held.first(used), digests.first(used))) {
      return AuthFailed(Region::kTreeData);
    }
    digests = digests.subspan(used);
    index += used / size;
  }
  return OkStatus();
}

Status AuthTree::CheckBlock(std::uint64_t index, std::uint64_t word, ByteView data) {
  Bytes<crypto::kMaxDigestSize> computed{};
  const ByteSpan used = ByteSpan(computed).first(shape_->digest_bytes(0));
  SVSM_TRY(digests_->DataBlock(index, word, data, used));
  return CheckDigests(index, used);
}

Status AuthTree::CheckRun(std::uint64_t index, std::uint64_t word, ByteView data) {
  const std::uint64_t unit = data_block_bytes_ / block_bytes_;
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - unit);
  const std::size_t size = shape_->digest_bytes(0);
  Bytes<kMaxRun * crypto::kMaxDigestSize> computed;
  TreeDigests::Batch batch(*digests_);
  std::size_t count = 0;
  for (; !data.empty(); ++count) {
    const ByteView block = data.size() < data_block_bytes_ ? data : data.first(data_block_bytes_);
    SVSM_TRY(batch.Add(index + count, word & mask, block,
                       ByteSpan(computed).subspan(count * size, size)));
    word = unit == 64 ? 0 : word >> unit;
    data = data.subspan(block.size());
  }
  SVSM_TRY(batch.Finish());
  return CheckDigests(index, ByteView(computed).first(count * size));
}

template <typename Word>
Status AuthTree::CheckRuns(std::uint64_t first, ByteView data, Word&& word_of) {
  // As many blocks as have a bit in a word.
  const std::size_t batch = kMaxRun * data_block_bytes_;
  const std::size_t most = batch < 64 * block_bytes_ ? batch : 64 * block_bytes_;
  while (!data.empty()) {
    const ByteView run = data.size() < most ? data : data.first(most);
    const auto count = static_cast<std::uint32_t>(run.size() / block_bytes_);
    SVSM_TRY(CheckRun(shape_->DataIndex(first), word_of(first, count), run));
    first += count;
    data = data.subspan(run.size());
  }
  return OkStatus();
}

Status AuthTree::CheckData(const Allocation& allocation, std::uint64_t first, ByteView data) {
  return CheckRuns(first, data, [&](std::uint64_t at, std::uint32_t count) {
    return allocation.Word(at, count);
  });
}

Status AuthTree::CheckAllocatedData(std::uint64_t first, ByteView data) {
  return CheckRuns(first, data, [](std::uint64_t, std::uint32_t count) {
    return ~std::uint64_t{0} >> (64 - count);
  });
}

Status AuthTree::ReadData(const Allocation& allocation, std::uint64_t first, ByteSpan out) {
  SVSM_TRY(view_->Read(first, out));
  return CheckData(allocation, first, out);
}

void AuthTree::ForgetData() {
  for (std::uint64_t& place : places_) place = kNilPointer;
  next_place_ = 0;
}

ByteSpan AuthTree::FindData(std::uint64_t first) {
  for (std::size_t i = 0; i < num_places_; ++i) {
    if (places_[i] == first) return Place(i);
  }
  return {};
}

Status AuthTree::LoadData(const Allocation& allocation, std::uint64_t first, const Extent& extent) {
  const std::uint64_t unit = data_block_bytes_ / block_bytes_;
  std::size_t count = 1;
  while (count < num_places_ && first + count * unit < extent.end() &&
         FindData(first + count * unit).empty()) {
    ++count;
  }
  if (count > num_places_ - next_place_) next_place_ = 0;
  const std::size_t place = next_place_;
  for (std::size_t i = 0; i < count; ++i) places_[place + i] = kNilPointer;
  std::uint64_t end = first + count * unit;
  if (end > allocation.bitmap().num_blocks()) end = allocation.bitmap().num_blocks();
  const auto bytes = static_cast<std::size_t>(end - first) * block_bytes_;
  SVSM_TRY(ReadData(allocation, first,
                    ByteSpan(read_.view()).subspan(place * data_block_bytes_, bytes)));
  for (std::size_t i = 0; i < count; ++i) places_[place + i] = first + i * unit;
  next_place_ = (place + count) % num_places_;
  return OkStatus();
}

Status AuthTree::ReadChecked(const Allocation& allocation, const Extent& extent, ByteSpan out,
                             Region region) {
  const std::uint64_t num_blocks = allocation.bitmap().num_blocks();
  if (extent.first > num_blocks || extent.count > num_blocks - extent.first ||
      shape_->TouchesTree(extent)) {
    return Malformed(region);
  }
  const std::uint64_t unit = data_block_bytes_ / block_bytes_;
  Extent left = extent;
  while (left.count != 0) {
    const std::uint64_t first = left.first & ~(unit - 1);
    if (FindData(first).empty()) SVSM_TRY(LoadData(allocation, first, left));
    const std::uint64_t skip = left.first - first;
    const std::uint64_t count = left.count < unit - skip ? left.count : unit - skip;
    const auto count32 = static_cast<std::uint32_t>(count);
    if (allocation.Word(left.first, count32) != ~std::uint64_t{0} >> (64 - count)) {
      return Malformed(region);  // digests say nothing about these bytes
    }
    const auto bytes = static_cast<std::size_t>(count) * block_bytes_;
    Copy(out, FindData(first).subspan(static_cast<std::size_t>(skip) * block_bytes_, bytes));
    out = out.subspan(bytes);
    left = Extent{left.first + count, left.count - count};
  }
  return OkStatus();
}

}  // namespace svsm::cocoonfs
