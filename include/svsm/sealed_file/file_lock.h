// svsm/sealed_file/file_lock.h: keeps a second process, or a second object, from the same files.
//
//   SVSM_ASSIGN_OR_RETURN(FileLock lock, FileLock::Acquire(path + ".lock"));
//
// The lock is the operating system's (flock) and ends with its holder, however that ends. The file
// is made if absent, stays empty and is left behind.
//
// Profile: hosted. Allocates: no. Threads: one object, one thread.
#ifndef SVSM_SEALED_FILE_FILE_LOCK_H_
#define SVSM_SEALED_FILE_FILE_LOCK_H_

#include <string>
#include <utility>

#include "svsm/core/result.h"

namespace svsm::sealed_file {

class FileLock final {
 public:
  // Does not wait. Errors: kBusy (held by somebody), kNotFound (no such folder), kPermissionDenied,
  // kIoError and the others of FromErrno() (detail = errno).
  static Result<FileLock> Acquire(const std::string& path);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace svsm::sealed_file

#endif  // SVSM_SEALED_FILE_FILE_LOCK_H_
