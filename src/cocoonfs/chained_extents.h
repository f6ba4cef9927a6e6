// Bytes in a chain of encrypted extents, of which only the first is known from outside: lists of
// extents, and the journal's log. With tags, each extent is authenticated before it is decrypted.
//
// First extent: plain header | tag | IV | padding | ciphertext; later ones: tag | padding |
// ciphertext. The plaintext of each begins with the pointer to the next.
#ifndef SVSM_SRC_COCOONFS_CHAINED_EXTENTS_H_
#define SVSM_SRC_COCOONFS_CHAINED_EXTENTS_H_

#include <cstdint>

#include "cocoonfs/extent.h"
#include "cocoonfs/keys.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/bytes.h"
#include "svsm/core/vec.h"
#include "svsm/crypto/rng.h"

namespace svsm::cocoonfs {

// How a chain is made: from the layout and what it is for.
struct ChainFormat {
  std::size_t plain_header_bytes = 0;
  std::size_t tag_bytes = 0;  // 0: without tags
  std::uint16_t cipher_id = 0;
  std::uint16_t key_bits = 0;
  std::size_t block_bytes = 128;  // an allocation block

  // Bytes of payload (without the next pointer; padding takes 1 to 16 of the last extent's) that an
  // extent of `count` blocks holds; 0 if it is too small to be one.
  std::size_t Capacity(std::uint64_t count, bool first) const;
};

// The extents list of an inode: tagged for the tree's and the bitmap's own.
ChainFormat ListChainFormat(const ImageLayout& layout, std::uint64_t inode);
// The journal's log.
ChainFormat JournalChainFormat(const ImageLayout& layout);
// Bytes of the journal head's plain header: magic, integrity section, two auxiliary pointers.
std::size_t JournalPlainHeaderBytes(const ImageLayout& layout);

// What is authenticated with each extent beside it.
Bytes<10> ListAssociatedData(std::uint64_t inode);
Bytes<ImageLayout::kEncodedSize + 2> JournalAssociatedData(const ImageLayout& layout);

// Takes the extents of a chain in their order.
class ChainDecoder {
 public:
  // `hmac` is null for a chain without tags. Keeps references to all but `format`;
  // `associated_data` must outlive the object.
  ChainDecoder(const ChainFormat& format, crypto::BlockCipher& cipher, crypto::Hmac* hmac,
               ByteView associated_data)
      : format_(format), cipher_(cipher), hmac_(hmac), associated_data_(associated_data) {}

  // One extent, as it is on the image (for the journal's head, with the integrity protection taken
  // off). Appends its plaintext behind the pointer to `out`, and gives the next extent, nil at the
  // end. Errors: kAuthFailed (`region`), kMalformed (`region`: size or pointer), kOutOfMemory.
  Result<ExtentPointer> Next(ByteView extent, Vec<std::uint8_t>& out, Region region);
  // After the last extent: takes the padding off `out`. Errors: kMalformed (`region`).
  Status Finish(Vec<std::uint8_t>& out, Region region) const;

 private:
  Status CheckTag(ByteView extent, bool first, Region region);

  ChainFormat format_;
  crypto::BlockCipher& cipher_;
  crypto::Hmac* hmac_;
  ByteView associated_data_;
  Bytes<crypto::kCipherBlockSize> carry_{};
  Bytes<crypto::kMaxDigestSize> tag_{};
  bool first_ = true;
};

// Makes the extents of a chain in their order.
class ChainEncoder {
 public:
  ChainEncoder(const ChainFormat& format, crypto::BlockCipher& cipher, crypto::Hmac* hmac,
               ByteView associated_data)
      : format_(format), cipher_(cipher), hmac_(hmac), associated_data_(associated_data) {}

  // Fills `extent` (whose plain header, if it is the first, is there already) with as much of
  // `payload` as fits, and says how much that was. `next` is nil for the last, which must have room
  // for the rest and a byte of padding. Errors: kInvalidArgument (sizes), those of the rng,
  // kInternal.
  Result<std::size_t> Next(ByteView payload, const Extent* next, crypto::Rng& rng, ByteSpan extent);

 private:
  ChainFormat format_;
  crypto::BlockCipher& cipher_;
  crypto::Hmac* hmac_;
  ByteView associated_data_;
  Bytes<crypto::kCipherBlockSize> carry_{};
  Bytes<crypto::kMaxDigestSize> tag_{};
  bool first_ = true;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_CHAINED_EXTENTS_H_
