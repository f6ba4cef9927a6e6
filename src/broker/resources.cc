#include "svsm/broker/resources.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "svsm/kbs/messages.h"

namespace svsm::broker {
namespace {

constexpr Status kNoName(Code::kInvalidArgument, Source::kBroker);

Status FromErrno(int error) {
  const auto detail = static_cast<std::uint32_t>(error);
  switch (error) {
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

Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return OkStatus();
  return FromErrno(errno);
}

Status FlushFolder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FromErrno(errno);
  const int error = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return error == 0 ? OkStatus() : FromErrno(error);
}

enum class Kind { kFolder, kFile };

// The names of that kind in a folder, but hidden ones.
Status ListParts(const std::string& folder, Kind kind, std::vector<std::string>& out) {
  ::DIR* const dir = ::opendir(folder.c_str());
  if (dir == nullptr) return errno == ENOENT ? OkStatus() : FromErrno(errno);
  for (;;) {
    errno = 0;
    const ::dirent* const entry = ::readdir(dir);
    if (entry == nullptr) break;
    if (entry->d_name[0] == '.') continue;
    struct ::stat info = {};
    if (::lstat((folder + '/' + entry->d_name).c_str(), &info) != 0) continue;
    if (kind == Kind::kFolder ? S_ISDIR(info.st_mode) : S_ISREG(info.st_mode)) {
      out.emplace_back(entry->d_name);
    }
  }
  const int error = errno;
  ::closedir(dir);
  return error == 0 ? OkStatus() : FromErrno(error);
}

}  // namespace

bool IsResourceName(std::string_view name) { return kbs::ParseResourceName(AsBytes(name)).ok(); }

Result<std::unique_ptr<DirectoryResources>> DirectoryResources::Open(const std::string& folder) {
  SVSM_TRY(MakeFolder(folder));
  struct ::stat info = {};
  if (::stat(folder.c_str(), &info) != 0) return FromErrno(errno);
  if (!S_ISDIR(info.st_mode)) return FromErrno(ENOTDIR);
  return std::unique_ptr<DirectoryResources>(new DirectoryResources(folder));
}

Result<ByteVector> DirectoryResources::Get(std::string_view name) const {
  if (!IsResourceName(name)) return kNoName;
  Result<ByteVector> bytes = ReadFile(PathOf(name), kMaxResourceBytes);
  if (bytes.ok()) return bytes;
  if (bytes.status().code() == Code::kOutOfRange) return Status(Code::kDataLoss, Source::kBroker);
  // A folder where a file should be, or the other way round.
  if (bytes.status().detail() == EISDIR) return FromErrno(ENOENT);
  return bytes.status().detail() == ENOTDIR ? FromErrno(ENOTDIR) : bytes.status();
}

Status DirectoryResources::Put(std::string_view name, ByteView bytes) {
  if (!IsResourceName(name)) return kNoName;
  if (bytes.size() > kMaxResourceBytes) {
    return Status(Code::kOutOfRange, Source::kBroker,
                  static_cast<std::uint32_t>(kMaxResourceBytes));
  }
  const std::size_t second = name.rfind('/');
  SVSM_TRY(MakeFolder(PathOf(name.substr(0, name.find('/')))));
  SVSM_TRY(MakeFolder(PathOf(name.substr(0, second))));
  // What a crash leaves beside the resources is not named as one.
  static std::atomic<std::uint64_t> count = 0;
  const std::string beside =
      folder_ + "/.new-" + std::to_string(::getpid()) + '-' + std::to_string(++count);
  SVSM_TRY(WriteFileAtomically(beside, bytes, FileMode::kPrivate));
  if (::rename(beside.c_str(), PathOf(name).c_str()) != 0) {
    const int error = errno;
    ::unlink(beside.c_str());
    return FromErrno(error);
  }
  return FlushFolder(PathOf(name.substr(0, second)));
}

Status DirectoryResources::Remove(std::string_view name) {
  if (!IsResourceName(name)) return kNoName;
  if (::unlink(PathOf(name).c_str()) == 0) return OkStatus();
  return errno == EISDIR ? FromErrno(ENOENT) : FromErrno(errno);
}

Result<std::vector<std::string>> DirectoryResources::List() const {
  std::vector<std::string> names;
  std::vector<std::string> repositories;
  SVSM_TRY(ListParts(folder_, Kind::kFolder, repositories));
  for (const std::string& repository : repositories) {
    std::vector<std::string> types;
    SVSM_TRY(ListParts(folder_ + '/' + repository, Kind::kFolder, types));
    for (const std::string& type : types) {
      std::vector<std::string> tags;
      std::string parent = repository;
      parent.append("/").append(type);
      SVSM_TRY(ListParts(folder_ + '/' + parent, Kind::kFile, tags));
      parent.append("/");
      for (const std::string& tag : tags) names.push_back(parent + tag);
    }
  }
  std::erase_if(names, [](const std::string& name) { return !IsResourceName(name); });
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace svsm::broker
