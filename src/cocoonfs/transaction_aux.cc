// Auxiliary metadata in a transaction: they get new extents.
#include "cocoonfs/aux_reader.h"
#include "cocoonfs/aux_ring.h"
#include "cocoonfs/transaction_state.h"

namespace svsm::cocoonfs {

Status TransactionState::TakeAuxRing(const AuxMetadata& aux, AuxExtents& out) {
  const AuxNeed need = NeedOf(aux);
  Vec<std::uint64_t> counts(volume_.allocator);
  for (int group = 0; group < need.groups; ++group) {
    if (group == 1) out.group1 = out.extents.size();
    counts.Clear();
    SVSM_TRY(PlanAuxGroup(volume_.layout, need.capacity, counts));
    for (const std::uint64_t count : counts) {
      if (out.extents.size() == kMaxAuxExtents) {
        return Status(Code::kExhausted, Source::kCocoonfs);
      }
      SVSM_ASSIGN_OR_RETURN(const Extent extent,
                            space_.TakeAligned(count, volume_.layout.journal_block()));
      SVSM_TRY(out.extents.PushBack(extent));
    }
  }
  if (need.groups < 2) out.group1 = out.extents.size();
  return OkStatus();
}

// Nothing authenticates the ring that the headers name, and the host may lay it over a file. The
// tree tells: its digests leave out what is auxiliary metadata, and nothing else that is allocated.
Status TransactionState::CheckAuxRing() {
  if (aux_changed_) return OkStatus();
  const TreeShape& shape = volume_.shape;
  for (const Extent& extent : aux_.extents) {
    const std::uint64_t last = shape.DataIndex(extent.end() - 1);
    for (std::uint64_t i = shape.DataIndex(extent.first); i <= last; ++i) {
      const Status status = volume_.tree.CheckBlock(i, 0, ByteView());
      if (status == AuthFailed(Region::kTreeData)) return AuthFailed(Region::kAux);
      SVSM_TRY(status);
    }
  }
  return OkStatus();
}

// Gives back the ring as it is, whether it is the image's or this transaction's.
Status TransactionState::DropAuxRing() {
  for (const Extent& extent : aux_.extents) {
    if (aux_changed_) dirty_.Remove(extent.first);
    SVSM_TRY(space_.Give(extent));
  }
  aux_.extents.Clear();
  aux_.group1 = 0;
  aux_.states[0] = aux_.states[1] = AuxState::kInactive;
  aux_changed_ = true;
  return OkStatus();
}

Status TransactionState::SetAux(const AuxMetadata& aux) {
  SVSM_TRY(CheckAuxRing());
  SVSM_TRY(DropAuxRing());
  SVSM_TRY(TakeAuxRing(aux, aux_));
  return PutAux(aux);
}

// The contents of the new ring. Its second group, where there is one, is not active.
Status TransactionState::PutAux(const AuxMetadata& aux) {
  Vec<std::uint8_t> payload(volume_.allocator);
  if (!aux_.extents.empty()) {
    SVSM_TRY(payload.Resize(aux.encoded_size()));
    SVSM_TRY(aux.Encode(payload.view()));
    aux_.states[0] = AuxState::kActive;
  }
  after_.ClearUntracked();
  SVSM_TRY(after_.AddUntracked({0, volume_.places.end}));
  SVSM_TRY(after_.AddUntracked(volume_.places.journal_head));
  for (std::size_t i = 0; i < aux_.extents.size(); ++i) {
    const int group = i < aux_.group1 ? 0 : 1;
    SVSM_TRY(after_.AddUntracked(aux_.extents[i]));
    SVSM_ASSIGN_OR_RETURN(const ByteSpan out, dirty_.Add(aux_.extents[i]));
    EncodeAuxExtent(volume_.layout, aux_, i, aux_.states[group],
                    group == 0 ? ByteView(payload.view()) : ByteView(), out);
  }
  return OkStatus();
}

// Whether new extents for it leave most of what is free to others: anyone may ask for any reserve.
Status TransactionState::IsModest(const AuxMetadata& aux, bool& modest) const {
  const AuxNeed need = NeedOf(aux);
  const Bitmap& bitmap = after_.bitmap();
  const std::uint64_t free_blocks = bitmap.num_blocks() - bitmap.CountAllocated();
  modest = false;
  if (volume_.layout.BlocksFor(need.capacity) > free_blocks) return OkStatus();
  Vec<std::uint64_t> counts(volume_.allocator);
  const Status status = PlanAuxGroup(volume_.layout, need.capacity, counts);
  if (status.code() == Code::kExhausted) return OkStatus();
  SVSM_TRY(status);
  std::uint64_t blocks = 0;
  for (const std::uint64_t count : counts) blocks += count;
  modest = static_cast<std::uint64_t>(need.groups) * blocks <= free_blocks / 4;
  return OkStatus();
}

Status TransactionState::MoveAux() {
  if (aux_changed_ || !aux_.shall_move()) return OkStatus();
  AuxMetadata aux(volume_.allocator);
  const Status read = ReadAux(*volume_.view, volume_.layout, aux_, aux);
  // Nothing authenticates them: what no one can read, or what lies where it must not, must not
  // stand in the way of a commit.
  if (read.code() == Code::kMalformed) return OkStatus();
  SVSM_TRY(read);
  const Status genuine = CheckAuxRing();
  if (genuine.code() == Code::kAuthFailed) return OkStatus();
  SVSM_TRY(genuine);
  bool modest = false;
  SVSM_TRY(IsModest(aux, modest));
  if (!modest) return OkStatus();
  AuxExtents moved(volume_.allocator);
  const Status taken = TakeAuxRing(aux, moved);
  if (taken.code() == Code::kExhausted) {
    for (const Extent& extent : moved.extents) SVSM_TRY(space_.Give(extent));
    return OkStatus();
  }
  SVSM_TRY(taken);
  SVSM_TRY(DropAuxRing());
  aux_ = std::move(moved);
  return PutAux(aux);
}

}  // namespace svsm::cocoonfs
