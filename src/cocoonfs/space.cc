#include "cocoonfs/space.h"

#include "svsm/core/panic.h"
#include "svsm/core/result.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status NoSpace() { return Status(Code::kExhausted, Source::kCocoonfs); }

constexpr std::uint64_t Up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) & ~(unit - 1);
}

}  // namespace

Status Space::Init(std::uint64_t reserve_units) {
  SVSM_TRY(used_.Follow(before_));
  reserve_ = reserve_units;
  return OkStatus();
}

std::uint64_t Space::FreeUnitsIn(const Extent& extent) const {
  const std::uint64_t io = layout_.io_block();
  const std::uint64_t first = extent.first & ~(io - 1);
  const std::uint64_t end = Up(extent.end(), io);
  if (used_.AllClear({first, end - first})) return (end - first) / io;
  std::uint64_t count = 0;
  for (std::uint64_t at = first; at < end; at += io) {
    if (used_.Bits(at, static_cast<std::uint32_t>(io)) == 0) ++count;
  }
  return count;
}

// The part of an extent that has been looked at for free IO blocks.
Extent Space::Counted(const Extent& extent) const {
  const std::uint64_t io = layout_.io_block();
  std::uint64_t first = extent.first & ~(io - 1);
  std::uint64_t end = Up(extent.end(), io);
  if (first < counted_from_) first = counted_from_;
  if (end > counted_) end = counted_;
  return first < end ? Extent{first, end - first} : Extent{};
}

// Whether there are so many free IO blocks. Where units are larger than IO blocks, there may be
// some where no unit is.
bool Space::HasFreeUnits(std::uint64_t units) {
  CountUpTo(units);
  if (free_units_ >= units || counted_from_ == 0) return free_units_ >= units;
  free_units_ = 0;
  counted_from_ = 0;
  counted_ = 0;
  CountUpTo(units);
  return free_units_ >= units;
}

// Counts no further than it must.
void Space::CountUpTo(std::uint64_t units) {
  const std::uint64_t io = layout_.io_block();
  while (free_units_ < units && counted_ < used_.num_blocks()) {
    const std::uint64_t first = Up(used_.Next(counted_, false), io);
    // As far as is asked for; more only if that is not free.
    std::uint64_t end = first + (units - free_units_) * io;
    if (end > used_.num_blocks()) end = used_.num_blocks();
    if (first < end && !used_.AllClear({first, end - first})) {
      end = used_.Next(first, true) & ~(io - 1);
    }
    if (first < end) free_units_ += (end - first) / io;
    counted_ = end > first ? end : first + io;
    if (counted_ > used_.num_blocks()) counted_ = used_.num_blocks();
  }
}

void Space::Mark(const Extent& extent) {
  const Extent counted = Counted(extent);
  if (counted.count != 0) free_units_ -= FreeUnitsIn(counted);
  used_.Set(extent);
}

bool Space::LeavesReserve(const Extent& extent) {
  const std::uint64_t units = FreeUnitsIn(extent);
  return units == 0 || HasFreeUnits(units + reserve_);
}

Extent Space::FindRun(std::uint64_t from, std::uint64_t count, std::uint64_t alignment) const {
  const std::uint64_t end = used_.num_blocks();
  for (std::uint64_t at = Up(from, alignment); at < end && count <= end - at;) {
    const std::uint64_t first = Up(used_.Next(at, false), alignment);
    if (first >= end || count > end - first) break;
    if (used_.AllClear({first, count})) return {first, count};
    at = Up(used_.Next(first, true), alignment);
  }
  return {};
}

Extent Space::FindFresh(std::uint64_t count) {
  const std::uint64_t unit = layout_.journal_block();
  const Extent found = FindRun(hint_, Up(count, unit), unit);
  // What is searched first for one unit need not be searched again.
  if (count <= unit) hint_ = found.count != 0 ? found.first : used_.num_blocks();
  return found;
}

void Space::Commit(const Extent& extent) {
  if (open_.count != 0 && extent.Overlaps(open_)) open_ = {};
  Mark(extent);
  after_.Set(extent);
}

Result<Extent> Space::Take(std::uint64_t count) {
  if (open_.count >= count) {
    const Extent rest{open_.first + count, open_.count - count};
    const Extent extent{open_.first, count};
    Commit(extent);
    open_ = rest;
    return extent;
  }
  if (open_.count != 0) {
    // On into the units behind it, if they are fresh.
    const Extent all{open_.first, Up(open_.first + count, layout_.journal_block()) - open_.first};
    if (used_.AllClear(all) && LeavesReserve(all)) {
      const Extent extent{all.first, count};
      Commit(extent);
      open_ = {extent.end(), all.end() - extent.end()};
      return extent;
    }
  }
  const Extent fresh = FindFresh(count);
  if (fresh.count != 0 && LeavesReserve(fresh)) {
    const Extent rest{fresh.first + count, fresh.count - count};
    const Extent old = open_;
    Commit({fresh.first, count});
    // The next one can go on behind this one, but hardly behind an older one.
    open_ = rest.count != 0 || fresh.Overlaps(old) ? rest : old;
    return Extent{fresh.first, count};
  }
  const Extent extent = FindRun(0, count, 1);
  if (extent.count == 0 || !LeavesReserve(extent)) return NoSpace();
  Commit(extent);
  return extent;
}

