#include "svsm/sealed_file/plain_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace svsm::sealed_file {
namespace {

Status SystemError(Status status) {
  return status.ok() ? status : Status(Code::kIoError, Source::kSystem, status.detail());
}

Status FlushFolder(const std::string& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  const bool flushed = ::fsync(fd) == 0;
  const auto error = static_cast<std::uint32_t>(errno);
  ::close(fd);
  return flushed ? OkStatus() : Status(Code::kIoError, Source::kSystem, error);
}

}  // namespace

Result<std::unique_ptr<PlainDirectoryStore>> PlainDirectoryStore::Open(const std::string& folder) {
  SVSM_ASSIGN_OR_RETURN(FileLock lock, FileLock::Acquire(folder + "/.lock"));
  return std::unique_ptr<PlainDirectoryStore>(new PlainDirectoryStore(folder, std::move(lock)));
}

Result<ByteVector> PlainDirectoryStore::Load(const char* name) const {
  if (!IsStateName(name)) return Status(Code::kInvalidArgument, Source::kSealedFile);
  Result<ByteVector> blob = ReadFile(PathOf(name), kMaxPlainBlobSize);
  if (blob.ok()) return blob;
  switch (blob.status().code()) {
    case Code::kNotFound:
      return Status(Code::kNotFound, Source::kSealedFile);
    case Code::kOutOfRange:
      return Status(Code::kDataLoss, Source::kSealedFile,
                    static_cast<std::uint32_t>(kMaxPlainBlobSize));
    default:
      return SystemError(blob.status());
  }
}

Result<std::size_t> PlainDirectoryStore::Size(const char* name) {
  SVSM_ASSIGN_OR_RETURN(ByteVector blob, Load(name));
  Wipe(blob);
  return blob.size();
}

Result<std::size_t> PlainDirectoryStore::Read(const char* name, ByteSpan out) {
  Fill(out, 0);
  SVSM_ASSIGN_OR_RETURN(ByteVector blob, Load(name));
  const std::size_t size = blob.size();
  if (size <= out.size()) Copy(out, blob);
  Wipe(blob);
  if (size > out.size()) {
    return Status(Code::kBufferTooSmall, Source::kSealedFile, static_cast<std::uint32_t>(size));
  }
  return size;
}

Status PlainDirectoryStore::Write(const char* name, ByteView blob) {
  if (!IsStateName(name)) return Status(Code::kInvalidArgument, Source::kSealedFile);
  if (blob.size() > kMaxPlainBlobSize) {
    return Status(Code::kOutOfMemory, Source::kSealedFile,
                  static_cast<std::uint32_t>(kMaxPlainBlobSize));
  }
  return SystemError(WriteFileAtomically(PathOf(name), blob, FileMode::kPrivate));
}

Status PlainDirectoryStore::Remove(const char* name) {
  if (!IsStateName(name)) return Status(Code::kInvalidArgument, Source::kSealedFile);
  if (::unlink(PathOf(name).c_str()) != 0) {
    if (errno == ENOENT) return Status(Code::kNotFound, Source::kSealedFile);
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  }
  return FlushFolder(folder_);
}

}  // namespace svsm::sealed_file
