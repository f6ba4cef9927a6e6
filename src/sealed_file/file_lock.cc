#include "svsm/sealed_file/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace svsm::sealed_file {
namespace {

Status FromErrno(int error) {
  const auto detail = static_cast<std::uint32_t>(error);
  switch (error) {
    case EWOULDBLOCK:
      return Status(Code::kBusy, Source::kSealedFile);
    case ENOENT:
    case ENOTDIR:
      return Status(Code::kNotFound, Source::kSystem, detail);
    case EACCES:
    case EPERM:
    case EROFS:
      return Status(Code::kPermissionDenied, Source::kSystem, detail);
    default:
      return Status(Code::kIoError, Source::kSystem, detail);
  }
}

}  // namespace

Result<FileLock> FileLock::Acquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return FromErrno(errno);
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return FromErrno(errno);
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace svsm::sealed_file
