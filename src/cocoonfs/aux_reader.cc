#include "cocoonfs/aux_reader.h"

#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kStateOffset = 16;

}  // namespace

Result<AuxState> ReadAuxGroup(BlockView& view, const ImageLayout& layout, const AuxExtents& ring,
                              int group, Vec<std::uint8_t>& payload) {
  payload.Clear();
  const std::size_t begin = group == 0 ? 0 : ring.group1;
  const std::size_t end = group == 0 ? ring.group1 : ring.extents.size();
  AuxState state = AuxState::kInactive;
  Vec<std::uint8_t> bytes(payload.allocator());
  const std::uint32_t slots = IntegritySlots(layout);
  for (std::size_t i = begin; i < end; ++i) {
    const Extent& extent = ring.extents[i];
    const IntegrityPlace place = AuxIntegrity(slots, i == begin);
    SVSM_TRY(
        bytes.Resize(static_cast<std::size_t>(extent.count) * layout.allocation_block_bytes()));
    SVSM_TRY(view.Read(extent.first, bytes.view()));
    if (!RemoveIntegrity(place, bytes.view())) return AuxState::kInactive;
    if (i == begin) {
      if (bytes[kStateOffset] > static_cast<std::uint8_t>(AuxState::kActiveReallocate)) {
        return Malformed(Region::kAux);
      }
      state = static_cast<AuxState>(bytes[kStateOffset]);
    }
    SVSM_TRY(payload.Append(
        ByteView(bytes.view()).subspan(place.section + IntegritySectionBytes(slots))));
  }
  return state;
}

Status ReadAux(BlockView& view, const ImageLayout& layout, const AuxExtents& ring,
               AuxMetadata& out) {
  if (ring.extents.empty()) {
    out = AuxMetadata(ring.extents.allocator());
    return OkStatus();
  }
  Vec<std::uint8_t> payload(ring.extents.allocator());
  for (int group = 0; group < 2; ++group) {
    SVSM_ASSIGN_OR_RETURN(const AuxState state, ReadAuxGroup(view, layout, ring, group, payload));
    if (state != AuxState::kInactive) return out.Decode(payload.view());
  }
  return Malformed(Region::kAux);
}

}  // namespace svsm::cocoonfs
