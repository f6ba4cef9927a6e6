// Reads auxiliary metadata from the ring of extents that holds them.
#ifndef SVSM_SRC_COCOONFS_AUX_READER_H_
#define SVSM_SRC_COCOONFS_AUX_READER_H_

#include "cocoonfs/aux_extents.h"
#include "cocoonfs/aux_ring.h"
#include "svsm/cocoonfs/aux_metadata.h"

namespace svsm::cocoonfs {

// What the two groups of a ring hold.
struct AuxGroups {
  explicit AuxGroups(Allocator& allocator) : intact(allocator), payload(allocator) {}

  Vec<std::uint8_t> intact;  // of each extent, whether it was written as a whole
  // What the heads say; kInactive of a head that is torn, or not there.
  AuxState states[2] = {AuxState::kInactive, AuxState::kInactive};
  int effective = 0;          // the group that counts: the first that is active
  Vec<std::uint8_t> payload;  // of that group, one extent's after the other
};

// Reads every extent of `ring`, which has some, once. Errors: kMalformed (Region::kAux: an
// impossible state, no group is active, or the one that counts is not whole), kOutOfMemory, those
// of the view.
Status ReadAuxGroups(BlockView& view, const ImageLayout& layout, const AuxExtents& ring,
                     AuxGroups& out);

// What is in effect. Without extents there are no entries. Errors: as ReadAuxGroups(), kMalformed
// (Region::kAux: the payload).
Status ReadAux(BlockView& view, const ImageLayout& layout, const AuxExtents& ring,
               AuxMetadata& out);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_AUX_READER_H_
