// The allocation bitmap in memory, one bit an allocation block, and how it lies in its file's
// blocks.
#ifndef SVSM_SRC_COCOONFS_BITMAP_H_
#define SVSM_SRC_COCOONFS_BITMAP_H_

#include <cstddef>
#include <cstdint>

#include "cocoonfs/extent.h"
#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class Bitmap {
 public:
  explicit Bitmap(Allocator& allocator) : words_(allocator), changed_(allocator) {}

  // All `num_blocks` blocks free. Errors: kOutOfMemory.
  Status Init(std::uint64_t num_blocks);
  // Becomes a copy. Errors: kOutOfMemory.
  Status CopyFrom(const Bitmap& other);

  // A copy that is to be used again and again remembers what was changed of it.
  //
  // Becomes a copy of `base`, which has had no change since the last call but by TakeChanges().
  // Errors: kOutOfMemory.
  Status Follow(const Bitmap& base);
  // Takes over what was changed of a bitmap since its Follow().
  void TakeChanges(const Bitmap& follower);

  std::uint64_t num_blocks() const { return num_blocks_; }
  bool Test(std::uint64_t block) const { return (words_[block / 64] >> (block % 64) & 1) != 0; }
  // Whether every block, or no block, of the range is allocated.
  bool AllSet(const Extent& range) const;
  bool AllClear(const Extent& range) const;
  void Set(const Extent& range) { Change(range, true); }
  void Clear(const Extent& range) { Change(range, false); }
  // The bits of blocks `first` to `first + count - 1` (count <= 64), the first in bit 0; blocks
  // beyond the image read as 0.
  std::uint64_t Bits(std::uint64_t first, std::uint32_t count) const;
  std::uint64_t CountAllocated() const;
  // The first of 64 aligned blocks at `from` or behind it in which the two differ; num_blocks() if
  // there are none. `other` has the same size; if this follows, it is what this follows.
  std::uint64_t NextDifference(const Bitmap& other, std::uint64_t from) const;
  // The first position at `from` or behind it, below num_blocks(), whose bit is `value`;
  // num_blocks() if there is none.
  std::uint64_t Next(std::uint64_t from, bool value) const;

  // File blocks: block `index` holds words_per_block words from word index * words_per_block on.
  // Takes over a block's payload (words_per_block * 8 bytes or more; what follows is not looked
  // at). Errors: kMalformed (Region::kBitmap: a bit beyond the image).
  Status Decode(std::uint64_t index, std::size_t words_per_block, ByteView payload);
  // Fills `payload` with the block's words, and with zeros behind them.
  void Encode(std::uint64_t index, std::size_t words_per_block, ByteSpan payload) const;
  // File blocks that are needed.
  static std::uint64_t FileBlocks(std::uint64_t num_blocks, std::size_t words_per_block) {
    return (num_blocks + 63) / 64 / words_per_block +
           ((num_blocks + 63) / 64 % words_per_block != 0 ? 1 : 0);
  }

 private:
  void Change(const Extent& range, bool value);
  bool Holds(const Extent& range, std::uint64_t word) const;

  // A line of the processor's cache, and 64 of them.
  static constexpr std::size_t kPieceWords = 8;
  static constexpr std::size_t kGroupWords = 64 * kPieceWords;
  // Whether the piece that a word lies in was changed since Follow().
  bool IsChanged(std::uint64_t word) const {
    return (changed_[word / kGroupWords] >> (word / kPieceWords % 64) & 1) != 0;
  }
  // Copies what one of them, that follows, has changed.
  void CopyPieces(const Bitmap& from, const Bitmap& follower);

  Vec<std::uint64_t> words_;
  Vec<std::uint64_t> changed_;  // one bit a piece; empty if this does not follow
  std::uint64_t num_blocks_ = 0;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_BITMAP_H_
