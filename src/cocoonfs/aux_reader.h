// Reads auxiliary metadata from the ring of extents that holds them.
#ifndef SVSM_SRC_COCOONFS_AUX_READER_H_
#define SVSM_SRC_COCOONFS_AUX_READER_H_

#include "cocoonfs/aux_extents.h"
#include "cocoonfs/aux_ring.h"
#include "svsm/cocoonfs/aux_metadata.h"

namespace svsm::cocoonfs {

// The payload of group `group` (0 or 1), one extent's after the other, and its state. kInactive is
// also said of a group of which an extent is torn, and of one that is not there.
// Errors: kMalformed (Region::kAux: an impossible state), kOutOfMemory, those of the view.
Result<AuxState> ReadAuxGroup(BlockView& view, const ImageLayout& layout, const AuxExtents& ring,
                              int group, Vec<std::uint8_t>& payload);

// What is in effect: of group 0 if it is active, else of group 1. Without extents there are no
// entries.
// Errors: kMalformed (Region::kAux: no group is active, or the payload), kOutOfMemory, those of the
// view.
Status ReadAux(BlockView& view, const ImageLayout& layout, const AuxExtents& ring,
               AuxMetadata& out);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_AUX_READER_H_
