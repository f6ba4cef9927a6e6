// Where new blocks go: only places that are free in the state before and in the state after, so
// that nothing that a crash may need is touched.
//
// A *unit* is the larger of IO block and data block. One that was free as a whole is *fresh*: what
// goes there is written in place, once, before the commit.
#ifndef SVSM_SRC_COCOONFS_SPACE_H_
#define SVSM_SRC_COCOONFS_SPACE_H_

#include <cstdint>
#include <span>

#include "cocoonfs/bitmap.h"
#include "cocoonfs/extent.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class Space {
 public:
  // The bitmaps outlive the object; `after` is changed along, and `used` is the object's until its
  // end, to be handed to the next one with the same `before`.
  // Below block `fresh_from` no unit of `before` is free as a whole.
  Space(const Bitmap& before, Bitmap& after, Bitmap& used, std::uint64_t fresh_from,
        const ImageLayout& layout, Allocator& allocator)
      : before_(before),
        after_(after),
        used_(used),
        layout_(layout),
        freed_(allocator),
        counted_from_(fresh_from),
        counted_(fresh_from),
        hint_(fresh_from) {}

  // After this `reserve_units` IO blocks stay free, whatever Take() and TakeMany() are asked for.
  // Errors: kOutOfMemory.
  Status Init(std::uint64_t reserve_units);

  // One extent of `count` (1 to 64) blocks, behind what was taken last if that is in fresh units:
  // small files fill their data blocks. Errors: kExhausted.
  Result<Extent> Take(std::uint64_t count);
  // As Take(), for what is better apart from everything else: at the start of a fresh unit. When
  // there is none, any place is taken.
  Result<Extent> TakeApart(std::uint64_t count);
  // `count` (1 to 64) blocks in the data block that holds block `near`; no blocks if it has no such
  // place.
  Extent TakeNear(std::uint64_t near, std::uint64_t count);
  // One extent whose both ends are aligned to `alignment`, likewise.
  Result<Extent> TakeAligned(std::uint64_t count, std::uint64_t alignment);
  // `count` blocks in as few extents as possible, appended to `out`. Errors: kExhausted,
  // kOutOfMemory; nothing has been taken then.
  Status TakeMany(std::uint64_t count, Vec<Extent>& out);
  // Gives back blocks, all of the state before or all taken since. Errors: kOutOfMemory.
  Status Give(const Extent& extent);
  // What was given back of the state before, in no order.
  std::span<const Extent> freed() const { return freed_.view(); }
  // Below it no unit of the state after is free as a whole.
  std::uint64_t FreshFrom() const;

  // IO blocks for the journal, which are allocated in no state: the reserve does not count. As
  // TakeMany(), in extents of `most` blocks at most, appended to `out`.
  Status TakeJournal(std::uint64_t count, std::uint64_t most, Vec<Extent>& out);

  // Whether nothing of the range was allocated before.
  bool WasFree(const Extent& range) const { return before_.AllClear(range); }

 private:
  // The first free run of `count` blocks at an aligned place; no blocks if there is none.
  Extent FindRun(std::uint64_t from, std::uint64_t count, std::uint64_t alignment) const;
  Extent FindFresh(std::uint64_t count);
  void Mark(const Extent& extent);
  void Commit(const Extent& extent);
  Extent Spare(const Extent& run);
  // Whether enough IO blocks stay free when the extent is taken.
  bool LeavesReserve(const Extent& extent);
  bool HasFreeUnits(std::uint64_t units);
  void CountUpTo(std::uint64_t units);
  std::uint64_t FreeUnitsIn(const Extent& extent) const;
  Extent Counted(const Extent& extent) const;
  Status TakeFragments(std::uint64_t count, Vec<Extent>& out);

  const Bitmap& before_;
  Bitmap& after_;
  Bitmap& used_;  // allocated before or after, or by the journal
  ImageLayout layout_;
  Vec<Extent> freed_;
  std::uint64_t free_units_ = 0;  // IO blocks that are free from counted_from_ to counted_
  std::uint64_t counted_from_;
  std::uint64_t counted_;
  std::uint64_t reserve_ = 0;
  Extent open_;         // what is left of the fresh unit used last
  std::uint64_t hint_;  // below it there is no fresh unit
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_SPACE_H_
