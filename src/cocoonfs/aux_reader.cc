#include "cocoonfs/aux_reader.h"

#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

// Reads the extents of one group; `out.payload` becomes the group's if that is wanted.
class GroupReader {
 public:
  GroupReader(BlockView& view, const ImageLayout& layout, const AuxExtents& ring, AuxGroups& out)
      : view_(view), layout_(layout), ring_(ring), out_(out), bytes_(ring.extents.allocator()) {}

  Status Read(int group, bool keep) {
    const std::size_t begin = group == 0 ? 0 : ring_.group1;
    const std::size_t end = group == 0 ? ring_.group1 : ring_.extents.size();
    whole_ = true;
    if (keep) {
      out_.payload.Clear();
      SVSM_TRY(
          out_.payload.Reserve(static_cast<std::size_t>(AuxGroupCapacity(layout_, ring_, group))));
    }
    for (std::size_t i = begin; i < end; ++i) {
      const IntegrityPlace place = AuxIntegrity(IntegritySlots(layout_), i == begin);
      SVSM_TRY(bytes_.Resize(static_cast<std::size_t>(ring_.extents[i].count) *
                             layout_.allocation_block_bytes()));
      SVSM_TRY(view_.Read(ring_.extents[i].first, bytes_.view()));
      const bool intact = RemoveIntegrity(place, bytes_.view());
      out_.intact[i] = intact ? 1 : 0;
      whole_ = whole_ && intact;
      if (!intact) continue;
      if (i == begin) {
        SVSM_ASSIGN_OR_RETURN(out_.states[group], DecodeAuxState(bytes_.view()));
      }
      if (!keep) continue;
      SVSM_TRY(out_.payload.Append(
          ByteView(bytes_.view()).subspan(place.section + IntegritySectionBytes(place.slots))));
    }
    return OkStatus();
  }
  // Of the group that was read last.
  bool whole() const { return whole_; }

 private:
  BlockView& view_;
  const ImageLayout& layout_;
  const AuxExtents& ring_;
  AuxGroups& out_;
  Vec<std::uint8_t> bytes_;
  bool whole_ = true;
};

}  // namespace

Status ReadAuxGroups(BlockView& view, const ImageLayout& layout, const AuxExtents& ring,
                     AuxGroups& out) {
  out.states[0] = out.states[1] = AuxState::kInactive;
  SVSM_TRY(out.intact.Resize(ring.extents.size()));
  GroupReader reader(view, layout, ring, out);
  bool found = false;
  for (int group = 0; group < 2; ++group) {
    SVSM_TRY(reader.Read(group, !found));
    if (found || out.states[group] == AuxState::kInactive) continue;
    if (!reader.whole()) return Malformed(Region::kAux);
    found = true;
    out.effective = group;
  }
  return found ? OkStatus() : Malformed(Region::kAux);
}

Status ReadAux(BlockView& view, const ImageLayout& layout, const AuxExtents& ring,
               AuxMetadata& out) {
  if (ring.extents.empty()) {
    out = AuxMetadata(ring.extents.allocator());
    return OkStatus();
  }
  AuxGroups groups(ring.extents.allocator());
  SVSM_TRY(ReadAuxGroups(view, layout, ring, groups));
  return out.Decode(groups.payload.view());
}

}  // namespace svsm::cocoonfs
