// svsm/cocoonfs/state_store.h: named blobs kept as files of an image, for those who know the seam
// only; and the numbers of a TPM's files.
//
//   cocoonfs::FixedStateStore store(fs, cocoonfs::TpmInodes(vtpm::kLibtpmsState.tag), kNames);
//   SVSM_TRY(store.Write("tpm2.permanent", state));
//
// FixedStateStore has a fixed list of names, each with its own inode; FileStateStore takes any
// names and keeps a list of them in a file of its own. In both, each Write() and Remove() is one
// transaction, durable when the call returns. About rollback they know what the image knows:
// nothing.
//
// A write that failed at the device may have happened or not; the file system then refuses
// further changes, and only opening the image again tells (transaction.h).
//
// Profile: freestanding. Allocates: from the file system's Allocator what a transaction needs;
// FileStateStore the names, from its own, for the call. Threads: one object, one thread, the same
// as the file system's.
#ifndef SVSM_COCOONFS_STATE_STORE_H_
#define SVSM_COCOONFS_STATE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/core/state_store.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

// The upper half of an inode number says what a file is for; 1 is the TPM. In the TPM's range the
// next 16 bits are the tag of the engine whose state it is, and the last 16 are that engine's own.
inline constexpr std::uint64_t kTpmNamespace = std::uint64_t{1} << 32;
constexpr std::uint64_t TpmInodes(std::uint16_t engine_tag) {
  return kTpmNamespace + (std::uint64_t{engine_tag} << 16);
}

// What SVSMs before this library keep there, under the tag 0: the NV image of another engine, and a
// marker that is not empty once that TPM was manufactured. Both are never written here; the image
// is there to be read (FileSystem::ReadAll()) by who moves that TPM.
inline constexpr std::uint64_t kOtherEngineNvImage = TpmInodes(0);
inline constexpr std::uint64_t kOtherEngineMarker = TpmInodes(0) + 1;

// Whether the image holds such a TPM. Errors: as FileSystem::Stat(), but for kNotFound.
Result<bool> HasOtherEngine(FileSystem& fs);

class FixedStateStore final : public StateStore {
 public:
  // Keeps all of them. The file system is open. The blob names[i] is the inode first_inode + i.
  FixedStateStore(FileSystem& fs, std::uint64_t first_inode, std::span<const char* const> names)
      : fs_(fs), first_inode_(first_inode), names_(names) {}

  // Errors beside those of the seam: kInvalidArgument for a name that is not in the list, too; as
  // FileSystem's.
  Result<std::size_t> Size(const char* name) override;
  Result<std::size_t> Read(const char* name, ByteSpan out) override;
  // Errors beside those of the seam: as Transaction's and PendingCommit's, kBusy (a transaction is
  // under way), kExhausted (no space).
  Status Write(const char* name, ByteView blob) override;
  Status Remove(const char* name) override;

 private:
  Result<std::uint64_t> Find(const char* name) const;

  FileSystem& fs_;
  std::uint64_t first_inode_;
  std::span<const char* const> names_;
};

class FileStateStore final : public StateStore {
 public:
  static constexpr std::size_t kMaxBlobs = 255;

  // Keeps references. The file system is open. `first_inode` to `first_inode` + kMaxBlobs belong to
  // the store and are kMinUserInode at least.
  FileStateStore(FileSystem& fs, Allocator& allocator, std::uint64_t first_inode)
      : fs_(fs), allocator_(allocator), first_inode_(first_inode) {}

  // Errors beside those of the seam: as FileSystem's, and kDataLoss when the file of names is none.
  Result<std::size_t> Size(const char* name) override;
  Result<std::size_t> Read(const char* name, ByteSpan out) override;
  // Errors beside those of the seam: as Transaction's and PendingCommit's, kBusy (a transaction is
  // under way), kExhausted (no space, or kMaxBlobs names).
  Status Write(const char* name, ByteView blob) override;
  Status Remove(const char* name) override;

 private:
  // The file of names: a version, then slot, size and bytes of each name.
  Status LoadNames(Vec<std::uint8_t>& out);
  Status Commit(std::uint64_t inode, const ByteView* blob, const Vec<std::uint8_t>* names);

  FileSystem& fs_;
  Allocator& allocator_;
  std::uint64_t first_inode_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_STATE_STORE_H_
