#include "cocoonfs/write_state.h"

#include <new>

namespace svsm::cocoonfs {
namespace {

constexpr Status NotNow() { return Status(Code::kFailedPrecondition, Source::kCocoonfs); }
constexpr Status NoMemory() { return Status(Code::kOutOfMemory, Source::kCocoonfs); }

template <typename T, typename... Args>
T* New(Allocator& allocator, Args&&... args) {
  void* const memory = allocator.Allocate(sizeof(T), alignof(T));
  return memory == nullptr ? nullptr : ::new (memory) T(static_cast<Args&&>(args)...);
}

template <typename T>
void Delete(Allocator& allocator, T*& object) {
  if (object == nullptr) return;
  object->~T();
  allocator.Free(object, sizeof(T));
  object = nullptr;
}

}  // namespace

void WriteState::Opened(const OpenOptions& open_options) {
  options = open_options;
  last_counter = volume.counter;
  head_clean = false;
  if (!replay) return;
  phase = Phase::kWritten;
  old_root_size = 0;
  new_root = volume.header.root_digest;
  new_counter = volume.counter;
  replay_bytes = replay->replay_bytes();
}

void WriteState::Drop() {
  Delete(volume.allocator, prepared);
  Delete(volume.allocator, active);
}

Result<Transaction*> WriteState::Begin() {
  if (phase == Phase::kTransaction) return Status(Code::kBusy, Source::kCocoonfs);
  if (phase != Phase::kIdle || options.read_only) return NotNow();
  active = New<TransactionState>(volume.allocator, volume, index_nodes, carried);
  if (active == nullptr) return NoMemory();
  if (const Status status = active->Init(); !status.ok()) {
    Drop();
    return status;
  }
  phase = Phase::kTransaction;
  return &transaction;
}

Status WriteState::BuildCommit() {
  SVSM_TRY(active->MoveAux());
  prepared = New<PreparedCommit>(volume.allocator, *active, commit_writer);
  if (prepared == nullptr) return NoMemory();
  const CommitOptions commit_options{.trim = options.trim, .last_counter = last_counter};
  SVSM_TRY(keys.Load(volume.keys, volume.rng));
  CommitBuilder builder(*prepared, keys, commit_options);
  SVSM_TRY(builder.Build());
  replay_bytes = ReplayBytes(volume.layout, prepared->log, prepared->chain.size(),
                             prepared->tree.nodes().view().size());
  const bool fits = options.max_replay_bytes == 0 || replay_bytes <= options.max_replay_bytes;
  return fits ? OkStatus() : Status(Code::kExhausted, Source::kCocoonfs, kTooLarge);
}

Result<PendingCommit*> WriteState::Prepare() {
  if (phase != Phase::kTransaction || active->failed() || active->writing()) return NotNow();
  Status status = BuildCommit();
  if (status.ok()) {
    // From the first write on the value belongs to this state.
    last_counter = prepared->counter;
    status = WriteAhead();
  }
  if (!status.ok()) {
    Drop();
    phase = Phase::kIdle;
    return status;
  }
  old_root = volume.header.root_digest;
  old_root_size = volume.digests.root_digest_bytes();
  new_root = prepared->header.root_digest;
  new_counter = prepared->counter;
  phase = Phase::kPrepared;
  return &commit;
}

// Everything that a crash before the commit point leaves behind in free blocks.
Status WriteState::WriteAhead() {
  SVSM_TRY(CleanHead());
  SVSM_TRY(PutInPlace());
  SVSM_TRY(PutCopies());
  SVSM_TRY(PutChain());
  return prepared->writer.Barrier();
}

// A head that was torn must not become whole by what is written next to it.
Status WriteState::CleanHead() {
  if (head_clean) return OkStatus();
  DeviceWriter& writer = prepared->writer;
  const std::uint64_t first = volume.places.journal_head.first;
  SVSM_ASSIGN_OR_RETURN(const ByteSpan block,
                        writer.Reserve(first, volume.device_view.head_bytes()));
  SVSM_TRY(volume.device_view.Read(first, block));
  if (IsZero(block)) {
    writer.Discard();
  } else {
    Fill(block, 0);
    SVSM_TRY(writer.Barrier());
  }
  head_clean = true;
  return OkStatus();
}

Status WriteState::PutInPlace() {
  const std::uint64_t io = volume.layout.io_block();
  const std::size_t block = volume.layout.allocation_block_bytes();
  for (const DirtyBlocks::Run& run : active->dirty().runs()) {
    // The part of the run that lies in fresh IO blocks, piece by piece.
    for (std::uint64_t at = run.extent.first; at < run.extent.end();) {
      const std::uint64_t unit = at & ~(io - 1);
      const bool fresh = active->space().WasFree({unit, io});
      std::uint64_t end = unit + io;
      while (end < run.extent.end() && active->space().WasFree({end, io}) == fresh) end += io;
      if (end > run.extent.end()) end = run.extent.end();
      if (fresh) {
        SVSM_TRY(prepared->writer.Put(
            at, ByteView(run.bytes.view())
                    .subspan(static_cast<std::size_t>(at - run.extent.first) * block,
                             static_cast<std::size_t>(end - at) * block)));
      }
      at = end;
    }
  }
  return OkStatus();
}

Status WriteState::PutCopies() {
  const std::uint64_t io = volume.layout.io_block();
  const std::size_t block = volume.layout.allocation_block_bytes();
  for (const ApplyRecord& record : prepared->log.writes) {
    for (std::uint64_t at = 0; at < record.count; at += io) {
      SVSM_ASSIGN_OR_RETURN(
          const ByteSpan copy,
          prepared->writer.Reserve(record.source + at, volume.layout.io_block_bytes()));
      active->dirty().Overlay(record.target + at, copy);
      if (!prepared->log.has_disguise) continue;
      SVSM_TRY(keys.disguise.Apply(record.target + at, record.source + at, block, copy));
    }
  }
  return OkStatus();
}

// The log's tails, and the head but for its first device block.
Status WriteState::PutChain() {
  const std::size_t block = volume.layout.allocation_block_bytes();
  const Extent head = volume.places.journal_head;
  ByteView left = prepared->chain.view();
  const std::size_t head_bytes = static_cast<std::size_t>(head.count) * block;
  ByteView tails = left.subspan(head_bytes);
  for (const Extent& tail : prepared->tails) {
    const std::size_t size = static_cast<std::size_t>(tail.count) * block;
    SVSM_TRY(prepared->writer.Put(tail.first, tails.first(size)));
    tails = tails.subspan(size);
  }
  const std::size_t first = volume.device_view.head_bytes();
  if (head_bytes > first) {
    SVSM_TRY(
        prepared->writer.Put(head.first + first / block, left.subspan(first, head_bytes - first)));
  }
  return OkStatus();
}

Status WriteState::Cancel() {
  if (phase != Phase::kPrepared) return NotNow();
  Drop();
  phase = Phase::kIdle;
  return OkStatus();
}

}  // namespace svsm::cocoonfs
