// svsm/cocoonfs/layout.h: the parameters that an image is made with, and the sizes that follow.
//
//   ImageLayout layout;                          // 128 B blocks, AES-128, SHA-256
//   layout.io_block_log2 = 5;                    // 4 KiB IO blocks
//   SVSM_TRY(layout.Validate());
//
// Positions and counts in this room are in *allocation blocks*, the unit of allocation, unless a
// name says bytes. Four more block sizes are multiples of it: the IO block (a write to one never
// damages another), the data block (what one digest of the tree covers), the bitmap file's block,
// the index nodes.
//
// Profile: freestanding. Allocates: never. Threads: a value. Format: src/cocoonfs/FORMAT.md,
// "Layout".
#ifndef SVSM_COCOONFS_LAYOUT_H_
#define SVSM_COCOONFS_LAYOUT_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/block_cipher.h"
#include "svsm/crypto/hash.h"

namespace svsm::cocoonfs {

// The version of the format that is read and written.
inline constexpr std::uint8_t kFormatVersion = 1;
inline constexpr std::size_t kMaxSaltSize = 255;

// A salt of 0 to 255 bytes.
struct Salt {
  std::uint8_t size = 0;
  Bytes<kMaxSaltSize> bytes{};
  ByteView view() const { return ByteView(bytes).first(size); }
};

// Numbers of the TCG Algorithm Registry. Errors: kUnsupported (detail = the number).
Result<crypto::HashAlg> HashFromTcg(std::uint16_t id);
Result<crypto::BlockCipherAlg> CipherFromTcg(std::uint16_t id);
std::uint16_t TcgId(crypto::HashAlg alg);
std::uint16_t TcgId(crypto::BlockCipherAlg alg);

struct ImageLayout {
  static constexpr std::size_t kEncodedSize = 21;

  // Binary logarithms; the unit is in the comment.
  std::uint8_t allocation_block_log2 = 0;                   // 128 bytes
  std::uint8_t io_block_log2 = 2;                           // allocation blocks; 6 at most
  std::uint8_t tree_node_log2 = 1;                          // IO blocks
  std::uint8_t data_block_log2 = 2;                         // allocation blocks; 6 at most
  std::uint8_t bitmap_block_log2 = 2;                       // allocation blocks
  std::uint8_t index_leaf_log2 = 0;                         // allocation blocks; 6 at most
  std::uint8_t index_internal_log2 = 0;                     // allocation blocks; 6 at most
  crypto::HashAlg node_hash = crypto::HashAlg::kSha256;     // tree nodes
  crypto::HashAlg data_hash = crypto::HashAlg::kSha256;     // HMAC of data blocks
  crypto::HashAlg root_hash = crypto::HashAlg::kSha256;     // HMAC of the tree's root
  crypto::HashAlg preauth_hash = crypto::HashAlg::kSha256;  // HMAC of what is read before the tree
  crypto::HashAlg kdf_hash = crypto::HashAlg::kSha256;      // derivation of keys
  crypto::BlockCipherAlg cipher = crypto::BlockCipherAlg::kAes;
  std::uint16_t key_bits = 128;

  // Whether the parameters are in their ranges and fit each other. No block may be larger than 1
  // GiB.
  // Errors: kInvalidArgument (detail = offset of the parameter in the encoding), kUnsupported (a
  // block that the format knows, but that is larger than 1 GiB; detail likewise).
  Status Validate() const;

  // Errors: kMalformed (Region::kStaticHeader), kUnsupported (an algorithm; detail = its number; or
  // a block larger than 1 GiB).
  static Result<ImageLayout> Decode(FixedView<kEncodedSize> in);
  Bytes<kEncodedSize> Encode() const;

  // Of a valid layout. In allocation blocks:
  std::uint64_t io_block() const { return std::uint64_t{1} << io_block_log2; }
  std::uint64_t data_block() const { return std::uint64_t{1} << data_block_log2; }
  // The larger of the two: what journal, tree and auxiliary extents are aligned to.
  std::uint64_t journal_block() const {
    return io_block_log2 > data_block_log2 ? io_block() : data_block();
  }
  std::uint64_t tree_node() const { return std::uint64_t{1} << (tree_node_log2 + io_block_log2); }
  std::uint64_t bitmap_block() const { return std::uint64_t{1} << bitmap_block_log2; }
  std::uint64_t index_leaf() const { return std::uint64_t{1} << index_leaf_log2; }
  std::uint64_t index_internal() const { return std::uint64_t{1} << index_internal_log2; }
  // Allocation blocks that hold `size_bytes`.
  std::uint64_t BlocksFor(std::uint64_t size_bytes) const {
    return (size_bytes >> (allocation_block_log2 + 7U)) +
           ((size_bytes & (allocation_block_bytes() - 1)) != 0 ? 1 : 0);
  }

  // In bytes:
  std::size_t allocation_block_bytes() const { return std::size_t{128} << allocation_block_log2; }
  std::size_t io_block_bytes() const { return allocation_block_bytes() << io_block_log2; }
  std::size_t data_block_bytes() const { return allocation_block_bytes() << data_block_log2; }
  std::size_t tree_node_bytes() const { return io_block_bytes() << tree_node_log2; }
  std::size_t bitmap_block_bytes() const { return allocation_block_bytes() << bitmap_block_log2; }
  std::size_t index_leaf_bytes() const { return allocation_block_bytes() << index_leaf_log2; }
  std::size_t index_internal_bytes() const {
    return allocation_block_bytes() << index_internal_log2;
  }
  std::size_t cipher_key_bytes() const { return key_bits / 8U; }
  // What is left of an encrypted block behind its IV.
  static constexpr std::size_t EncryptedBlockPayload(std::size_t block_bytes) {
    return block_bytes - crypto::kCipherBlockSize;
  }
  // Words of the bitmap in one block of its file.
  std::size_t bitmap_words_per_block() const {
    return EncryptedBlockPayload(bitmap_block_bytes()) / 8;
  }

  friend bool operator==(const ImageLayout&, const ImageLayout&) = default;
};

// The memory, in bytes, that suffices to open an image of `num_blocks` allocation blocks without a
// pending journal, and to list and read its files, in extents lists of up to 64 extents each, with
// a HeapAllocator. What a backend takes from its own heap is not counted.
std::size_t WorkspaceSize(const ImageLayout& layout, std::uint64_t num_blocks);

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_LAYOUT_H_
