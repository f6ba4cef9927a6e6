#include "cocoonfs/aux_store.h"

#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

std::uint32_t Clamp(std::uint64_t value) {
  return value > 0xFFFFFFFF ? 0xFFFFFFFF : static_cast<std::uint32_t>(value);
}

}  // namespace

ByteSpan AuxStore::BufferFor(std::size_t i) {
  return buffer_.view().first(static_cast<std::size_t>(ring_.extents[i].count) *
                              layout_.allocation_block_bytes());
}

Status AuxStore::Load(std::uint64_t num_blocks, const std::uint64_t (&heads)[2], AuxMetadata& aux) {
  SVSM_TRY(FindAuxExtents(view_, layout_, num_blocks, heads, ring_));
  if (ring_.extents.empty()) {
    aux = AuxMetadata(ring_.extents.allocator());
    return OkStatus();
  }
  std::uint64_t largest = 0;
  for (const Extent& extent : ring_.extents) {
    if (extent.count > largest) largest = extent.count;
  }
  SVSM_TRY(buffer_.Resize(static_cast<std::size_t>(largest) * layout_.allocation_block_bytes()));
  SVSM_TRY(ReadAuxGroups(view_, layout_, ring_, groups_));
  return aux.Decode(groups_.payload.view());
}

// Never leaves a part of the new extent in front of which the old one's first block stands.
Status AuxStore::WriteExtent(std::size_t i, AuxState state, ByteView payload) {
  const ByteSpan bytes = BufferFor(i);
  EncodeAuxExtent(layout_, ring_, i, state, payload, bytes);
  const std::size_t unit = view_.device_block_bytes();
  BlockDevice& device = view_.device();
  const std::uint64_t at = ring_.extents[i].first * layout_.allocation_block_bytes() / unit;
  Vec<std::uint8_t> zeros(buffer_.allocator());
  SVSM_TRY(zeros.Resize(unit));
  SVSM_TRY(device.Write(at, zeros.view()));
  SVSM_TRY(device.Barrier());
  if (bytes.size() > unit) {
    SVSM_TRY(device.Write(at + 1, bytes.subspan(unit)));
    SVSM_TRY(device.Barrier());
  }
  SVSM_TRY(device.Write(at, bytes.first(unit)));
  return device.Barrier();
}

// A group whose last extents are being replaced does not count meanwhile.
Status AuxStore::WriteGroup(int group, AuxState state, ByteView payload) {
  const std::size_t head = FirstOf(group);
  if (EndOf(group) - head > 1) {
    SVSM_TRY(WriteExtent(head, AuxState::kInactive, payload));
    for (std::size_t i = head + 1; i < EndOf(group); ++i) {
      SVSM_TRY(WriteExtent(i, AuxState::kInactive, payload));
    }
  }
  return WriteExtent(head, state, payload);
}

Status AuxStore::Replace(const AuxMetadata& aux) {
  const std::uint64_t room0 = AuxGroupCapacity(layout_, ring_, 0);
  const std::uint64_t room1 = AuxGroupCapacity(layout_, ring_, 1);
  const std::uint64_t room = room0 < room1 ? room0 : room1;
  if (ring_.extents.empty() || aux.encoded_size() > room) {
    return Status(Code::kExhausted, Source::kCocoonfs, Clamp(ring_.extents.empty() ? 0 : room));
  }
  Vec<std::uint8_t> next(buffer_.allocator());
  SVSM_TRY(next.Resize(aux.encoded_size()));
  SVSM_TRY(aux.Encode(next.view()));
  // The old contents, without what the larger group has room for behind their end.
  const ByteView old = ByteView(groups_.payload.view())
                           .first(groups_.payload.size() < room ? groups_.payload.size()
                                                                : static_cast<std::size_t>(room));
  if (!IsZero(ByteView(groups_.payload.view()).subspan(old.size()))) return Malformed(Region::kAux);
  // What is torn comes first: a second torn extent would be one too many.
  for (std::size_t i = 0; i < ring_.extents.size(); ++i) {
    if (groups_.intact[i] != 0) continue;
    SVSM_TRY(WriteExtent(i, AuxState::kInactive, groups_.effective == 0 ? old : next.view()));
    groups_.intact[i] = 1;
  }
  if (groups_.effective == 0) SVSM_TRY(WriteGroup(1, groups_.states[0], old));
  const bool tight = aux.encoded_size() + aux.extra_reserve().value_or(0) > room;
  SVSM_TRY(WriteGroup(0, tight ? AuxState::kActiveReallocate : AuxState::kActive, next.view()));
  return view_.device().Flush();
}

}  // namespace svsm::cocoonfs
