// The two headers at the start of an image: the static one, which never changes, and the mutable
// one, which every commit replaces; and where both and the journal's head lie.
#ifndef SVSM_SRC_COCOONFS_IMAGE_HEADER_H_
#define SVSM_SRC_COCOONFS_IMAGE_HEADER_H_

#include <cstdint>

#include "cocoonfs/extent.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

struct StaticHeader {
  ImageLayout layout;
  Salt salt;
};

// Bytes of the static header that hold all that is needed to know its size.
inline constexpr std::size_t kMinHeaderBytes = 128;

// The size of the whole static header in bytes, with padding up to the IO block.
std::size_t StaticHeaderBytes(const ImageLayout& layout, std::size_t salt_size);

// What the first 128 bytes say, if they are intact so far. `head` has 128 bytes or more.
// Errors: kDataLoss (no magic, or torn), kMalformed (Region::kStaticHeader), kUnsupported (version
// or algorithm).
Result<StaticHeader> PeekStaticHeader(ByteView head);
// Checks the whole header, StaticHeaderBytes() of it, and takes the protection off in place.
// Errors: as PeekStaticHeader(), kMalformed also for padding that is not zero.
Result<StaticHeader> DecodeStaticHeader(ByteSpan bytes);
// Fills `out`, StaticHeaderBytes() of it, ready to be written. Errors: kInternal (no mask).
Status EncodeStaticHeader(const StaticHeader& header, ByteSpan out);

// Where what has a fixed place lies.
struct HeaderPlaces {
  Extent mutable_header;  // whole allocation blocks
  std::uint64_t end = 0;  // of the headers, = mutable_header.end()
  Extent journal_head;
};
// Errors: kUnsupported (the journal's head does not fit an extent pointer).
Result<HeaderPlaces> PlacesOf(const ImageLayout& layout, std::size_t salt_size);

inline constexpr std::size_t kCounterBytes = 16;

struct MutableHeader {
  std::uint64_t aux_heads[2] = {kNilPointer, kNilPointer};  // encoded extent pointers
  Bytes<64> root_digest{};                                  // the layout's size of it counts
  Bytes<kCounterBytes> encrypted_counter{};
  Bytes<64> entry_leaf_digest{};
  std::uint64_t entry_leaf = 0;  // position
  std::uint64_t num_blocks = 0;  // the image's size

  ByteView root_view(const ImageLayout& layout) const {
    return ByteView(root_digest).first(crypto::DigestSize(layout.root_hash));
  }
  ByteView entry_leaf_digest_view(const ImageLayout& layout) const {
    return ByteView(entry_leaf_digest).first(crypto::DigestSize(layout.preauth_hash));
  }
};

std::size_t MutableHeaderBytes(const ImageLayout& layout);
// `in` holds MutableHeaderBytes() or more. Errors: kMalformed (Region::kMutableHeader: entry leaf
// or size; the size against the device is the caller's to check).
Result<MutableHeader> DecodeMutableHeader(const ImageLayout& layout, ByteView in);
// Fills `out` (MutableHeaderBytes() or more), zeros behind the header.
void EncodeMutableHeader(const ImageLayout& layout, const MutableHeader& header, ByteSpan out);

// The counter is encrypted with CBC and an IV of zeros; `cipher` has the key of domain 6.
// Errors: kInternal.
Status DecryptCounter(crypto::BlockCipher& cipher, FixedView<kCounterBytes> in,
                      FixedSpan<kCounterBytes> out);
Status EncryptCounter(crypto::BlockCipher& cipher, FixedView<kCounterBytes> in,
                      FixedSpan<kCounterBytes> out);
// One more, modulo 2^128; least significant byte first.
void IncrementCounter(FixedSpan<kCounterBytes> counter);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_IMAGE_HEADER_H_
