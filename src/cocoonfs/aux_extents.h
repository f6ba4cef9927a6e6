// Where auxiliary metadata lie: the ring of extents of one or two update groups, as far as the
// authentication tree must know it. Nothing in it is authenticated.
#ifndef SVSM_SRC_COCOONFS_AUX_EXTENTS_H_
#define SVSM_SRC_COCOONFS_AUX_EXTENTS_H_

#include <cstdint>

#include "cocoonfs/block_view.h"
#include "cocoonfs/extent.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/result.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

// More than that are not followed: 128 MiB of metadata with blocks of 128 bytes.
inline constexpr std::size_t kMaxAuxExtents = 16384;

// What the head of a group says of it.
enum class AuxState : std::uint8_t {
  kInactive = 0,
  kActive = 1,
  kActiveReallocate = 2,  // to be moved to where it has all of its reserve
};
// From the first bytes of a head. Errors: kMalformed (Region::kAux: no such state).
Result<AuxState> DecodeAuxState(ByteView head);

struct AuxExtents {
  explicit AuxExtents(Allocator& allocator) : extents(allocator) {}

  Vec<Extent> extents;         // in the order of the ring, group 0 first
  std::size_t group1 = 0;      // index of the first of group 1; extents.size() if there is none
  std::size_t torn = kNoTorn;  // index of the one extent whose first 128 bytes are not intact
  static constexpr std::size_t kNoTorn = ~std::size_t{0};
  // What the heads of the groups say, if they are intact.
  AuxState states[2] = {AuxState::kInactive, AuxState::kInactive};
  // The group that counts is to be moved.
  bool shall_move() const {
    return states[states[0] != AuxState::kInactive ? 0 : 1] == AuxState::kActiveReallocate;
  }
};

// Follows the ring from the two encoded pointers of a header; both may be nil. Each extent is
// aligned to the journal block, inside the image and named once; one may be torn if there are two
// groups: it is then known from the pointer of the one before it. Reads 128 bytes (a block) of
// each.
// Errors: kMalformed (Region::kAux), kUnsupported (too many; Region::kAux), kOutOfMemory, those of
// the view.
Status FindAuxExtents(BlockView& view, const ImageLayout& layout, std::uint64_t num_blocks,
                      const std::uint64_t (&heads)[2], AuxExtents& out);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_AUX_EXTENTS_H_
