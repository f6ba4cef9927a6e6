#include "cocoonfs/aux_ring.h"

#include "cocoonfs/integrity.h"
#include "svsm/core/panic.h"
#include "svsm/core/result.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

std::size_t HeadBytes(const ImageLayout& layout, bool group_head) {
  const std::uint32_t slots = IntegritySlots(layout);
  return AuxIntegrity(slots, group_head).section + IntegritySectionBytes(slots);
}

}  // namespace

std::size_t AuxExtentCapacity(const ImageLayout& layout, std::uint64_t count, bool group_head) {
  return static_cast<std::size_t>(count) * layout.allocation_block_bytes() -
         HeadBytes(layout, group_head);
}

std::uint64_t AuxGroupCapacity(const ImageLayout& layout, const AuxExtents& ring, int group) {
  const std::size_t from = group == 0 ? 0 : ring.group1;
  const std::size_t to = group == 0 ? ring.group1 : ring.extents.size();
  std::uint64_t capacity = 0;
  for (std::size_t i = from; i < to; ++i) {
    capacity += AuxExtentCapacity(layout, ring.extents[i].count, i == from);
  }
  return capacity;
}

Status PlanAuxGroup(const ImageLayout& layout, std::uint64_t capacity, Vec<std::uint64_t>& out) {
  const std::uint64_t unit = layout.journal_block();
  bool head = true;
  do {
    std::uint64_t count = kMaxPointerBlocks;
    if (capacity < AuxExtentCapacity(layout, count, head)) {
      const std::uint64_t blocks = layout.BlocksFor(capacity + HeadBytes(layout, head));
      count = (blocks + unit - 1) / unit * unit;
    }
    if (out.size() == kMaxAuxExtents) return Status(Code::kExhausted, Source::kCocoonfs);
    SVSM_TRY(out.PushBack(count));
    const std::uint64_t got = AuxExtentCapacity(layout, count, head);
    capacity -= got < capacity ? got : capacity;
    head = false;
  } while (capacity != 0);
  return OkStatus();
}

AuxNeed NeedOf(const AuxMetadata& aux) {
  if (aux.trivial()) return {};
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;  // beyond what a ring can hold
  const std::uint64_t reserve = aux.extra_reserve().value_or(0);
  return {aux.encoded_size() + (reserve < kMost ? reserve : kMost), aux.extra_reserve() ? 2 : 1};
}

void EncodeAuxExtent(const ImageLayout& layout, const AuxExtents& ring, std::size_t i,
                     AuxState state, ByteView payload, ByteSpan out) {
  const std::size_t size = ring.extents.size();
  const std::size_t group_first = i < ring.group1 ? 0 : ring.group1;
  const bool head = i == group_first;
  std::uint64_t skip = 0;
  for (std::size_t k = group_first; k < i; ++k) {
    skip += AuxExtentCapacity(layout, ring.extents[k].count, k == group_first);
  }
  Fill(out, 0);
  wire::Writer w(out);
  w.Le64(EncodeExtentPointer(ring.extents[(i + 1) % size], false));
  w.Le64(EncodeExtentPointer(ring.extents[(i + 2) % size], false));
  if (head) w.U8(static_cast<std::uint8_t>(state));
  const std::size_t room = out.size() - HeadBytes(layout, head);
  if (skip < payload.size()) {
    const ByteView rest = payload.subspan(static_cast<std::size_t>(skip));
    Copy(out.subspan(HeadBytes(layout, head)), rest.first(rest.size() < room ? rest.size() : room));
  }
  ApplyIntegrity(AuxIntegrity(IntegritySlots(layout), head), out);
}

void AuxHeads(const AuxExtents& ring, std::uint64_t (&heads)[2]) {
  heads[0] = kNilPointer;
  heads[1] = kNilPointer;
  if (ring.extents.empty()) return;
  heads[0] = EncodeExtentPointer(ring.extents[0], false);
  if (ring.group1 < ring.extents.size()) {
    heads[1] = EncodeExtentPointer(ring.extents[ring.group1], false);
  }
}

}  // namespace svsm::cocoonfs
