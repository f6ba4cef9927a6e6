#include "cocoonfs/commit_builder.h"

#include "cocoonfs/aux_ring.h"
#include "cocoonfs/encrypted_block.h"
#include "cocoonfs/entry_leaf.h"
#include "svsm/core/panic.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kWriteBufferBytes = 32 * 1024;

constexpr std::uint64_t Ones(std::uint64_t count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

}  // namespace

Status CommitBuilder::Build() {
  commit_.header = volume_.header;
  SVSM_TRY(buffer_.Resize(layout_.data_block_bytes()));
  SVSM_TRY(EncryptNodes());
  SVSM_TRY(EncryptBitmap());
  SVSM_TRY(MakeCounter());
  if (state_.aux_changed()) AuxHeads(state_.aux(), commit_.header.aux_heads);
  SVSM_TRY(state_.dirty().Add(volume_.places.mutable_header).status());
  SVSM_TRY(MarkTouched());
  SVSM_TRY(FillGaps());
  SVSM_TRY(DigestTouched());
  const std::size_t root_bytes = volume_.digests.root_digest_bytes();
  SVSM_TRY(commit_.tree.Finish(commit_.header.encrypted_counter,
                               ByteView(volume_.image_context).first(root_bytes),
                               ByteSpan(commit_.header.root_digest).first(root_bytes)));
  EncodeMutableHeader(layout_, commit_.header,
                      state_.dirty().RunAt(volume_.places.mutable_header.first));
  SVSM_TRY(PlanWrites());
  if (options_.trim) SVSM_TRY(PlanTrims());
  SVSM_TRY(MakeFragments());
  Vec<std::uint8_t> payload(volume_.allocator);
  Status status = MakeLog(payload);
  if (status.ok()) status = MakeChain(payload.view());
  Wipe(payload.view());  // the disguise's keys are in it
  SVSM_TRY(status);
  const std::size_t node = layout_.tree_node_bytes();
  return commit_.writer.Init(layout_.io_block_bytes(),
                             node > kWriteBufferBytes ? node : kWriteBufferBytes);
}

Status CommitBuilder::EncryptNodes() {
  Vec<Extent> places(volume_.allocator);
  for (const TransactionNodes::Node& node : state_.nodes().nodes()) {
    if (!node.changed) continue;
    SVSM_TRY(places.PushBack({node.first, state_.nodes().NodeBlocks(node.kind)}));
  }
  SVSM_TRY(state_.dirty().AddMany(places.view()));
  for (const TransactionNodes::Node& node : state_.nodes().nodes()) {
    if (!node.changed) continue;
    const ByteSpan block = state_.dirty().RunAt(node.first);
    SVSM_TRY(EncryptBlock(*volume_.index_cipher, volume_.rng, node.payload.view(), block));
    if (node.first == commit_.header.entry_leaf) {
      SVSM_TRY(EntryLeafDigest(*volume_.entry_leaf_hmac, layout_, block,
                               commit_.header.entry_leaf_digest));
    }
  }
  state_.nodes().Clear();
  return OkStatus();
}

std::uint64_t CommitBuilder::NumBitmapBlocks() const {
  std::uint64_t count = 0;
  for (const Extent& extent : volume_.bitmap_extents) {
    count += extent.count >> layout_.bitmap_block_log2;
  }
  return count;
}

std::uint64_t CommitBuilder::BitmapBlockAt(std::uint64_t index) const {
  std::uint64_t offset = index << layout_.bitmap_block_log2;
  for (const Extent& extent : volume_.bitmap_extents) {
    if (offset < extent.count) return extent.first + offset;
    offset -= extent.count;
  }
  svsm_panic("bitmap block");
}

Status CommitBuilder::EncryptBitmap() {
  const Bitmap& before = volume_.allocation.bitmap();
  const Bitmap& after = state_.after().bitmap();
  const std::size_t words = layout_.bitmap_words_per_block();
  const std::uint64_t blocks_each = static_cast<std::uint64_t>(words) * 64;
  Vec<std::uint8_t> payload(volume_.allocator);
  SVSM_TRY(payload.Resize(words * 8));
  for (std::uint64_t at = after.NextDifference(before, 0); at < after.num_blocks();) {
    const std::uint64_t index = at / blocks_each;
    SVSM_ASSIGN_OR_RETURN(const ByteSpan block,
                          state_.dirty().Add({BitmapBlockAt(index), layout_.bitmap_block()}));
    after.Encode(index, words, payload.view());
    SVSM_TRY(EncryptBlock(*volume_.bitmap_cipher, volume_.rng, payload.view(), block));
    at = after.NextDifference(before, (index + 1) * blocks_each);
  }
  Wipe(payload.view());
  return OkStatus();
}

