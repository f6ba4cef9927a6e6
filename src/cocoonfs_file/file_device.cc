#include "svsm/cocoonfs_file/file_device.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "svsm/core/errno_status.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kBounceSize = 256 << 10;
constexpr std::size_t kBounceAlignment = 4096;
constexpr std::uint32_t kLeastBlockSize = 128;
constexpr std::uint32_t kLeastDirectBlockSize = 512;

Status SystemError() {
  if (errno == EISDIR) return Status(Code::kUnsupported, Source::kSystem, EISDIR);
  return FromErrno(errno, Source::kSystem);
}

int OpenFlags(const FileDeviceOptions& options) {
  int flags = O_CLOEXEC | (options.access == FileAccess::kReadOnly ? O_RDONLY : O_RDWR);
  if (options.creation != FileCreation::kMustExist) flags |= O_CREAT;
  if (options.creation == FileCreation::kMustNotExist) flags |= O_EXCL;
  if (options.direct) flags |= O_DIRECT;
  return flags;
}

// Moves all bytes with `call`, which is like pread() or pwrite() and moves some.
template <typename Call>
Status MoveAll(std::uint64_t at, std::size_t size, Call call) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t moved = call(done, size - done, static_cast<off_t>(at + done));
    if (moved < 0 && errno == EINTR) continue;
    if (moved < 0)
      return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
    if (moved == 0) return Status(Code::kIoError, Source::kSystem, EIO);
    done += static_cast<std::size_t>(moved);
  }
  return OkStatus();
}

}  // namespace

Result<FileDevice> FileDevice::Open(const std::string& path, const FileDeviceOptions& options) {
  const std::uint32_t most = options.max_block_size_bytes;
  if (most != 0 && (most < kLeastBlockSize || !std::has_single_bit(most) ||
                    (options.direct && most < kLeastDirectBlockSize))) {
    return Status(Code::kInvalidArgument, Source::kCocoonfs, most);
  }
  const int fd = ::open(path.c_str(), OpenFlags(options), 0600);
  if (fd < 0 && errno == EINVAL && options.direct) {
    return Status(Code::kUnsupported, Source::kSystem, EINVAL);
  }
  if (fd < 0) return SystemError();
  FileDevice device(fd, options);
  const int lock = options.access == FileAccess::kReadOnly ? LOCK_SH : LOCK_EX;
  if (::flock(fd, lock | LOCK_NB) != 0) return SystemError();
  SVSM_TRY(device.Measure(options));
  return device;
}

FileDevice::FileDevice(int fd, const FileDeviceOptions& options)
    : fd_(fd), writable_(options.access == FileAccess::kReadWrite) {}