Result<Extent> Space::TakeApart(std::uint64_t count) {
  const Extent fresh = FindFresh(count);
  if (fresh.count == 0 || !LeavesReserve(fresh)) return Take(count);
  const Extent extent{fresh.first, count};
  Commit(extent);
  return extent;
}

Extent Space::TakeNear(std::uint64_t near, std::uint64_t count) {
  const std::uint64_t first = near & ~(layout_.data_block() - 1);
  const std::uint64_t end = first + layout_.data_block();
  for (std::uint64_t at = first; count <= end - at; ++at) {
    const Extent extent{at, count};
    if (!used_.AllClear(extent)) continue;
    if (!LeavesReserve(extent)) break;
    Commit(extent);
    return extent;
  }
  return {};
}

Result<Extent> Space::TakeAligned(std::uint64_t count, std::uint64_t alignment) {
  const Extent extent = FindRun(0, Up(count, alignment), alignment);
  if (extent.count == 0 || !LeavesReserve(extent)) return NoSpace();
  Commit(extent);
  return extent;
}

Status Space::TakeMany(std::uint64_t count, Vec<Extent>& out) {
  SVSM_TRY(out.Reserve(out.size() + 1));
  if (count <= kMaxPointerBlocks) {
    const Result<Extent> one = Take(count);
    return one.ok() ? out.PushBack(*one) : TakeFragments(count, out);
  }
  Extent extent = FindFresh(count);
  if (extent.count == 0) extent = FindRun(0, count, 1);
  if (extent.count == 0 || !LeavesReserve(extent)) return TakeFragments(count, out);
  extent.count = count;
  Commit(extent);
  return out.PushBack(extent);
}

// What of a free run may be taken without a free IO block of the reserve.
Extent Space::Spare(const Extent& run) {
  if (LeavesReserve(run)) return run;
  const std::uint64_t io = layout_.io_block();
  const std::uint64_t head_end = Up(run.first, io);
  if (head_end != run.first) {
    return {run.first, (head_end < run.end() ? head_end : run.end()) - run.first};
  }
  const std::uint64_t tail = run.end() & ~(io - 1);
  // A tail that is a whole IO block, or the start of one that was cut off by `count`.
  if (tail == run.end() || FreeUnitsIn({tail, 1}) != 0) return {};
  return {tail, run.end() - tail};
}

// From the largest runs down to the smallest, so that there are few.
Status Space::TakeFragments(std::uint64_t count, Vec<Extent>& out) {
  const std::size_t kept = out.size();
  Status status;
  for (std::uint64_t least = std::uint64_t{1} << 20; least != 0 && count != 0 && status.ok();
       least >>= 1) {
    for (std::uint64_t at = 0; at < used_.num_blocks() && count != 0 && status.ok();) {
      const std::uint64_t first = used_.Next(at, false);
      const std::uint64_t end = used_.Next(first, true);
      at = end;
      if (end - first < least) continue;
      const Extent extent = Spare({first, end - first < count ? end - first : count});
      if (extent.count == 0 || extent.count < least) continue;
      status = out.PushBack(extent);
      if (!status.ok()) break;
      Commit(extent);
      count -= extent.count;
    }
  }
  if (status.ok() && count == 0) return OkStatus();
  while (out.size() > kept) {
    (void)Give(out.back());  // they are this transaction's own, so nothing is allocated
    out.PopBack();
  }
  return status.ok() ? NoSpace() : status;
}

Status Space::Give(const Extent& extent) {
  after_.Clear(extent);
  if (before_.Test(extent.first)) return freed_.PushBack(extent);
  const Extent counted = Counted(extent);
  if (counted.count != 0) free_units_ -= FreeUnitsIn(counted);
  used_.Clear(extent);
  if (counted.count != 0) free_units_ += FreeUnitsIn(counted);
  if (extent.first < hint_) hint_ = extent.first & ~(layout_.journal_block() - 1);
  return OkStatus();
}

std::uint64_t Space::FreshFrom() const {
  std::uint64_t from = hint_;
  for (const Extent& extent : freed_) {
    const std::uint64_t unit = extent.first & ~(layout_.journal_block() - 1);
    if (unit < from) from = unit;
  }
  return from;
}

Status Space::TakeJournal(std::uint64_t count, std::uint64_t most, Vec<Extent>& out) {
  const std::uint64_t io = layout_.io_block();
  count = Up(count, io);
  open_ = {};
  std::uint64_t from = 0;
  // All of it in a row, if there is such a place.
  Extent whole = FindRun(hint_, count, io);
  if (whole.count == 0) whole = FindRun(0, count, io);
  if (whole.count != 0) from = whole.first;
  while (count != 0) {
    const std::uint64_t first = Up(used_.Next(from, false), io);
    if (first >= used_.num_blocks()) return NoSpace();
    const bool enough = count <= used_.num_blocks() - first && used_.AllClear({first, count});
    const std::uint64_t end = enough ? first + count : used_.Next(first, true);
    std::uint64_t take = end > first ? (end - first) & ~(io - 1) : 0;
    if (take > count) take = count;
    if (take > most) take = most;
    if (take == 0) {
      from = end > first ? end : first;
      continue;
    }
    SVSM_TRY(out.PushBack({first, take}));
    Mark({first, take});
    count -= take;
    from = first + take;
  }
  return OkStatus();
}

}  // namespace svsm::cocoonfs
