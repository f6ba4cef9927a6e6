// Where everything of a new image goes.
#ifndef SVSM_SRC_COCOONFS_IMAGE_PLAN_H_
#define SVSM_SRC_COCOONFS_IMAGE_PLAN_H_

#include <cstdint>

#include "cocoonfs/aux_extents.h"
#include "cocoonfs/extent.h"
#include "cocoonfs/image_header.h"
#include "svsm/cocoonfs/aux_metadata.h"
#include "svsm/cocoonfs/layout.h"

namespace svsm::cocoonfs {

struct ImagePlan {
  explicit ImagePlan(Allocator& allocator) : aux(allocator) {}

  std::uint64_t num_blocks = 0;
  HeaderPlaces places;
  Extent static_header;  // from block 0 on, whole IO blocks
  Extent entry_leaf;
  Extent tree;
  Extent bitmap;
  Extent tree_list;    // of no blocks if the tree fits a pointer
  Extent bitmap_list;  // likewise
  AuxExtents aux;
  std::uint64_t end = 0;  // of all of them
};

// `aux` may be null. Errors: kExhausted (the image is too small, or `aux` too large), kOutOfMemory,
// kUnsupported (the journal's head does not fit a pointer).
Status PlanImage(const ImageLayout& layout, std::size_t salt_size, std::uint64_t num_blocks,
                 const AuxMetadata* aux, ImagePlan& out);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_IMAGE_PLAN_H_
