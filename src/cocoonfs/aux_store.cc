#include "cocoonfs/aux_store.h"

#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/panic.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kStateOffset = 16;

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
  SVSM_TRY(intact_.Resize(ring_.extents.size()));
  SVSM_TRY(Judge());
  SVSM_TRY(ReadPayload());
  return aux.Decode(payload_.view());
}

// Which extents are intact, and which group counts: the first that is active, which is whole then.
Status AuxStore::Judge() {
  for (std::size_t i = 0; i < ring_.extents.size(); ++i) {
    const ByteSpan bytes = BufferFor(i);
    SVSM_TRY(view_.Read(ring_.extents[i].first, bytes));
    intact_[i] = RemoveIntegrity(AuxIntegrity(IntegritySlots(layout_), IsHead(i)), bytes) ? 1 : 0;
    if (!IsHead(i) || intact_[i] == 0) continue;
    const std::uint8_t state = bytes[kStateOffset];
    if (state > static_cast<std::uint8_t>(AuxState::kActiveReallocate)) {
      return Malformed(Region::kAux);
    }
    states_[i == 0 ? 0 : 1] = static_cast<AuxState>(state);
  }
  effective_ = states_[0] != AuxState::kInactive ? 0 : 1;
  if (states_[effective_] == AuxState::kInactive) return Malformed(Region::kAux);
  for (std::size_t i = FirstOf(effective_); i < EndOf(effective_); ++i) {
    if (intact_[i] == 0) return Malformed(Region::kAux);
  }
  return OkStatus();
}

Status AuxStore::ReadPayload() {
  payload_.Clear();
  SVSM_TRY(
      payload_.Reserve(static_cast<std::size_t>(AuxGroupCapacity(layout_, ring_, effective_))));
  const std::uint32_t slots = IntegritySlots(layout_);
  for (std::size_t i = FirstOf(effective_); i < EndOf(effective_); ++i) {
    const ByteSpan bytes = BufferFor(i);
    const IntegrityPlace place = AuxIntegrity(slots, IsHead(i));
    SVSM_TRY(view_.Read(ring_.extents[i].first, bytes));
    if (!RemoveIntegrity(place, bytes)) return Malformed(Region::kAux);
    SVSM_TRY(payload_.Append(bytes.subspan(place.section + IntegritySectionBytes(slots))));
  }
  return OkStatus();
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
  const ByteView old =
      ByteView(payload_.view())
          .first(payload_.size() < room ? payload_.size() : static_cast<std::size_t>(room));
  if (!IsZero(ByteView(payload_.view()).subspan(old.size()))) return Malformed(Region::kAux);
  // What is torn comes first: a second torn extent would be one too many.
  for (std::size_t i = 0; i < ring_.extents.size(); ++i) {
    if (intact_[i] != 0) continue;
    SVSM_TRY(WriteExtent(i, AuxState::kInactive, effective_ == 0 ? old : next.view()));
    intact_[i] = 1;
  }
  if (effective_ == 0) SVSM_TRY(WriteGroup(1, states_[0], old));
  const bool tight = aux.encoded_size() + aux.extra_reserve().value_or(0) > room;
  SVSM_TRY(WriteGroup(0, tight ? AuxState::kActiveReallocate : AuxState::kActive, next.view()));
  return view_.device().Flush();
}

}  // namespace svsm::cocoonfs
