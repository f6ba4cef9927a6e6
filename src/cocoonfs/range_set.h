// Numbers as ranges: collected in any order, then gone through by size, each once.
//
//   SVSM_TRY(set.Add({first, count}));
//   SVSM_TRY(set.Sort());
//   for (const Extent& range : set.ranges()) Use(range);
#ifndef SVSM_SRC_COCOONFS_RANGE_SET_H_
#define SVSM_SRC_COCOONFS_RANGE_SET_H_

#include <span>

#include "cocoonfs/extent.h"
#include "svsm/core/status.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class RangeSet {
 public:
  explicit RangeSet(Allocator& allocator) : ranges_(allocator) {}

  // Errors: kOutOfMemory.
  Status Add(const Extent& range);
  // To be called before ranges(); linear time if what was added rose, or rose a few times anew.
  // Errors: kOutOfMemory.
  Status Sort();
  // They rise, and neither overlap nor touch.
  std::span<const Extent> ranges() const { return ranges_.view(); }
  bool empty() const { return ranges_.empty(); }

 private:
  std::size_t EndOfRun(std::size_t at) const;
  void Join();

  Vec<Extent> ranges_;
  bool rises_ = true;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_RANGE_SET_H_
