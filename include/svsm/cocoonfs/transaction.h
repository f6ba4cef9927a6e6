// svsm/cocoonfs/transaction.h: changes to files that become visible together or not at all.
//
//   SVSM_ASSIGN_OR_RETURN(cocoonfs::Transaction* const t, fs.Begin());
//   SVSM_TRY(t->Write(kStateInode, state, 0));
//   SVSM_TRY(t->Remove(kOldInode));
//   SVSM_ASSIGN_OR_RETURN(cocoonfs::PendingCommit* const commit, t->Prepare());
//   SVSM_TRY(commit->Apply());
//
// Nothing is visible, to readers of the FileSystem and after a power cut, until the journal's head
// is written by WriteJournal() or Apply(); from then on everything is. What the files were before
// is authenticated wherever a part of it is kept.
//
// Both objects belong to the FileSystem. The Transaction is void after Prepare(), Abandon() and any
// failure of Prepare(); the PendingCommit until the next Begin() or Close().
//
// Profile: freestanding. Allocates: from the FileSystem's Allocator, for all that is written, until
// the commit is applied or cancelled; nothing after Prepare(). Threads: as the FileSystem.
#ifndef SVSM_COCOONFS_TRANSACTION_H_
#define SVSM_COCOONFS_TRANSACTION_H_

#include <cstdint>
#include <span>

#include "svsm/cocoonfs/aux_metadata.h"
#include "svsm/cocoonfs/file_system.h"

namespace svsm::cocoonfs {

struct WriteState;

// The detail of Transaction::Prepare()'s kExhausted for a transaction that is too large.
inline constexpr std::uint32_t kTooLarge = 1;

// Errors of all its functions: kFailedPrecondition (the transaction is over, or failed before), and
// when something must be read, kAuthFailed and kMalformed (detail = Region), kOutOfMemory,
// kIoError. After an error other than kNotFound, kInvalidArgument and kBufferTooSmall the
// transaction has failed and can only be abandoned; the image is as it was.
class Transaction final {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Replaces the file, or makes it. Errors: kInvalidArgument (an inode below kMinUserInode),
  // kExhausted (no space on the image; as much stays free as it takes to remove files).
  Status Write(std::uint64_t inode, ByteView data, std::uint8_t flags);
  // The same in pieces, whose sizes must add up to `size_bytes`: nothing else may be called between
  // BeginWrite() and EndWrite(). Errors: as Write(); kInvalidArgument (too many bytes, or too few).
  Status BeginWrite(std::uint64_t inode, std::uint64_t size_bytes, std::uint8_t flags);
  Status Append(ByteView data);
  Status EndWrite();
  // Errors: kNotFound.
  Status Remove(std::uint64_t inode);

  // As those of FileSystem, with the changes of this transaction.
  Result<FileInfo> Stat(std::uint64_t inode);
  Result<std::size_t> Read(std::uint64_t inode, std::uint64_t offset, ByteSpan out);
  Result<std::size_t> List(std::uint64_t from, std::span<FileEntry> out);

  // Replaces all auxiliary metadata, in new extents that have the reserve that `aux` asks for.
  // Errors: kExhausted, kAuthFailed (Region::kAux: those that the image names lie on something
  // else, which would become free).
  Status SetAuxMetadata(const AuxMetadata& aux);

  // Works out the new state, and writes what may be written before the commit: new blocks to free
  // places, copies of changed ones, the log; and a barrier. With no change at all it is a commit
  // that only counts. Auxiliary metadata that were changed without the key until their reserve was
  // short get new extents with all of it, if that leaves most of what is free. Errors: those above,
  // and kExhausted (no space for the journal, or with detail = kTooLarge: it would need more than
  // OpenOptions::max_replay_bytes); nothing has been written then. After a failure of the device
  // the image is as it was, and the next transaction may begin.
  Result<PendingCommit*> Prepare();
  // Drops the transaction.
  void Abandon();

 private:
  friend struct WriteState;
  explicit Transaction(WriteState& state) : state_(state) {}
  WriteState& state_;
};

// A commit between two states of the image.
class PendingCommit final {
 public:
  PendingCommit(const PendingCommit&) = delete;
  PendingCommit& operator=(const PendingCommit&) = delete;

  // What a ledger compares. For a commit found in the journal at Open() the old ones are not known
  // and empty.
  ByteView old_root() const;
  ByteView new_root() const;
  // Of the new state, least significant byte first. In one open FileSystem no value is ever used
  // for two states: that of a commit which was cancelled is left out.
  FixedView<kUpdateCounterSize> counter() const;
  // The memory that suffices, beyond WorkspaceSize() of the image, to open it while this commit is
  // in its journal, and to apply it. OpenOptions::max_replay_bytes bounds it.
  std::size_t replay_bytes() const;
  // Whether the journal's head is durable: the commit survives a power cut.
  bool journal_written() const;

  // Writes the journal's head, durably: the commit point. Readers see the new state only after
  // Apply(). Done before: OK. Errors: kFailedPrecondition (applied or cancelled; or the device
  // failed before), kIoError: whether the commit happened is not known until the image is opened
  // again, and this FileSystem refuses further changes.
  Status WriteJournal();
  // WriteJournal() if need be, then brings every block to its place and ends the journal. Errors:
  // as WriteJournal(); once the head is durable, so is the commit, whatever fails here.
  Status Apply();
  // Drops the commit; the image is as it was. Errors: kFailedPrecondition (the head may have been
  // written, or the commit was found at Open(); nothing has changed).
  Status Cancel();

 private:
  friend struct WriteState;
  explicit PendingCommit(WriteState& state) : state_(state) {}
  WriteState& state_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_TRANSACTION_H_
