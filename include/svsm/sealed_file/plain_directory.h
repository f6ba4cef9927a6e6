// svsm/sealed_file/plain_directory.h: a StateStore of one file a blob, in the clear.
//
//   SVSM_ASSIGN_OR_RETURN(auto store, PlainDirectoryStore::Open("/var/lib/vtpm"));
//
// Nothing is encrypted or authenticated: whoever holds the disk reads and changes all. It is for
// state whose storage is trusted otherwise, and for looking at. Each file is replaced atomically
// (WriteFileAtomically); there is no order between two blobs.
//
// Profile: hosted. Allocates: the heap. Threads: one object, one thread.
#ifndef SVSM_SEALED_FILE_PLAIN_DIRECTORY_H_
#define SVSM_SEALED_FILE_PLAIN_DIRECTORY_H_

#include <memory>
#include <string>

#include "svsm/core/hosted.h"
#include "svsm/core/state_store.h"
#include "svsm/sealed_file/file_lock.h"

namespace svsm::sealed_file {

// The largest blob of a PlainDirectoryStore.
inline constexpr std::size_t kMaxPlainBlobSize = std::size_t{16} << 20;

class PlainDirectoryStore final : public StateStore {
 public:
  // Opens the store in an existing folder and holds its file .lock until it is destroyed.
  // Errors: kNotFound (no such folder), kBusy (another store has the lock), kPermissionDenied and
  // kIoError (detail = errno).
  static Result<std::unique_ptr<PlainDirectoryStore>> Open(const std::string& folder);
  PlainDirectoryStore(const PlainDirectoryStore&) = delete;
  PlainDirectoryStore& operator=(const PlainDirectoryStore&) = delete;
  ~PlainDirectoryStore() = default;

  // Besides the seam's: kDataLoss (a file larger than kMaxPlainBlobSize; detail = that).
  Result<std::size_t> Size(const char* name) override;
  Result<std::size_t> Read(const char* name, ByteSpan out) override;
  // kOutOfMemory: larger than kMaxPlainBlobSize; detail = that.
  Status Write(const char* name, ByteView blob) override;
  Status Remove(const char* name) override;

 private:
  PlainDirectoryStore(std::string folder, FileLock lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}
  Result<ByteVector> Load(const char* name) const;
  std::string PathOf(const char* name) const { return folder_ + "/" + name; }

  std::string folder_;
  FileLock lock_;
};

}  // namespace svsm::sealed_file

#endif  // SVSM_SEALED_FILE_PLAIN_DIRECTORY_H_