FileDevice::FileDevice(FileDevice&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      writable_(other.writable_),
      is_file_(other.is_file_),
      block_size_(other.block_size_),
      size_bytes_(other.size_bytes_),
      bounce_(std::exchange(other.bounce_, nullptr)) {}

FileDevice::~FileDevice() {
  if (bounce_ != nullptr) Wipe(ByteSpan(bounce_, kBounceSize));
  std::free(bounce_);
  if (fd_ >= 0) ::close(fd_);
}

Status FileDevice::Measure(const FileDeviceOptions& options) {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return SystemError();
  is_file_ = S_ISREG(info.st_mode);
  if (!is_file_ && !S_ISBLK(info.st_mode)) return Status(Code::kUnsupported, Source::kSystem);
  const off_t end = ::lseek(fd_, 0, SEEK_END);
  if (end < 0) return SystemError();
  size_bytes_ = static_cast<std::uint64_t>(end);
  const auto system_size = static_cast<std::uint32_t>(info.st_blksize);
  block_size_ = system_size < kLeastBlockSize ? kLeastBlockSize : std::bit_floor(system_size);
  const std::uint32_t most = options.max_block_size_bytes;
  if (most != 0 && most < block_size_) block_size_ = most;
  if (!options.direct) return OkStatus();
  if (block_size_ < kLeastDirectBlockSize) block_size_ = kLeastDirectBlockSize;
  bounce_ = static_cast<std::uint8_t*>(std::aligned_alloc(kBounceAlignment, kBounceSize));
  return bounce_ != nullptr ? OkStatus() : Status(Code::kIoError, Source::kSystem, ENOMEM);
}

BlockGeometry FileDevice::Geometry() const { return {block_size_, size_bytes_ / block_size_}; }

Status FileDevice::CheckRange(std::uint64_t first, std::uint64_t size_bytes) const {
  if (size_bytes % block_size_ != 0) return Status(Code::kInvalidArgument, Source::kCocoonfs);
  const std::uint64_t num_blocks = size_bytes_ / block_size_;
  if (first > num_blocks || size_bytes / block_size_ > num_blocks - first) {
    return Status(Code::kOutOfRange, Source::kCocoonfs);
  }
  return OkStatus();
}

Status FileDevice::Read(std::uint64_t first, ByteSpan out) {
  SVSM_TRY(CheckRange(first, out.size()));
  std::uint64_t at = first * block_size_;
  if (bounce_ == nullptr) {
    return MoveAll(at, out.size(), [&](std::size_t done, std::size_t size, off_t offset) {
      return ::pread(fd_, out.data() + done, size, offset);
    });
  }
  while (!out.empty()) {
    const ByteSpan piece = out.first(out.size() < kBounceSize ? out.size() : kBounceSize);
    SVSM_TRY(MoveAll(at, piece.size(), [&](std::size_t done, std::size_t size, off_t offset) {
      return ::pread(fd_, bounce_ + done, size, offset);
    }));
    Copy(piece, ByteView(bounce_, piece.size()));
    at += piece.size();
    out = out.subspan(piece.size());
  }
  return OkStatus();
}

Status FileDevice::Write(std::uint64_t first, ByteView in) {
  SVSM_TRY(CheckRange(first, in.size()));
  if (!writable_) return Status(Code::kPermissionDenied, Source::kCocoonfs);
  std::uint64_t at = first * block_size_;
  if (bounce_ == nullptr) {
    return MoveAll(at, in.size(), [&](std::size_t done, std::size_t size, off_t offset) {
      return ::pwrite(fd_, in.data() + done, size, offset);
    });
  }
  while (!in.empty()) {
    const ByteView piece = in.first(in.size() < kBounceSize ? in.size() : kBounceSize);
    Copy(ByteSpan(bounce_, kBounceSize), piece);
    SVSM_TRY(MoveAll(at, piece.size(), [&](std::size_t done, std::size_t size, off_t offset) {
      return ::pwrite(fd_, bounce_ + done, size, offset);
    }));
    at += piece.size();
    in = in.subspan(piece.size());
  }
  return OkStatus();
}

Status FileDevice::Flush() {
  if (::fdatasync(fd_) == 0) return OkStatus();
  return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
}

Status FileDevice::Trim(std::uint64_t first, std::uint64_t count) {
  if (count > (~std::uint64_t{0} >> 1) / block_size_) {
    return Status(Code::kOutOfRange, Source::kCocoonfs);
  }
  SVSM_TRY(CheckRange(first, count * block_size_));
  if (!writable_) return Status(Code::kPermissionDenied, Source::kCocoonfs);
  if (count == 0) return OkStatus();
  // A hint: where it is not understood, nothing is lost.
  (void)::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(first * block_size_),
                    static_cast<off_t>(count * block_size_));
  return OkStatus();
}

Status FileDevice::Resize(std::uint64_t size_bytes) {
  if (!writable_) return Status(Code::kPermissionDenied, Source::kCocoonfs);
  if (!is_file_) {
    return size_bytes <= size_bytes_ ? OkStatus() : Status(Code::kOutOfRange, Source::kCocoonfs);
  }
  if (::ftruncate(fd_, static_cast<off_t>(size_bytes)) != 0) {
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  }
  size_bytes_ = size_bytes;
  return OkStatus();
}

}  // namespace svsm::cocoonfs
