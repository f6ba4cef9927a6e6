#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "svsm/core/errno_status.h"
#include "svsm/core/hosted.h"

namespace svsm {
namespace {

Status SystemError() { return FromErrno(errno, Source::kSystem); }

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Status WriteWhole(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return SystemError();
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status FlushFolder(const std::string& folder) {
  const FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError();
  return ::fsync(fd.get()) == 0 ? OkStatus() : SystemError();
}

// Where a symbolic link leads; `path` itself if it is none, or leads nowhere yet.
std::string Resolved(const std::string& path) {
  struct stat info = {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return path;
  const std::unique_ptr<char, decltype(&std::free)> target(::realpath(path.c_str(), nullptr),
                                                           &std::free);
  return target == nullptr ? path : target.get();
}

// A device or a pipe has no old contents to keep, and must not make room for a file.
bool IsDeviceOrPipe(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return false;
  return S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode) || S_ISFIFO(info.st_mode) ||
         S_ISSOCK(info.st_mode);
}

Status WriteInto(const std::string& path, ByteView bytes) {
  const FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (fd.get() < 0) return SystemError();
  return WriteWhole(fd.get(), bytes);
}

Status ReplaceFile(const std::string& path, ByteView bytes, FileMode mode) {
  std::string temporary = path + ".XXXXXX";
  const FileDescriptor fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (fd.get() < 0) return SystemError();
  Status status = WriteWhole(fd.get(), bytes);
  if (status.ok() && ::fsync(fd.get()) != 0) status = SystemError();
  if (status.ok() && mode == FileMode::kPublic && ::fchmod(fd.get(), 0644) != 0) {
    status = SystemError();
  }
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) status = SystemError();
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return FlushFolder(FolderOf(path));
}

// What is read may be a key: memory that is given back on the way has nothing of it.
struct WipedAtEnd {
  ~WipedAtEnd() { Wipe(bytes); }
  ByteVector bytes;
};

void AppendWiping(ByteVector& bytes, ByteView more) {
  if (more.size() > bytes.capacity() - bytes.size()) {
    ByteVector larger;
    larger.reserve(2 * bytes.size() + more.size());
    larger.assign(bytes.begin(), bytes.end());
    Wipe(bytes);
    bytes.swap(larger);
  }
  bytes.insert(bytes.end(), more.begin(), more.end());
}

}  // namespace

Result<ByteVector> ReadFile(const std::string& path, std::size_t limit_bytes) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return SystemError();
  WipedAtEnd whole;
  WipedAtEnd chunk{ByteVector(65536)};
  for (;;) {
    const ssize_t got = ::read(fd.get(), chunk.bytes.data(), chunk.bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError();
    if (got == 0) return std::move(whole.bytes);
    if (whole.bytes.size() + static_cast<std::size_t>(got) > limit_bytes) {
      return Status(Code::kOutOfRange, Source::kSystem, static_cast<std::uint32_t>(limit_bytes));
    }
    AppendWiping(whole.bytes, ByteView(chunk.bytes).first(static_cast<std::size_t>(got)));
  }
}

Status WriteFileAtomically(const std::string& path, ByteView bytes, FileMode mode) {
  const std::string target = Resolved(path);
  return IsDeviceOrPipe(target) ? WriteInto(target, bytes) : ReplaceFile(target, bytes, mode);
}

}  // namespace svsm
