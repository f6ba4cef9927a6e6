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
  class Batch;

  // Errors: kUnsupported, kOutOfMemory, kInternal. `keys` is not kept.
  Status Init(KeySet& keys);

  // Of a data block whose ciphertext is `data`. Bit i of `word` says that block i counts; the
  // others' bytes are not looked at. `data` may end early if no bit is set behind its end; with
  // word 0 it may be empty. All of these fill `out`, which has exactly the digest's size.
  // Errors: kInternal.
  Status DataBlock(std::uint64_t index, std::uint64_t word, ByteView data, ByteSpan out);
  // Of data blocks from `index` on of which nothing counts, as many as `out` has room for.
  Status FreeBlocks(std::uint64_t index, ByteSpan out);
  // Of data blocks from `index` on that count as a whole, one after the other in `data`, while
  // `cipher`, which is of the same backend, encrypts `in` to `out`. `digests` is zero after a
  // failure, and so is `out`.
  Status BlocksWhileEncrypting(std::uint64_t index, ByteView data, ByteSpan digests,
                               crypto::BlockCipher& cipher, FixedView<crypto::kCipherBlockSize> iv,
                               ByteView in, ByteSpan out);
  static constexpr std::size_t kMostWhileEncrypting = 8;
  // Of a node below the root; `last_index` as TreeShape::LastIndex() says.
  Status Node(std::uint64_t last_index, ByteView digests, ByteSpan out) const;
  // Two of them.
  struct NodeInput {
    std::uint64_t last_index = 0;
    ByteView digests;
    ByteSpan out;
  };
  Status TwoNodes(const NodeInput& a, const NodeInput& b) const;
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
  // What lies behind a data block's bytes.
  static constexpr std::size_t kDataContextBytes = 18;
  static Bytes<10> NodeContext(std::uint64_t last_index);
  static void PutDataContext(std::uint64_t index, std::uint64_t word,
                             FixedSpan<kDataContextBytes> out);
  // Whether the blocks that count are one run from the first on, or none.
  static bool IsOneRun(std::uint64_t word) { return (word & (word + 1)) == 0; }
  ByteView FirstRun(std::uint64_t word, ByteView data) const;

  ImageLayout layout_;
  const crypto::Symmetric* symmetric_ = nullptr;
  OwnedHmac data_;
  OwnedHmac root_;
  const crypto::Hash* node_ = nullptr;
};

// Digests of data blocks that are worked out several at a time.
//
//   TreeDigests::Batch batch(digests);
//   SVSM_TRY(batch.Add(index, word, data, out));
//   SVSM_TRY(batch.Finish());
class TreeDigests::Batch {
 public:
  static constexpr std::size_t kMost = 16;

  explicit Batch(TreeDigests& digests) : digests_(digests) {}
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // As DataBlock(), but `data` must stay as it is, and `out` is not filled, until Finish() or the
  // next Add() but kMost.
  Status Add(std::uint64_t index, std::uint64_t word, ByteView data, ByteSpan out);
  Status Finish();

 private:
  TreeDigests& digests_;
  std::size_t size_ = 0;
  Bytes<kDataContextBytes> contexts_[kMost];
  ByteView parts_[kMost][2];
  crypto::HmacMessage messages_[kMost];
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_TREE_DIGESTS_H_
