#include "svsm/cocoonfs/transaction.h"

#include "cocoonfs/file_system_state.h"
#include "cocoonfs/write_state.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status NotNow() { return Status(Code::kFailedPrecondition, Source::kCocoonfs); }

// Errors after which a transaction goes on.
bool IsHarmless(const Status& status) {
  return status.ok() || status.code() == Code::kNotFound ||
         status.code() == Code::kInvalidArgument || status.code() == Code::kBufferTooSmall;
}

// The transaction's state if it can be used, and is (or is not) in the middle of a file.
Result<TransactionState*> Usable(WriteState& state, bool writing) {
  if (state.phase != WriteState::Phase::kTransaction || state.active->failed() ||
      state.active->writing() != writing) {
    return NotNow();
  }
  return state.active;
}

Status Settle(TransactionState& state, Status status) {
  return IsHarmless(status) ? status : state.Fail(status);
}

}  // namespace

Status Transaction::Write(std::uint64_t inode, ByteView data, std::uint8_t flags) {
  SVSM_TRY(BeginWrite(inode, data.size(), flags));
  SVSM_TRY(Append(data));
  return EndWrite();
}

Status Transaction::BeginWrite(std::uint64_t inode, std::uint64_t size_bytes, std::uint8_t flags) {
  SVSM_ASSIGN_OR_RETURN(TransactionState* const state, Usable(state_, false));
  return Settle(*state, state->BeginWrite(inode, size_bytes, flags));
}

Status Transaction::Append(ByteView data) {
  SVSM_ASSIGN_OR_RETURN(TransactionState* const state, Usable(state_, true));
  return Settle(*state, state->Append(data));
}

Status Transaction::EndWrite() {
  SVSM_ASSIGN_OR_RETURN(TransactionState* const state, Usable(state_, true));
  return Settle(*state, state->EndWrite());
}

Status Transaction::Remove(std::uint64_t inode) {
  SVSM_ASSIGN_OR_RETURN(TransactionState* const state, Usable(state_, false));
  return Settle(*state, state->Remove(inode));
}

Status Transaction::SetAuxMetadata(const AuxMetadata& aux) {
  SVSM_ASSIGN_OR_RETURN(TransactionState* const state, Usable(state_, false));
  return Settle(*state, state->SetAux(aux));
}

Result<FileInfo> Transaction::Stat(std::uint64_t inode) {
  SVSM_ASSIGN_OR_RETURN(TransactionState* const state, Usable(state_, false));
  if (inode < kMinUserInode) return Status(Code::kNotFound, Source::kCocoonfs);
  const Result<IndexEntry> entry = state->index().Find(inode);
  if (!entry.ok()) return Settle(*state, entry.status());
  FileInfo info;
  info.inode = inode;
  info.flags = static_cast<std::uint8_t>(entry->flags & kUserFlagsMask);
  std::span<const Extent> extents;
  if (const OwnFile* const own = state->FindOwn(inode); own != nullptr) {
    info.size_bytes = own->size_bytes;
    extents = own->extents.view();
  } else {
    FileReader& reader = state_.reader;
    if (const Status status = reader.Open(*entry); !status.ok()) return Settle(*state, status);
    const Result<std::uint64_t> size = reader.Size();
    if (!size.ok()) return Settle(*state, size.status());
    info.size_bytes = *size;
    extents = reader.extents();
  }
  info.num_extents = extents.size();
  for (const Extent& extent : extents) info.num_blocks += extent.count;
  return info;
}

Result<std::size_t> Transaction::Read(std::uint64_t inode, std::uint64_t offset, ByteSpan out) {
  const ByteSpan whole = out;
  const Result<FileInfo> info = Stat(inode);
  if (!info.ok()) {
    Fill(whole, 0);
    return info.status();
  }
  if (offset >= info->size_bytes) return std::size_t{0};
  const std::uint64_t left = info->size_bytes - offset;
  if (out.size() > left) out = out.first(static_cast<std::size_t>(left));
  TransactionState& state = *state_.active;
  const OwnFile* const own = state.FindOwn(inode);
  const Status status =
      own != nullptr ? state.ReadOwn(*own, offset, out) : state_.reader.Read(offset, out);
  if (!status.ok()) {
    Wipe(whole);
    return Settle(state, status);
  }
  return out.size();
}

Result<std::size_t> Transaction::List(std::uint64_t from, std::span<FileEntry> out) {
  SVSM_ASSIGN_OR_RETURN(TransactionState* const state, Usable(state_, false));
  if (out.empty()) return Status(Code::kInvalidArgument, Source::kCocoonfs);
  if (from < kMinUserInode) from = kMinUserInode;
  const Result<std::size_t> filled = ListFiles(state->index(), from, out);
  if (!filled.ok()) return Settle(*state, filled.status());
  return filled;
}

Result<PendingCommit*> Transaction::Prepare() { return state_.Prepare(); }

void Transaction::Abandon() {
  if (state_.phase != WriteState::Phase::kTransaction) return;
  state_.Drop();
  state_.phase = WriteState::Phase::kIdle;
}

ByteView PendingCommit::old_root() const {
  return ByteView(state_.old_root).first(state_.old_root_size);
}
ByteView PendingCommit::new_root() const {
  return ByteView(state_.new_root).first(state_.volume.digests.root_digest_bytes());
}
FixedView<kUpdateCounterSize> PendingCommit::counter() const { return state_.new_counter; }
std::size_t PendingCommit::replay_bytes() const { return state_.replay_bytes; }
bool PendingCommit::journal_written() const { return state_.phase != WriteState::Phase::kPrepared; }
Status PendingCommit::WriteJournal() { return state_.WriteJournal(); }
Status PendingCommit::Apply() { return state_.Apply(); }
Status PendingCommit::Cancel() { return state_.Cancel(); }

PendingCommit* FileSystem::pending_commit() {
  return state_ == nullptr ? nullptr : state_->write.pending();
}

Result<Transaction*> FileSystem::Begin() {
  if (state_ == nullptr) return NotNow();
  return state_->write.Begin();
}

}  // namespace svsm::cocoonfs
