// Ciphertext that is to be written: runs of allocation blocks with their bytes.
#ifndef SVSM_SRC_COCOONFS_DIRTY_BLOCKS_H_
#define SVSM_SRC_COCOONFS_DIRTY_BLOCKS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "cocoonfs/extent.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class DirtyBlocks {
 public:
  struct Run {
    Extent extent;
    Vec<std::uint8_t> bytes;
    // Of its data blocks from the first on, as many as are known; the run begins with a data block
    // then.
    Vec<std::uint8_t> digests;
  };

  DirtyBlocks(Allocator& allocator, std::size_t block_bytes)
      : runs_(allocator), block_bytes_(block_bytes) {}

  // A new run, zeros, that overlaps no other; its bytes may be filled until the next call that is
  // not const. Errors: kOutOfMemory.
  Result<ByteSpan> Add(const Extent& extent);
  // As Add(), with bytes that are there already: a multiple of the block size.
  Status Take(std::uint64_t first, Vec<std::uint8_t>&& bytes, Vec<std::uint8_t>&& digests);
  // As Add(), for many that rise and overlap neither each other nor what is there.
  Status AddMany(std::span<const Extent> extents);
  // The run that begins at `first`; there must be one.
  void Remove(std::uint64_t first);

  // The bytes of a run that begins at `first`, to be changed; empty if there is none.
  ByteSpan RunAt(std::uint64_t first);
  // The bytes of one block, empty if it is not dirty.
  ByteView Block(std::uint64_t block) const;
  // The run that the block is in; nullptr if it is not dirty.
  const Run* RunOf(std::uint64_t block) const;
  // The bytes of one run from `block` on, to the run's end; empty if the block is not dirty.
  ByteView ViewFrom(std::uint64_t block) const;
  // Bit i says that block first + i is dirty; count <= 64.
  std::uint64_t Mask(std::uint64_t first, std::uint32_t count) const;
  // Copies what is dirty of the blocks from `first` on to its place in `out`.
  void Overlay(std::uint64_t first, ByteSpan out) const;

  // By position.
  std::span<const Run> runs() const { return runs_.view(); }
  bool empty() const { return runs_.empty(); }
  std::size_t block_bytes() const { return block_bytes_; }
  void Clear() { runs_.Clear(); }

 private:
  // The first run that ends behind `block`.
  std::size_t Search(std::uint64_t block) const;

  Vec<Run> runs_;
  std::size_t block_bytes_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_DIRTY_BLOCKS_H_
