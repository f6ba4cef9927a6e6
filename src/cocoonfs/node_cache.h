// Nodes of the inode index, authenticated and decrypted, for who comes by again. Each position has
// one place, which the last node that belongs there keeps.
#ifndef SVSM_SRC_COCOONFS_NODE_CACHE_H_
#define SVSM_SRC_COCOONFS_NODE_CACHE_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class NodeCache {
 public:
  // What one cache takes at most, if that is two nodes or more.
  static constexpr std::size_t kMaxBytes = 8 * 1024;
  static constexpr std::size_t kMaxNodes = 64;
  // Nodes that a cache of such payloads has: a power of two.
  static std::size_t NumNodes(std::size_t payload_bytes);
  static std::size_t SizeBytes(std::size_t payload_bytes) {
    return NumNodes(payload_bytes) * (payload_bytes + sizeof(std::uint64_t));
  }

  explicit NodeCache(Allocator& allocator) : positions_(allocator), payloads_(allocator) {}
  ~NodeCache() { Wipe(payloads_.view()); }
  NodeCache(const NodeCache&) = delete;
  NodeCache& operator=(const NodeCache&) = delete;

  // Empty from now on. Errors: kOutOfMemory.
  Status Init(std::size_t payload_bytes);
  bool ready() const { return !positions_.empty(); }
  void Clear();

  // The node's payload until the next Put(); empty if it is not there.
  ByteView Find(std::uint64_t first) const;
  void Put(std::uint64_t first, ByteView payload);

  // What there is of the node, to be replaced; empty if it is not there.
  ByteSpan Change(std::uint64_t first);
  // Forgets the node, if it is there.
  void Drop(std::uint64_t first);

 private:
  std::size_t PlaceOf(std::uint64_t first) const {
    return static_cast<std::size_t>((first * 0x9E3779B97F4A7C15) >> 32) & (positions_.size() - 1);
  }

  Vec<std::uint64_t> positions_;  // 0: none
  Vec<std::uint8_t> payloads_;
  std::size_t payload_bytes_ = 0;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_NODE_CACHE_H_
