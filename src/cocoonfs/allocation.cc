#include "cocoonfs/allocation.h"

#include <utility>

#include "svsm/cocoonfs/region.h"
#include "svsm/core/result.h"

namespace svsm::cocoonfs {

Status Allocation::AddUntracked(const Extent& extent) {
  std::size_t at = untracked_.size();
  while (at != 0 && untracked_[at - 1].first >= extent.first) --at;
  if ((at != 0 && untracked_[at - 1].Overlaps(extent)) ||
      (at < untracked_.size() && untracked_[at].Overlaps(extent))) {
    return Malformed(Region::kAux);
  }
  return untracked_.Insert(at, extent);
}

Status Allocation::CopyFrom(const Allocation& other) {
  SVSM_TRY(bitmap_.CopyFrom(other.bitmap_));
  untracked_.Clear();
  return untracked_.Append(other.untracked_.view());
}

Status Allocation::Follow(const Allocation& base) {
  SVSM_TRY(bitmap_.Follow(base.bitmap_));
  untracked_.Clear();
  return untracked_.Append(base.untracked_.view());
}

void Allocation::TakeChanges(Allocation& follower) {
  bitmap_.TakeChanges(follower.bitmap_);
  untracked_ = std::move(follower.untracked_);
}

std::size_t Allocation::FirstEndingBehind(std::uint64_t position) const {
  std::size_t low = 0;
  std::size_t high = untracked_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (untracked_[middle].end() > position) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

bool Allocation::IsTracked(const Extent& range) const {
  const std::size_t next = FirstEndingBehind(range.first);
  return bitmap_.AllSet(range) && (next == untracked_.size() || !untracked_[next].Overlaps(range));
}

std::uint64_t Allocation::Word(std::uint64_t first, std::uint32_t count) const {
  std::uint64_t word = bitmap_.Bits(first, count);
  const Extent range{first, count};
  std::size_t low = FirstEndingBehind(first);
  for (; low < untracked_.size() && untracked_[low].Overlaps(range); ++low) {
    const Extent& extent = untracked_[low];
    const std::uint64_t begin = extent.first > first ? extent.first - first : 0;
    const std::uint64_t end = extent.end() < range.end() ? extent.end() - first : count;
    for (std::uint64_t i = begin; i < end; ++i) word &= ~(std::uint64_t{1} << i);
  }
  return word;
}

}  // namespace svsm::cocoonfs
