// svsm/cocoonfs/state_store.h: named blobs kept as files of an image, for those who know the seam
// only.
//
//   cocoonfs::FileStateStore store(fs, allocator, kVtpmInodes);
//   SVSM_TRY(store.Write("nvchip", state));
//
// The inode `first_inode` holds the names; the blobs have the numbers behind it. Each Write() and
// Remove() is one transaction. About rollback the store knows what the image knows: nothing.
//
// Profile: freestanding. Allocates: from the Allocator, for the call: the names, and what a
// transaction needs. Threads: one object, one thread, the same as the file system's.
#ifndef SVSM_COCOONFS_STATE_STORE_H_
#define SVSM_COCOONFS_STATE_STORE_H_

#include <cstdint>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/core/state_store.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

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
