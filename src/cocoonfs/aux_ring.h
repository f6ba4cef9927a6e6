// The extents in which an image keeps auxiliary metadata: one or two update groups in a ring.
//
// Each extent: pointer to the next, to the next but one, state (heads of groups only), integrity
// section, a part of the payload.
#ifndef SVSM_SRC_COCOONFS_AUX_RING_H_
#define SVSM_SRC_COCOONFS_AUX_RING_H_

#include <cstdint>

#include "cocoonfs/aux_extents.h"
#include "svsm/cocoonfs/aux_metadata.h"
#include "svsm/cocoonfs/layout.h"

namespace svsm::cocoonfs {

// Bytes of payload in an extent of `count` blocks.
std::size_t AuxExtentCapacity(const ImageLayout& layout, std::uint64_t count, bool group_head);
// Bytes of payload in a group of `ring`.
std::uint64_t AuxGroupCapacity(const ImageLayout& layout, const AuxExtents& ring, int group);

// The sizes in blocks of the extents of one group that holds `capacity` bytes, appended to `out`;
// all but the last are as large as they may be. Errors: kOutOfMemory, kExhausted (more extents than
// an image may have).
Status PlanAuxGroup(const ImageLayout& layout, std::uint64_t capacity, Vec<std::uint64_t>& out);
// The capacity that each group must have, and how many groups; 0 groups for trivial metadata.
struct AuxNeed {
  std::uint64_t capacity = 0;
  int groups = 0;
};
AuxNeed NeedOf(const AuxMetadata& aux);

// Fills `out`, the whole of extent number `i` of `ring`, ready to be written: `payload` is that of
// its whole group (what is behind its end is zero), `state` counts for a head.
void EncodeAuxExtent(const ImageLayout& layout, const AuxExtents& ring, std::size_t i,
                     AuxState state, ByteView payload, ByteSpan out);

// The two head pointers for a header.
void AuxHeads(const AuxExtents& ring, std::uint64_t (&heads)[2]);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_AUX_RING_H_
