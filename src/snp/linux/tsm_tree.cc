#include "svsm/snp_linux/tsm_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "svsm/core/errno_status.h"
#include "svsm/snp_linux/detail.h"

namespace svsm::snp {
namespace {

constexpr int kMaxNames = 100;
constexpr std::size_t kChunkSize = 4096;

class File {
 public:
  File(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (fd_ < 0) error_ = errno;
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  bool ok() const { return fd_ >= 0; }
  int error() const { return error_; }
  int fd() const { return fd_; }
  // A binary attribute takes effect at close, which may refuse it.
  Status Close() {
    const int result = ::close(fd_);
    fd_ = -1;
    return result == 0 ? OkStatus() : FromErrno(errno, Source::kSystem);
  }

 private:
  int fd_;
  int error_ = 0;
};

}  // namespace

std::string PosixTsmTree::PathOf(const std::string& entry, const char* attribute) const {
  return root_ + "/" + entry + "/" + attribute;
}

Result<std::string> PosixTsmTree::MakeEntry() {
  for (int i = 0; i < kMaxNames; ++i) {
    const std::string name = "svsm-" + std::to_string(::getpid()) + "-" + std::to_string(i);
    if (::mkdir((root_ + "/" + name).c_str(), 0700) == 0) return name;
    if (errno == ENOENT || errno == ENOTDIR) {
      return Status(Code::kUnavailable, Source::kSnp, kDetailNoConfigfsTsm);
    }
    if (errno != EEXIST) return FromErrno(errno, Source::kSystem);
  }
  return Status(Code::kAlreadyExists, Source::kSystem, EEXIST);
}

Status PosixTsmTree::RemoveEntry(const std::string& entry) {
  return ::rmdir((root_ + "/" + entry).c_str()) == 0 ? OkStatus()
                                                     : FromErrno(errno, Source::kSystem);
}

Status PosixTsmTree::Write(const std::string& entry, const char* attribute, ByteView value) {
  File file(PathOf(entry, attribute), O_WRONLY);
  if (!file.ok()) return FromErrno(file.error(), Source::kSystem);
  const ssize_t written = ::write(file.fd(), value.data(), value.size());
  if (written < 0) return FromErrno(errno, Source::kSystem);
  if (static_cast<std::size_t>(written) != value.size()) return FromErrno(EIO, Source::kSystem);
  return file.Close();
}

Result<std::vector<std::uint8_t>> PosixTsmTree::Read(const std::string& entry,
                                                     const char* attribute) {
  const File file(PathOf(entry, attribute), O_RDONLY);
  if (!file.ok()) return FromErrno(file.error(), Source::kSystem);
  std::vector<std::uint8_t> value;
  for (;;) {
    const std::size_t begin = value.size();
    value.resize(begin + kChunkSize);
    const ssize_t got = ::read(file.fd(), value.data() + begin, kChunkSize);
    if (got < 0) return FromErrno(errno, Source::kSystem);
    value.resize(begin + static_cast<std::size_t>(got));
    if (got == 0) return value;
    if (value.size() > kMaxTsmAttributeSize) {
      return Status(Code::kOutOfRange, Source::kSnp, kMaxTsmAttributeSize);
    }
  }
}

}  // namespace svsm::snp
