#include "svsm/sealed_file/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "svsm/core/errno_status.h"

namespace svsm::sealed_file {
namespace {

Status OfErrno(int error) {
  if (error == EWOULDBLOCK) return Status(Code::kBusy, Source::kSealedFile);
  if (error == ENOTDIR) return Status(Code::kNotFound, Source::kSystem, ENOTDIR);
  return FromErrno(error, Source::kSystem);
}

}  // namespace

Result<FileLock> FileLock::Acquire(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return OfErrno(errno);
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) return OfErrno(errno);
  return lock;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace svsm::sealed_file
