// svsm/cocoonfs/file_system.h: a CocoonFS image on a block device: numbered files that the owner of
// the device can neither read nor change unseen.
//
//   cocoonfs::FileSystem fs(device, symmetric, rng, allocator);
//   SVSM_TRY(fs.Open(key, cocoonfs::OpenOptions{}));
//   SVSM_ASSIGN_OR_RETURN(const std::size_t size, fs.Read(kStateInode, 0, buffer));
//
//   SVSM_ASSIGN_OR_RETURN(cocoonfs::Transaction* const t, fs.Begin());
//   SVSM_TRY(t->Write(kStateInode, state, 0));
//   SVSM_ASSIGN_OR_RETURN(cocoonfs::PendingCommit* const commit, t->Prepare());
//   SVSM_TRY(ledger.Register(commit->old_root(), commit->new_root()));
//   SVSM_TRY(commit->Apply());
//
// Open() writes nothing (unless an option says so): with a commit pending in the journal it shows
// the state after that commit, replayed in memory and checked against its root digest, and
// pending_commit() is there to be applied. Until then nothing else can be changed.
//
// Whoever owns the device can put back an older image as a whole; it is accepted. Who must notice
// compares root_digest() and update_counter() with what a ledger remembers.
//
// Profile: freestanding. Allocates: from the Allocator, within WorkspaceSize() until there is a
// transaction or a pending commit. Keys and plaintext are wiped. Threads: one object, one thread.
// Readers and transaction share the object: readers see the last committed state.
#ifndef SVSM_COCOONFS_FILE_SYSTEM_H_
#define SVSM_COCOONFS_FILE_SYSTEM_H_

#include <cstdint>
#include <span>

#include "svsm/cocoonfs/aux_metadata.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/allocator.h"
#include "svsm/core/block_device.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/rng.h"
#include "svsm/crypto/symmetric.h"

namespace svsm::cocoonfs {

class Transaction;    // svsm/cocoonfs/transaction.h
class PendingCommit;  // svsm/cocoonfs/transaction.h
struct IndexEntry;

// Inodes below are the format's own.
inline constexpr std::uint64_t kMinUserInode = 16;
inline constexpr std::size_t kUpdateCounterSize = 16;

struct OpenOptions {
  // Nothing is ever written; Begin() and the pending commit's functions refuse.
  bool read_only = false;
  // A commit that is pending is applied before Open() returns.
  bool commit_on_open = false;
  // A creation header is answered by making the file system that it asks for.
  bool format_on_open = false;
  // Blocks that become free are trimmed. Without it, an image at rest does not show which blocks
  // are free.
  bool trim = false;
  // Transactions whose commit would need more memory than that to be found at Open(), beyond
  // WorkspaceSize(), are refused before anything is written (PendingCommit::replay_bytes()). 0: no
  // bound.
  std::size_t max_replay_bytes = 0;
};

struct FileEntry {
  std::uint64_t inode = 0;
  std::uint8_t flags = 0;  // the caller's own
};

struct FileInfo {
  std::uint64_t inode = 0;
  std::uint8_t flags = 0;
  std::uint64_t size_bytes = 0;
  std::uint64_t num_blocks = 0;   // of data, without the list of extents
  std::uint64_t num_extents = 0;  // of data
};

struct Usage {
  std::uint64_t block_size_bytes = 0;
  std::uint64_t num_blocks = 0;
  std::uint64_t num_free_blocks = 0;
};

class FileSystem {
 public:
  // Keeps all of them; they must outlive the object.
  FileSystem(BlockDevice& device, const crypto::Symmetric& symmetric, crypto::Rng& rng,
             Allocator& allocator);
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  // As Close().
  ~FileSystem();

  // Opens the image. `user_key` may have any size and is not kept. After a failure the object is
  // closed.
  // Errors:
  //   kDataLoss: no header of an image, nor of one to be created
  //   kFailedPrecondition: open already; or a creation header, and no format_on_open
  //   kAuthFailed (detail = Region): a wrong key or changed bytes; the first thing read with the
  //       key is the journal if one is pending (kJournalLog), else the entry leaf (kEntryLeaf)
  //   kMalformed (detail = Region): bytes that no image has
  //   kUnsupported: another version of the format, an algorithm that the backend lacks (detail =
  //       its TCG number), blocks of the device that are larger than the image's IO blocks
  //   kOutOfMemory, kIoError
  // With commit_on_open or format_on_open also those of PendingCommit::Apply() and Format().
  Status Open(ByteView user_key, const OpenOptions& options);
  // Forgets the image, wipes keys. A transaction that is under way is abandoned.
  void Close();
  bool is_open() const { return state_ != nullptr; }

  // A commit found in the journal at Open(), or one that Prepare() made and that is neither applied
  // nor cancelled; nullptr if there is none.
  PendingCommit* pending_commit();
  // Starts a transaction, which this object owns until it ends. Errors: kFailedPrecondition (not
  // open, read-only, a commit is pending, or a write to the device failed before), kBusy (one is
  // under way), kOutOfMemory.
  Result<Transaction*> Begin();

  // All of the following need an open image (kFailedPrecondition otherwise), and fail with
  //   kAuthFailed, kMalformed (detail = Region): the bytes on the device are not those that were
  //       written
  //   kOutOfMemory, kIoError

  // Errors: kNotFound, and as above.
  Result<FileInfo> Stat(std::uint64_t inode);
  // Copies the file's bytes from `offset` on to the start of `out` and gives their number:
  // out.size(), or less at the file's end; 0 at or behind it. Memory does not grow with file or
  // `out`. Reading a file piece by piece costs no more than reading it at once.
  // Errors: kNotFound, and as above; `out` is zero then.
  Result<std::size_t> Read(std::uint64_t inode, std::uint64_t offset, ByteSpan out);
  // A whole file, which must fit. Errors: kNotFound, kBufferTooSmall (detail = its size, at most
  // 2^32 - 1), and as above; `out` is zero then.
  Result<std::size_t> ReadAll(std::uint64_t inode, ByteSpan out);
  // Fills `out` with the files from inode `from` on, by number, and gives how many; 0 when there
  // are no more. Go on with the last one's inode + 1. Errors: as above, kInvalidArgument (`out` is
  // empty).
  Result<std::size_t> List(std::uint64_t from, std::span<FileEntry> out);

  // The auxiliary metadata; nothing authenticates them. Errors: as above.
  Result<AuxMetadata> ReadAuxMetadata();

  // The following need an open image; it is a bug to call them otherwise.
  const ImageLayout& layout() const;
  ByteView salt() const;
  // The digest of everything but auxiliary metadata, that a ledger remembers.
  ByteView root_digest() const;
  // Goes up by one with each commit, modulo 2^128 from a random start; least significant byte
  // first.
  FixedView<kUpdateCounterSize> update_counter() const;
  Usage usage() const;

 private:
  friend struct FileSystemAccess;  // other files of this room
  struct State;

  Status OpenState(ByteView user_key);
  Result<IndexEntry> FindFile(std::uint64_t inode);
  Result<std::size_t> ReadRange(std::uint64_t inode, std::uint64_t offset, ByteSpan out);

  BlockDevice& device_;
  const crypto::Symmetric& symmetric_;
  crypto::Rng& rng_;
  Allocator& allocator_;
  State* state_ = nullptr;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_FILE_SYSTEM_H_
