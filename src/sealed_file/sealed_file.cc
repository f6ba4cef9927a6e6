#include "svsm/sealed_file/sealed_file.h"

#include "sealed_file/format.h"

namespace svsm::sealed_file {
namespace {

// What the file system says about a write, in the words of the seam.
Status WriteError(Status status) {
  return status.ok() ? status : Status(Code::kIoError, Source::kSystem, status.detail());
}

}  // namespace

Result<std::unique_ptr<SealedFileStore>> SealedFileStore::Open(const std::string& path,
                                                               const Secret<32>& key,
                                                               crypto::Aead& aead, crypto::Rng& rng,
                                                               IfAbsent if_absent) {
  SVSM_ASSIGN_OR_RETURN(FileLock lock, FileLock::Acquire(path + ".lock"));
  SVSM_TRY(aead.SetKey(key.view()));
  std::unique_ptr<SealedFileStore> store(new SealedFileStore(path, std::move(lock), aead, rng));
  SVSM_TRY(store->Load(if_absent));
  return store;
}

SealedFileStore::~SealedFileStore() {
  internal::WipeBlobs(blobs_);
  aead_.Wipe();
}

Status SealedFileStore::Load(IfAbsent if_absent) {
  const Result<ByteVector> file = ReadFile(path_, kMaxSealedFileSize);
  if (file.status().code() == Code::kNotFound && if_absent == IfAbsent::kCreate) {
    created_ = true;
    return Save();
  }
  SVSM_TRY(file.status());
  SVSM_ASSIGN_OR_RETURN(internal::Unsealed unsealed, internal::Unseal(*file, aead_));
  blobs_ = std::move(unsealed.blobs);
  generation_ = unsealed.generation;
  return OkStatus();
}

Status SealedFileStore::Save() {
  if (sizeof(internal::Header) + internal::PayloadSize(blobs_) > kMaxSealedFileSize) {
    return Status(Code::kOutOfMemory, Source::kSealedFile,
                  static_cast<std::uint32_t>(kMaxSealedFileSize));
  }
  if (generation_ >= kMaxGeneration) return Status(Code::kExhausted, Source::kSealedFile);
  // A failed attempt may have reached the disk: no two files share a generation.
  ++generation_;
  SVSM_ASSIGN_OR_RETURN(const ByteVector file, internal::Seal(blobs_, generation_, aead_, rng_));
  return WriteError(WriteFileAtomically(path_, file, FileMode::kPrivate));
}

Result<std::size_t> SealedFileStore::Size(const char* name) {
  if (!IsStateName(name)) return Status(Code::kInvalidArgument, Source::kSealedFile);
  const auto found = blobs_.find(name);
  if (found == blobs_.end()) return Status(Code::kNotFound, Source::kSealedFile);
  return found->second.size();
}

Result<std::size_t> SealedFileStore::Read(const char* name, ByteSpan out) {
  Fill(out, 0);
  SVSM_ASSIGN_OR_RETURN(const std::size_t size, Size(name));
  if (size > out.size()) {
    return Status(Code::kBufferTooSmall, Source::kSealedFile, static_cast<std::uint32_t>(size));
  }
  Copy(out, blobs_.find(name)->second);
  return size;
}

Status SealedFileStore::Write(const char* name, ByteView blob) {
  if (!IsStateName(name)) return Status(Code::kInvalidArgument, Source::kSealedFile);
  if (blob.size() > kMaxSealedFileSize) {
    return Status(Code::kOutOfMemory, Source::kSealedFile,
                  static_cast<std::uint32_t>(kMaxSealedFileSize));
  }
  const auto [place, is_new] = blobs_.try_emplace(name);
  ByteVector old = ToVector(blob);
  old.swap(place->second);
  const Status saved = Save();
  if (!saved.ok()) {
    old.swap(place->second);
  }
  Wipe(old);
  if (!saved.ok() && is_new) blobs_.erase(place);
  return saved;
}

Status SealedFileStore::Remove(const char* name) {
  SVSM_TRY(Size(name).status());
  auto node = blobs_.extract(name);
  const Status saved = Save();
  if (saved.ok()) {
    Wipe(node.mapped());
  } else {
    blobs_.insert(std::move(node));
  }
  return saved;
}

}  // namespace svsm::sealed_file