Status CommitBuilder::MakeCounter() {
  commit_.counter = options_.last_counter;
  IncrementCounter(commit_.counter);
  return EncryptCounter(*volume_.counter_cipher, commit_.counter, commit_.header.encrypted_counter);
}

Status CommitBuilder::MarkTouched() {
  const TreeShape& shape = volume_.shape;
  const auto mark = [&](const Extent& extent) {
    const std::uint64_t first = shape.DataIndex(extent.first);
    const std::uint64_t last = shape.DataIndex(extent.end() - 1);
    return touched_.Add({first, last - first + 1});
  };
  // No file and no node reaches over the tree.
  for (const DirtyBlocks::Run& run : state_.dirty().runs()) SVSM_TRY(mark(run.extent));
  for (const Extent& extent : state_.space().freed()) SVSM_TRY(mark(extent));
  return touched_.Sort();
}

Status CommitBuilder::FillGaps() {
  const std::uint64_t io = layout_.io_block();
  Vec<Extent> gaps(volume_.allocator);
  std::uint64_t done = 0;  // IO blocks below it have been looked at
  for (const DirtyBlocks::Run& run : state_.dirty().runs()) {
    const std::uint64_t first = run.extent.first & ~(io - 1);
    const std::uint64_t last = (run.extent.end() - 1) & ~(io - 1);
    for (const std::uint64_t unit : {first, last}) {
      if (unit < done) continue;
      done = unit + io;
      std::uint64_t missing = ~state_.dirty().Mask(unit, static_cast<std::uint32_t>(io)) & Ones(io);
      for (std::uint64_t i = 0; missing != 0; ++i, missing >>= 1) {
        if ((missing & 1) == 0) continue;
        if (!gaps.empty() && gaps.back().end() == unit + i) {
          ++gaps.back().count;
        } else {
          SVSM_TRY(gaps.PushBack({unit + i, 1}));
        }
      }
    }
  }
  SVSM_TRY(state_.dirty().AddMany(gaps.view()));
  for (const Extent& gap : gaps) SVSM_TRY(FillGap(gap));
  return OkStatus();
}

// What is allocated keeps its bytes, authenticated; the rest may be anything.
Status CommitBuilder::FillGap(const Extent& gap) {
  const ByteSpan run = state_.dirty().RunAt(gap.first);
  const Bitmap& after = state_.after().bitmap();
  const std::size_t block = layout_.allocation_block_bytes();
  for (std::uint64_t at = gap.first; at < gap.end();) {
    const bool kept = after.Test(at);
    std::uint64_t end = at + 1;
    while (end < gap.end() && after.Test(end) == kept) ++end;
    const ByteSpan part = run.subspan(static_cast<std::size_t>(at - gap.first) * block,
                                      static_cast<std::size_t>(end - at) * block);
    if (kept) {
      SVSM_TRY(
          volume_.tree.ReadChecked(volume_.allocation, {at, end - at}, part, Region::kTreeData));
    } else {
      SVSM_TRY(keys_.FillFree(part));
    }
    at = end;
  }
  return OkStatus();
}

Status CommitBuilder::DigestTouched() {
  const std::uint64_t blocks = layout_.data_block();
  const std::size_t size = layout_.data_block_bytes();
  const std::size_t digest_bytes = volume_.digests.data_digest_bytes();
  TreeDigests::Batch batch(volume_.digests);
  for (const Extent& range : touched_.ranges()) {
    for (std::uint64_t i = range.first; i < range.end();) {
      // One after the other, as far as a run of dirty blocks goes.
      std::uint64_t first = volume_.shape.DataPosition(i);
      ByteView data = state_.dirty().ViewFrom(first);
      ByteView known = KnownDigests(first);
      SVSM_TRY(commit_.tree.RenewLeaves(i, known.size() / digest_bytes));
      do {
        SVSM_TRY(DigestData(i++, first, data, known, batch));
        first += blocks;
        data = data.subspan(data.size() < size ? data.size() : size);
        known = known.subspan(known.empty() ? 0 : digest_bytes);
      } while (i < range.end() && data.size() >= size);
    }
  }
  return batch.Finish();
}

// Of the data blocks from `first` on, those that have been worked out when they were encrypted.
ByteView CommitBuilder::KnownDigests(std::uint64_t first) const {
  const DirtyBlocks::Run* const run = state_.dirty().RunOf(first);
  if (run == nullptr) return {};
  const ByteView digests = run->digests.view();
  const auto skip = static_cast<std::size_t>(first - run->extent.first) / layout_.data_block() *
                    volume_.digests.data_digest_bytes();
  return skip < digests.size() ? digests.subspan(skip) : ByteView();
}

