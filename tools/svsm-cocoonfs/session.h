// An image that is open, and what that takes.
#ifndef SVSM_TOOLS_SVSM_COCOONFS_SESSION_H_
#define SVSM_TOOLS_SVSM_COCOONFS_SESSION_H_

#include <string>
#include <vector>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/transaction.h"
#include "svsm/cocoonfs_file/file_device.h"
#include "svsm/core/heap_allocator.h"
#include "svsm/crypto/openssl.h"
#include "tools/common/entropy.h"
#include "tools/svsm-cocoonfs/options.h"

namespace svsm::cocoonfs_tool {

// Throws what a Status of the library means to a user; does nothing for OK.
void Check(const std::string& what, Status status);
template <typename T>
T Check(const std::string& what, Result<T> result) {
  Check(what, result.status());
  return *std::move(result);
}

// A bar on the error output, where that is a terminal or a bar is asked for.
class ProgressBar final : public cocoonfs::FormatProgress {
 public:
  ProgressBar(const char* verb, bool wanted);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar();
  Status OnProgress(std::uint64_t bytes_done, std::uint64_t bytes_total) override;

 private:
  const char* verb_;
  bool shown_;
  int percent_ = -1;
};

// What a verb does with the image.
enum class Use {
  kLook,  // writes nothing
  kRead,  // reads files: as kWrite unless --read-only
  kWrite,
};

class Session {
 public:
  // Opens the file. Throws kNoImage.
  Session(const Options& options, Use use);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Opens the file system in it: a creation header is followed and a pending commit done, unless
  // nothing may be written.
  void OpenFileSystem(ByteView key);

  cocoonfs::FileSystem& fs() { return fs_; }
  cocoonfs::FileDevice& device() { return device_; }
  Allocator& allocator() { return allocator_; }
  crypto::Rng& rng() { return entropy_.rng(); }
  const crypto::Symmetric& symmetric() const { return symmetric_; }
  const MallocAllocator& heap() const { return heap_; }
  bool writes() const { return writes_; }

  cocoonfs::Transaction& Begin();
  // Makes it durable; with --leave-pending, no more than that.
  void Commit(cocoonfs::Transaction& transaction);

  std::vector<cocoonfs::FileEntry> List();
  ByteVector Read(std::uint64_t inode);

 private:
  void MakeRoom();

  const Options& options_;
  bool writes_;
  cocoonfs::FileDevice device_;
  MallocAllocator heap_;
  WipingAllocator allocator_{heap_};
  tool::Entropy entropy_;
  crypto::OpensslSymmetric symmetric_;
  cocoonfs::FileSystem fs_;
};

// Opens the image's file, with blocks of `most_block_bytes` at most if the storage's are to be
// ignored.
cocoonfs::FileDevice OpenDevice(const Options& options, cocoonfs::FileAccess access,
                                cocoonfs::FileCreation creation, std::size_t most_block_bytes);

}  // namespace svsm::cocoonfs_tool

#endif  // SVSM_TOOLS_SVSM_COCOONFS_SESSION_H_
