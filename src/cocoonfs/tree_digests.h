// The four kinds of digest that make the authentication tree.
#ifndef SVSM_SRC_COCOONFS_TREE_DIGESTS_H_
#define SVSM_SRC_COCOONFS_TREE_DIGESTS_H_

#include <cstdint>
#include <span>

#include "cocoonfs/extent.h"
#include "cocoonfs/keys.h"
#include "svsm/cocoonfs/layout.h"

namespace svsm::cocoonfs {

class TreeDigests {
 public:
  // Errors: kUnsupported, kOutOfMemory, kInternal. `keys` is not kept.
  Status Init(KeySet& keys);

  // Of a data block whose ciphertext is `data`. Bit i of `word` says that block i counts; the
  // others' bytes are not looked at. `data` may end early if no bit is set behind its end; with
  // word 0 it may be empty. All of these fill `out`, which has exactly the digest's size.
  // Errors: kInternal.
  Status DataBlock(std::uint64_t index, std::uint64_t word, ByteView data, ByteSpan out);
  // Of a node below the root; `last_index` as TreeShape::LastIndex() says.
  Status Node(std::uint64_t last_index, ByteView digests, ByteSpan out) const;
  Status Root(std::uint64_t last_index, ByteView digests, ByteView encrypted_counter,
              ByteView image_context, ByteSpan out);
  // Errors: kOutOfMemory (for a moment, the two lists), kInternal.
  Status ImageContext(std::uint64_t entry_leaf, std::uint64_t num_blocks,
                      std::span<const Extent> tree, std::span<const Extent> bitmap,
                      Allocator& allocator, ByteSpan out);

  std::size_t data_digest_bytes() const { return crypto::DigestSize(layout_.data_hash); }
  std::size_t node_digest_bytes() const { return crypto::DigestSize(layout_.node_hash); }
  std::size_t root_digest_bytes() const { return crypto::DigestSize(layout_.root_hash); }

 private:
  ImageLayout layout_;
  OwnedHmac data_;
  OwnedHmac root_;
  const crypto::Hash* node_ = nullptr;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_TREE_DIGESTS_H_
