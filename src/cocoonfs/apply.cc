// From the commit point on: the journal's head, the blocks at their places, the end of the journal.
#include "cocoonfs/write_state.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status NotNow() { return Status(Code::kFailedPrecondition, Source::kCocoonfs); }
constexpr std::size_t kWriteBufferBytes = 32 * 1024;

}  // namespace

Status WriteState::WriteJournal() {
  if (phase == Phase::kWritten) return options.read_only ? NotNow() : OkStatus();
  if (phase != Phase::kPrepared) return NotNow();
  const std::size_t first = volume.device_view.head_bytes();
  head_clean = false;
  Status status = prepared->writer.Put(volume.places.journal_head.first,
                                       ByteView(prepared->chain.view()).first(first));
  if (status.ok()) status = prepared->writer.Flush();
  phase = status.ok() ? Phase::kWritten : Phase::kFailed;
  if (!status.ok()) Drop();
  return status;
}

Status WriteState::Apply() {
  SVSM_TRY(WriteJournal());
  const Status status = prepared != nullptr ? ApplyPrepared() : ApplyFound();
  if (!status.ok()) {
    Drop();
    phase = Phase::kFailed;
    return status;
  }
  phase = Phase::kIdle;
  return OkStatus();
}

// The IO blocks of nodes that have changed.
Status WriteState::PutNodes(const TreeNodeSet& nodes, DeviceWriter& writer) {
  const std::size_t io_bytes = volume.layout.io_block_bytes();
  const std::size_t block = volume.layout.allocation_block_bytes();
  for (const TreeNode& node : nodes.view()) {
    SVSM_ASSIGN_OR_RETURN(const std::uint64_t position,
                          volume.shape.NodePosition(node.level, node.index));
    for (std::size_t at = 0; at < volume.layout.tree_node_bytes(); at += io_bytes) {
      if (node.changed_from >= at + io_bytes || node.changed_end <= at) continue;
      SVSM_ASSIGN_OR_RETURN(const ByteSpan out, writer.Reserve(position + at / block, io_bytes));
      const std::size_t have = node.digests.size() > at ? node.digests.size() - at : 0;
      const std::size_t size = have < io_bytes ? have : io_bytes;
      if (size != 0) Copy(out, ByteView(node.digests.view()).subspan(at, size));
      Fill(out.subspan(size), 0);
    }
  }
  return OkStatus();
}

// Zeros over the head's first device block, between two barriers.
Status WriteState::EndJournal(DeviceWriter& writer) {
  SVSM_TRY(writer.Barrier());
  SVSM_ASSIGN_OR_RETURN(const ByteSpan block, writer.Reserve(volume.places.journal_head.first,
                                                             volume.device_view.head_bytes()));
  Fill(block, 0);
  SVSM_TRY(writer.Barrier());
  head_clean = true;
  return OkStatus();
}

Status WriteState::ApplyPrepared() {
  DeviceWriter& writer = prepared->writer;
  const std::size_t block = volume.layout.allocation_block_bytes();
  for (const ApplyRecord& record : prepared->log.writes) {
    const std::uint64_t end = record.target + record.count;
    for (std::uint64_t at = record.target; at < end;) {
      ByteView run = active->dirty().ViewFrom(at);
      const auto most = static_cast<std::size_t>(end - at) * block;
      if (run.size() > most) run = run.first(most);
      SVSM_TRY(writer.Put(at, run));
      at += run.size() / block;
    }
  }
  SVSM_TRY(PutNodes(prepared->tree.nodes(), writer));
  SVSM_TRY(EndJournal(writer));
  if (options.trim) SVSM_TRY(Trim(prepared->log, prepared->tails.view()));
  Become();
  Drop();
  return OkStatus();
}

// The volume takes over the new state.
void WriteState::Become() {
  volume.header = prepared->header;
  volume.counter = prepared->counter;
  carried.Become(volume.allocation, active->space());
  index_nodes.Became(active->dirty(), active->space().freed());
  index.reset();
  if (active->aux_changed()) volume.aux = active->TakeAux();
  volume.tree.AdoptMade(std::move(prepared->tree.nodes()));
  volume.tree.ReleaseMade();
  volume.tree.RefreshData(
      [this](std::uint64_t first, ByteSpan bytes) { active->dirty().Overlay(first, bytes); });
  reader.Close();
}

// A commit that was found: its copies are still where they were written.
Status WriteState::ApplyFound() {
  const JournalLog& log = replay->log();
  DeviceWriter writer(volume.device_view, volume.allocator);
  const std::size_t node = volume.layout.tree_node_bytes();
  SVSM_TRY(writer.Init(volume.layout.io_block_bytes(),
                       node > kWriteBufferBytes ? node : kWriteBufferBytes));
  const std::size_t io_bytes = volume.layout.io_block_bytes();
  const std::size_t most = writer.buffer_bytes() / io_bytes * io_bytes;
  const std::size_t block = volume.layout.allocation_block_bytes();
  for (const ApplyRecord& record : log.writes) {
    if (record.target == record.source) continue;
    for (std::uint64_t at = 0; at < record.count;) {
      auto size = static_cast<std::size_t>(record.count - at) * block;
      if (size > most) size = most;
      SVSM_ASSIGN_OR_RETURN(const ByteSpan out, writer.Reserve(record.target + at, size));
      SVSM_TRY(replay->view().Read(record.target + at, out));
      at += size / block;
    }
  }
  SVSM_TRY(PutNodes(volume.tree.made(), writer));
  SVSM_TRY(EndJournal(writer));
  if (log.has_trims) SVSM_TRY(Trim(log, replay->tails()));
  volume.view = &volume.device_view;
  volume.tree.SetView(volume.device_view);
  volume.tree.ReleaseMade();
  replay.reset();
  index.reset();
  reader.Close();
  // The nodes that were made are on the device now.
  return volume.tree.SetRoot(
      volume.header.root_view(volume.layout), volume.header.encrypted_counter,
      ByteView(volume.image_context).first(volume.digests.root_digest_bytes()));
}

// Whole device blocks of the range.
Status WriteState::TrimRange(const Extent& range) {
  const std::uint64_t block = volume.layout.allocation_block_bytes();
  const std::uint64_t unit = volume.device_view.device_block_bytes();
  const Status status = volume.device.Trim(range.first * block / unit, range.count * block / unit);
  // To say so is a courtesy: a device that does not listen does no harm.
  return status.code() == Code::kUnsupported ? OkStatus() : status;
}

Status WriteState::Trim(const JournalLog& log, std::span<const Extent> tails) {
  for (const Extent& range : log.trims) SVSM_TRY(TrimRange(range));
  for (const ApplyRecord& record : log.writes) {
    if (record.source != record.target) SVSM_TRY(TrimRange({record.source, record.count}));
  }
  for (const Extent& tail : tails) SVSM_TRY(TrimRange(tail));
  return OkStatus();
}

}  // namespace svsm::cocoonfs
