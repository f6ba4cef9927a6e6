#include "cocoonfs/range_set.h"

#include <utility>

namespace svsm::cocoonfs {

Status RangeSet::Add(const Extent& range) {
  if (!ranges_.empty()) {
    Extent& last = ranges_.back();
    if (range.first >= last.first && range.first <= last.end()) {
      if (range.end() > last.end()) last.count = range.end() - last.first;
      return OkStatus();
    }
    if (range.first < last.first) rises_ = false;
  }
  return ranges_.PushBack(range);
}

// Behind the last of those from `at` on that rise.
std::size_t RangeSet::EndOfRun(std::size_t at) const {
  if (at < ranges_.size()) ++at;
  while (at < ranges_.size() && ranges_[at - 1].first <= ranges_[at].first) ++at;
  return at;
}

// Merges neighbours among the runs that rise until there is one.
Status RangeSet::Sort() {
  Vec<Extent> merged(ranges_.allocator());
  if (!rises_) SVSM_TRY(merged.Reserve(ranges_.size()));
  while (!rises_) {
    merged.Clear();
    std::size_t runs = 0;
    for (std::size_t a = 0; a < ranges_.size(); ++runs) {
      const std::size_t middle = EndOfRun(a);
      const std::size_t end = EndOfRun(middle);
      std::size_t b = middle;
      while (a < middle || b < end) {
        const bool from_b = a == middle || (b < end && ranges_[b].first < ranges_[a].first);
        SVSM_TRY(merged.PushBack(ranges_[from_b ? b++ : a++]));
      }
      a = end;
    }
    std::swap(ranges_, merged);
    rises_ = runs <= 1;
  }
  Join();
  return OkStatus();
}

void RangeSet::Join() {
  std::size_t kept = 0;
  for (const Extent& range : ranges_) {
    if (kept != 0 && range.first <= ranges_[kept - 1].end()) {
      Extent& last = ranges_[kept - 1];
      if (range.end() > last.end()) last.count = range.end() - last.first;
    } else {
      ranges_[kept++] = range;
    }
  }
  ranges_.Truncate(kept);
}

}  // namespace svsm::cocoonfs
