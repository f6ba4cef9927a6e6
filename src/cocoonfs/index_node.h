// Nodes of the inode index: views over a decrypted node's payload, checked before they are used.
//
// A payload is what an encrypted block holds behind its IV. Leaf: next pointer, M extent pointers,
// M keys, M flags, level 1. Internal node: M + 1 block pointers, M keys, level.
#ifndef SVSM_SRC_COCOONFS_INDEX_NODE_H_
#define SVSM_SRC_COCOONFS_INDEX_NODE_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"

namespace svsm::cocoonfs {

// Inodes with an entry of their own in the entry leaf.
inline constexpr std::uint64_t kTreeInode = 1;
inline constexpr std::uint64_t kBitmapInode = 2;
inline constexpr std::uint64_t kIndexRootInode = 3;
// Keys only.
inline constexpr std::uint64_t kJournalInode = 5;
inline constexpr std::uint64_t kCounterInode = 6;
// The first inode that is a caller's.
inline constexpr std::uint64_t kFirstUserInode = 16;
// User flags are the low eight bits, the rest is zero.
inline constexpr std::uint32_t kUserFlagsMask = 0xFF;

struct IndexEntry {
  std::uint64_t inode = 0;
  std::uint64_t pointer = 0;  // encoded extent pointer
  std::uint32_t flags = 0;
};

// Levels of a tree, the leaves being 1: bounds every descent.
inline constexpr std::uint32_t kMaxIndexLevels = 40;

constexpr std::size_t LeafCapacity(std::size_t payload_size) { return (payload_size - 12) / 20; }
constexpr std::size_t LeafMinimum(std::size_t capacity) { return (capacity + 1) / 2; }
constexpr std::size_t InternalCapacity(std::size_t payload_size) {
  return (payload_size - 12) / 16;
}
constexpr std::size_t InternalMinimum(std::size_t capacity) { return (capacity - 1) / 2; }

// Over a span that the caller keeps. A LeafNode of outside bytes must pass Check() first.
class LeafNode {
 public:
  explicit LeafNode(ByteSpan payload);

  // A look at a node that stays as it is: what changes it may not be called.
  static LeafNode View(ByteView payload) {
    return LeafNode({const_cast<std::uint8_t*>(payload.data()), payload.size()});
  }

  // The node's form: level, keys rising strictly and used from the front, free slots empty,
  // reserved flags clear, pointers well-formed and not NIL. Errors: kMalformed
  // (Region::kIndexLeaf).
  static Status Check(ByteView payload);
  // Makes an empty leaf.
  void Format();

  std::size_t capacity() const { return capacity_; }
  std::size_t minimum() const { return LeafMinimum(capacity_); }
  std::size_t count() const { return count_; }
  // Encoded block pointer, kNilPointer at the end.
  std::uint64_t next() const;
  void set_next(std::uint64_t pointer);
  IndexEntry entry(std::size_t i) const;
  std::uint64_t key(std::size_t i) const;
  void set_entry(std::size_t i, const IndexEntry& entry);
  // The first entry whose key is not below `inode`; count() if there is none.
  std::size_t LowerBound(std::uint64_t inode) const;
  // There must be room.
  void Insert(std::size_t i, const IndexEntry& entry);
  void Erase(std::size_t i);

 private:
  ByteSpan payload_;
  std::size_t capacity_;
  std::size_t count_;
};

class InternalNode {
 public:
  explicit InternalNode(ByteSpan payload);

  // As LeafNode::View().
  static InternalNode View(ByteView payload) {
    return InternalNode({const_cast<std::uint8_t*>(payload.data()), payload.size()});
  }

  // As LeafNode::Check(); `level` is what the parent (or the entry leaf, where 0 means any from 2
  // on) says it must be. Errors: kMalformed (Region::kIndexInternal).
  static Status Check(ByteView payload, std::uint32_t level);
  // Makes a node with one child and no key.
  void Format(std::uint32_t level, std::uint64_t child);

  std::size_t capacity() const { return capacity_; }
  std::size_t minimum() const { return InternalMinimum(capacity_); }
  std::size_t count() const { return count_; }  // keys; children are one more
  std::uint32_t level() const;
  std::uint64_t child(std::size_t i) const;  // encoded block pointer
  void set_child(std::size_t i, std::uint64_t pointer);
  std::uint64_t key(std::size_t i) const;
  void set_key(std::size_t i, std::uint64_t key);
  // Index of the child below which `inode` is.
  std::size_t ChildFor(std::uint64_t inode) const;
  // Key `i` and the child to its right.
  void Insert(std::size_t i, std::uint64_t key, std::uint64_t right_child);
  void Erase(std::size_t i);

 private:
  ByteSpan payload_;
  std::size_t capacity_;
  std::size_t count_;
};

// The level field of a node's payload, whichever kind its size is for.
std::uint32_t LeafLevel(ByteView payload);
std::uint32_t InternalLevel(ByteView payload);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_INDEX_NODE_H_
