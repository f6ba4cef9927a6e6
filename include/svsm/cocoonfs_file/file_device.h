// svsm/cocoonfs_file/file_device.h: a file, or a block device of the operating system, as a
// BlockDevice.
//
//   SVSM_ASSIGN_OR_RETURN(FileDevice device, FileDevice::Open("state.img", {}));
//   FileSystem fs(device, symmetric, rng, allocator);
//
// Blocks are those of the file system that the file is in, so that a torn write never damages what
// the image does not expect to be damaged; a file system of 4096 B blocks does not hold images of
// smaller IO blocks, unless `max_block_size_bytes` says to take the risk. The file is locked
// (flock) against other processes and objects as long as the object lives: for itself alone, or
// shared with other readers.
//
// Flush() and Barrier() are fdatasync(). Trim() punches a hole where the file system can.
//
// Profile: hosted. Allocates: a buffer for O_DIRECT. Threads: one object, one thread.
#ifndef SVSM_COCOONFS_FILE_FILE_DEVICE_H_
#define SVSM_COCOONFS_FILE_FILE_DEVICE_H_

#include <cstdint>
#include <string>

#include "svsm/core/block_device.h"
#include "svsm/core/hosted.h"

namespace svsm::cocoonfs {

enum class FileAccess : std::uint8_t { kReadOnly, kReadWrite };

// What to do about the file at opening.
enum class FileCreation : std::uint8_t {
  kMustExist,
  kMustNotExist,  // makes it, empty
  kEither,
};

struct FileDeviceOptions {
  FileAccess access = FileAccess::kReadWrite;
  FileCreation creation = FileCreation::kMustExist;
  // Reads and writes past the page cache (O_DIRECT). The block size must be 512 bytes at least.
  bool direct = false;
  // Blocks are at most this large, whatever the file system's are. A power of two from 128 on; 0:
  // no limit.
  std::uint32_t max_block_size_bytes = 0;
};

class FileDevice final : public BlockDevice {
 public:
  // Errors: kNotFound, kAlreadyExists (kMustNotExist), kPermissionDenied, kBusy (locked by
  // another), kUnsupported (neither a file nor a block device, or no O_DIRECT there),
  // kInvalidArgument (block size), kIoError and the others of FromErrno(). Details are errno.
  static Result<FileDevice> Open(const std::string& path, const FileDeviceOptions& options);
  FileDevice(FileDevice&& other) noexcept;
  FileDevice& operator=(FileDevice&&) = delete;
  FileDevice(const FileDevice&) = delete;
  FileDevice& operator=(const FileDevice&) = delete;
  ~FileDevice();

  // The size is that of the opening or of the last Resize().
  BlockGeometry Geometry() const override;
  Status Read(std::uint64_t first, ByteSpan out) override;
  // Errors: also kPermissionDenied (opened read-only).
  Status Write(std::uint64_t first, ByteView in) override;
  Status Flush() override;
  Status Trim(std::uint64_t first, std::uint64_t count) override;

  // What is in the file, block or not.
  std::uint64_t size_bytes() const { return size_bytes_; }
  // Cuts the file or appends zeros, without making that durable. A block device keeps its size:
  // there, smaller is OK and larger is kOutOfRange. Errors: kPermissionDenied (opened read-only),
  // kIoError (detail = errno).
  Status Resize(std::uint64_t size_bytes);

 private:
  FileDevice(int fd, const FileDeviceOptions& options);
  Status Measure(const FileDeviceOptions& options);
  Status CheckRange(std::uint64_t first, std::uint64_t size_bytes) const;

  int fd_;
  bool writable_;
  bool is_file_ = false;
  std::uint32_t block_size_ = 0;
  std::uint64_t size_bytes_ = 0;
  std::uint8_t* bounce_ = nullptr;  // with O_DIRECT
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_FILE_FILE_DEVICE_H_
