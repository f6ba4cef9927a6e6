#include "cocoonfs/index_node.h"

#include "cocoonfs/extent.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/panic.h"
#include "svsm/core/wire.h"

namespace svsm::cocoonfs {
namespace {

// The moves of a few bytes are instructions of the processor, not calls: whoever looks for an inode
// does little else.
template <wire::Struct T>
auto Get(ByteView in, std::size_t at) {
  T field;
  __builtin_memcpy(&field, in.subspan(at, sizeof(T)).data(), sizeof(T));
  return field.get();
}
template <wire::Struct T>
void Put(ByteSpan out, std::size_t at, const T& field) {
  __builtin_memcpy(out.subspan(at, sizeof(T)).data(), &field, sizeof(T));
}

std::uint64_t Get64(ByteView in, std::size_t at) { return Get<wire::Le64>(in, at); }
std::uint32_t Get32(ByteView in, std::size_t at) { return Get<wire::Le32>(in, at); }
void Put64(ByteSpan out, std::size_t at, std::uint64_t value) { Put(out, at, wire::Le64(value)); }
void Put32(ByteSpan out, std::size_t at, std::uint32_t value) { Put(out, at, wire::Le32(value)); }

// Offsets in a leaf: next, M pointers, M keys, M flags, level.
constexpr std::size_t LeafPointerAt(std::size_t i) { return 8 + 8 * i; }
constexpr std::size_t LeafKeyAt(std::size_t m, std::size_t i) { return 8 + 8 * m + 8 * i; }
constexpr std::size_t LeafFlagsAt(std::size_t m, std::size_t i) { return 8 + 16 * m + 4 * i; }
constexpr std::size_t LeafLevelAt(std::size_t m) { return 8 + 20 * m; }
// And in an internal node: M + 1 children, M keys, level.
constexpr std::size_t ChildAt(std::size_t i) { return 8 * i; }
constexpr std::size_t KeyAt(std::size_t m, std::size_t i) { return 8 + 8 * m + 8 * i; }
constexpr std::size_t LevelAt(std::size_t m) { return 8 + 16 * m; }

// Keys in use: they stand at the front, and a free one is 0.
std::size_t CountKeys(ByteView keys, std::size_t capacity) {
  std::size_t low = 0;
  std::size_t high = capacity;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (Get64(keys, 8 * middle) != 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// The first of `count` keys that is not below (or, `above`, that is above) `inode`.
std::size_t Search(ByteView keys, std::size_t count, std::uint64_t inode, bool above) {
  std::size_t low = 0;
  std::size_t high = count;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const std::uint64_t key = Get64(keys, 8 * middle);
    if (key < inode || (above && key == inode)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Whether keys rise strictly from the front and are zero behind; `count` becomes their number.
bool KeysInOrder(ByteView keys, std::size_t capacity, std::size_t& count) {
  std::uint64_t previous = 0;
  count = 0;
  while (count < capacity) {
    const std::uint64_t key = Get64(keys, 8 * count);
    if (key == 0) break;
    if (key <= previous) return false;
    previous = key;
    ++count;
  }
  return IsZero(keys.subspan(8 * count, 8 * (capacity - count)));
}

bool IsBlockPointer(std::uint64_t raw) {
  const Result<std::uint64_t> pointer = DecodeBlockPointer(raw);
  return pointer.ok() && *pointer != kNilPointer;
}

}  // namespace

std::uint32_t LeafLevel(ByteView payload) {
  return Get32(payload, LeafLevelAt(LeafCapacity(payload.size())));
}

std::uint32_t InternalLevel(ByteView payload) {
  return Get32(payload, LevelAt(InternalCapacity(payload.size())));
}

LeafNode::LeafNode(ByteSpan payload) : payload_(payload), capacity_(LeafCapacity(payload.size())) {
  count_ = CountKeys(payload_.subspan(LeafKeyAt(capacity_, 0), 8 * capacity_), capacity_);
}

Status LeafNode::Check(ByteView payload) {
  const Status bad = Malformed(Region::kIndexLeaf);
  const std::size_t m = LeafCapacity(payload.size());
  if (Get32(payload, LeafLevelAt(m)) != 1) return bad;
  if (!DecodeBlockPointer(Get64(payload, 0)).ok()) return bad;
  std::size_t count = 0;
  if (!KeysInOrder(payload.subspan(LeafKeyAt(m, 0), 8 * m), m, count)) return bad;
  for (std::size_t i = 0; i < m; ++i) {
    const std::uint64_t raw = Get64(payload, LeafPointerAt(i));
    const std::uint32_t flags = Get32(payload, LeafFlagsAt(m, i));
    if (i >= count) {
      if (raw != kNilPointer || flags != 0) return bad;
      continue;
    }
    const Result<ExtentPointer> pointer = DecodeExtentPointer(raw);
    if (!pointer.ok() || pointer->nil || (flags & ~kUserFlagsMask) != 0) return bad;
  }
  return OkStatus();
}

void LeafNode::Format() {
  Fill(payload_, 0);
  Fill(payload_.first(LeafKeyAt(capacity_, 0)), 0xFF);
  Put32(payload_, LeafLevelAt(capacity_), 1);
  count_ = 0;
}

std::uint64_t LeafNode::next() const { return Get64(payload_, 0); }
void LeafNode::set_next(std::uint64_t pointer) { Put64(payload_, 0, pointer); }
std::uint64_t LeafNode::key(std::size_t i) const {
  return Get64(payload_, LeafKeyAt(capacity_, i));
}

IndexEntry LeafNode::entry(std::size_t i) const {
  return {key(i), Get64(payload_, LeafPointerAt(i)), Get32(payload_, LeafFlagsAt(capacity_, i))};
}

void LeafNode::set_entry(std::size_t i, const IndexEntry& entry) {
  SVSM_CHECK(i < count_ && entry.inode != 0);
  Put64(payload_, LeafPointerAt(i), entry.pointer);
  Put64(payload_, LeafKeyAt(capacity_, i), entry.inode);
  Put32(payload_, LeafFlagsAt(capacity_, i), entry.flags);
}

std::size_t LeafNode::LowerBound(std::uint64_t inode) const {
  return Search(payload_.subspan(LeafKeyAt(capacity_, 0), 8 * capacity_), count_, inode, false);
}

void LeafNode::Insert(std::size_t i, const IndexEntry& entry) {
  SVSM_CHECK(i <= count_ && count_ < capacity_);
  ++count_;
  for (std::size_t k = count_ - 1; k > i; --k) set_entry(k, this->entry(k - 1));
  set_entry(i, entry);
}

void LeafNode::Erase(std::size_t i) {
  SVSM_CHECK(i < count_);
  for (std::size_t k = i; k + 1 < count_; ++k) set_entry(k, entry(k + 1));
  --count_;
  Put64(payload_, LeafPointerAt(count_), kNilPointer);
  Put64(payload_, LeafKeyAt(capacity_, count_), 0);
  Put32(payload_, LeafFlagsAt(capacity_, count_), 0);
}

InternalNode::InternalNode(ByteSpan payload)
    : payload_(payload), capacity_(InternalCapacity(payload.size())) {
  count_ = CountKeys(payload_.subspan(KeyAt(capacity_, 0), 8 * capacity_), capacity_);
}

Status InternalNode::Check(ByteView payload, std::uint32_t level) {
  const Status bad = Malformed(Region::kIndexInternal);
  const std::size_t m = InternalCapacity(payload.size());
  const std::uint32_t stored = Get32(payload, LevelAt(m));
  if (stored < 2 || stored > kMaxIndexLevels || (level != 0 && stored != level)) return bad;
  std::size_t count = 0;
  if (!KeysInOrder(payload.subspan(KeyAt(m, 0), 8 * m), m, count) || count == 0) return bad;
  for (std::size_t i = 0; i <= m; ++i) {
    const std::uint64_t raw = Get64(payload, ChildAt(i));
    if (i <= count ? !IsBlockPointer(raw) : raw != kNilPointer) return bad;
  }
  return OkStatus();
}

void InternalNode::Format(std::uint32_t level, std::uint64_t child) {
  Fill(payload_, 0);
  Fill(payload_.first(KeyAt(capacity_, 0)), 0xFF);
  Put32(payload_, LevelAt(capacity_), level);
  count_ = 0;
  set_child(0, child);
}

std::uint32_t InternalNode::level() const { return Get32(payload_, LevelAt(capacity_)); }
std::uint64_t InternalNode::child(std::size_t i) const { return Get64(payload_, ChildAt(i)); }
void InternalNode::set_child(std::size_t i, std::uint64_t pointer) {
  SVSM_CHECK(i <= count_);
  Put64(payload_, ChildAt(i), pointer);
}
std::uint64_t InternalNode::key(std::size_t i) const {
  return Get64(payload_, KeyAt(capacity_, i));
}
void InternalNode::set_key(std::size_t i, std::uint64_t key) {
  SVSM_CHECK(i < count_ && key != 0);
  Put64(payload_, KeyAt(capacity_, i), key);
}

std::size_t InternalNode::ChildFor(std::uint64_t inode) const {
  return Search(payload_.subspan(KeyAt(capacity_, 0), 8 * capacity_), count_, inode, true);
}

void InternalNode::Insert(std::size_t i, std::uint64_t key, std::uint64_t right_child) {
  SVSM_CHECK(i <= count_ && count_ < capacity_);
  ++count_;
  for (std::size_t k = count_ - 1; k > i; --k) {
    set_key(k, this->key(k - 1));
    set_child(k + 1, child(k));
  }
  set_key(i, key);
  set_child(i + 1, right_child);
}

void InternalNode::Erase(std::size_t i) {
  SVSM_CHECK(i < count_);
  for (std::size_t k = i; k + 1 < count_; ++k) {
    set_key(k, key(k + 1));
    set_child(k + 1, child(k + 2));
  }
  Put64(payload_, ChildAt(count_), kNilPointer);
  --count_;
  Put64(payload_, KeyAt(capacity_, count_), 0);
}

}  // namespace svsm::cocoonfs
