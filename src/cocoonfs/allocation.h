// What the tree's digests know of a block: allocated and covered, or not.
#ifndef SVSM_SRC_COCOONFS_ALLOCATION_H_
#define SVSM_SRC_COCOONFS_ALLOCATION_H_

#include <cstdint>

#include "cocoonfs/bitmap.h"
#include "cocoonfs/extent.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

// The bitmap, and the extents that it says are allocated while digests leave them out: the headers,
// the journal's head, auxiliary metadata.
class Allocation {
 public:
  explicit Allocation(Allocator& allocator) : bitmap_(allocator), untracked_(allocator) {}

  Bitmap& bitmap() { return bitmap_; }
  const Bitmap& bitmap() const { return bitmap_; }
  std::span<const Extent> untracked() const { return untracked_.view(); }

  // Adds an extent; they stay sorted. Errors: kMalformed (Region::kAux; it overlaps another),
  // kOutOfMemory.
  Status AddUntracked(const Extent& extent);
  void ClearUntracked() { untracked_.Clear(); }
  // Errors: kOutOfMemory.
  Status CopyFrom(const Allocation& other);
  // As Bitmap's, with the extents: `follower` loses its own.
  Status Follow(const Allocation& base);
  void TakeChanges(Allocation& follower);

  // Whether every block of the range, which is on the image, is allocated and digested.
  bool IsTracked(const Extent& range) const;
  // The word that is digested for `count` (<= 64) blocks from `first` on.
  std::uint64_t Word(std::uint64_t first, std::uint32_t count) const;

 private:
  // The index of the first untracked extent that ends behind the position.
  std::size_t FirstEndingBehind(std::uint64_t position) const;

  Bitmap bitmap_;
  Vec<Extent> untracked_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_ALLOCATION_H_