// `data` is what is dirty from the data block's first block on; `known` are the digests of its data
// blocks, as many as there are.
Status CommitBuilder::DigestData(std::uint64_t index, std::uint64_t first, ByteView data,
                                 ByteView known, TreeDigests::Batch& batch) {
  const auto blocks = static_cast<std::uint32_t>(layout_.data_block());
  const std::uint64_t word = state_.after().Word(first, blocks);
  const std::uint64_t dirty =
      data.size() >= layout_.data_block_bytes() ? Ones(blocks) : state_.dirty().Mask(first, blocks);
  if ((dirty & word) == 0 && word == volume_.allocation.Word(first, blocks)) return OkStatus();
  Vec<Extent>& ranges = commit_.log.digest_ranges;
  if (!ranges.empty() && ranges.back().end() == first) {
    ranges.back().count += blocks;
  } else {
    SVSM_TRY(ranges.PushBack({first, blocks}));
  }
  SVSM_ASSIGN_OR_RETURN(const ByteSpan digest, commit_.tree.DataDigest(index));
  if (!known.empty()) {
    SVSM_CHECK(word == Ones(blocks));
    Copy(digest, known.first(digest.size()));
    return OkStatus();
  }
  if ((word & ~dirty) == 0 && IsHeld(word, data)) return batch.Add(index, word, data, digest);
  SVSM_TRY(GatherData(first, word & ~dirty));
  return volume_.digests.DataBlock(index, word, buffer_.view(), digest);
}

// Whether `data` reaches over all blocks of `word`.
bool CommitBuilder::IsHeld(std::uint64_t word, ByteView data) const {
  return (word & ~Ones(data.size() / layout_.allocation_block_bytes())) == 0;
}

// Puts a data block together from what is dirty and the `missing` blocks, checked.
Status CommitBuilder::GatherData(std::uint64_t first, std::uint64_t missing) {
  const std::size_t block = layout_.allocation_block_bytes();
  const ByteSpan whole = buffer_.view();
  for (std::uint64_t i = 0; missing != 0; ++i, missing >>= 1) {
    if ((missing & 1) == 0) continue;
    SVSM_TRY(volume_.tree.ReadChecked(volume_.allocation, {first + i, 1},
                                      whole.subspan(static_cast<std::size_t>(i) * block, block),
                                      Region::kTreeData));
  }
  state_.dirty().Overlay(first, whole);
  return OkStatus();
}

// An IO block that was free is written in place; for any other there is a copy first. All copies
// lie side by side, as far as there is such a place.
Status CommitBuilder::PlanWrites() {
  const std::uint64_t io = layout_.io_block();
  Vec<ApplyRecord>& writes = commit_.log.writes;
  std::uint64_t copies = 0;
  std::uint64_t at = 0;
  for (const DirtyBlocks::Run& run : state_.dirty().runs()) {
    for (std::uint64_t unit = run.extent.first & ~(io - 1); unit < run.extent.end(); unit += io) {
      if (unit < at) continue;
      at = unit + io;
      if (state_.space().WasFree({unit, io})) continue;
      copies += io;
      if (!writes.empty() && writes.back().target + writes.back().count == unit) {
        writes.back().count += io;
      } else {
        SVSM_TRY(writes.PushBack({unit, 0, io}));
      }
    }
  }
  SVSM_TRY(state_.space().TakeJournal(copies, ~std::uint64_t{0}, commit_.journal));
  // Lay the targets over the places, cutting where either ends.
  std::size_t place = 0;
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const Extent& from = commit_.journal[place];
    writes[i].source = from.first + used;
    const std::uint64_t room = from.count - used;
    if (writes[i].count > room) {
      const ApplyRecord rest{writes[i].target + room, 0, writes[i].count - room};
      writes[i].count = room;
      SVSM_TRY(writes.Insert(i + 1, rest));
    }
    used += writes[i].count;
    if (used == from.count) {
      ++place;
      used = 0;
    }
  }
  return OkStatus();
}

// IO blocks that become free as a whole.
Status CommitBuilder::PlanTrims() {
  const std::uint64_t io = layout_.io_block();
  const Bitmap& after = state_.after().bitmap();
  const Bitmap& before = volume_.allocation.bitmap();
  RangeSet units(volume_.allocator);
  for (const Extent& extent : state_.space().freed()) {
    for (std::uint64_t unit = extent.first / io; unit * io < extent.end(); ++unit) {
      if (after.AllClear({unit * io, io}) && !before.AllClear({unit * io, io})) {
        SVSM_TRY(units.Add({unit, 1}));
      }
    }
  }
  SVSM_TRY(units.Sort());
  for (const Extent& range : units.ranges()) {
    SVSM_TRY(commit_.log.trims.PushBack({range.first * io, range.count * io}));
  }
  commit_.log.has_trims = true;
  return OkStatus();
}

}  // namespace svsm::cocoonfs
