#include "svsm/cocoonfs/state_store.h"

#include "svsm/cocoonfs/transaction.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::uint8_t kVersion = 1;

constexpr Status Bad(Code code) { return Status(code, Source::kCocoonfs); }

ByteView NameBytes(const char* name, Bytes<StateStore::kMaxNameSize>& buffer) {
  std::size_t size = 0;
  for (; name[size] != '\0'; ++size) buffer[size] = static_cast<std::uint8_t>(name[size]);
  return ByteView(buffer).first(size);
}

struct Entry {
  std::size_t offset = 0;  // in the file of names
  std::size_t size = 0;
  std::uint8_t slot = 0;
  ByteView name;
};

// Goes through well-formed names.
bool NextEntry(ByteView names, std::size_t& offset, Entry& out) {
  if (offset == names.size()) return false;
  out.offset = offset;
  out.slot = names[offset];
  out.name = names.subspan(offset + 2, names[offset + 1]);
  out.size = 2 + out.name.size();
  offset += out.size;
  return true;
}

bool FindEntry(ByteView names, ByteView name, Entry& out) {
  std::size_t offset = 1;
  while (NextEntry(names, offset, out)) {
    if (Equal(out.name, name)) return true;
  }
  return false;
}

bool AreNames(ByteView names) {
  if (names.empty() || names[0] != kVersion) return false;
  for (std::size_t at = 1; at < names.size();) {
    if (names.size() - at < 2) return false;
    const std::size_t size = names[at + 1];
    if (names[at] == 0 || size == 0 || size > StateStore::kMaxNameSize ||
        size > names.size() - at - 2) {
      return false;
    }
    at += 2 + size;
  }
  return true;
}

// A slot that no name has, from 1 on; 0 if there is none.
std::uint8_t FreeSlot(ByteView names) {
  Bytes<256> taken{};
  Entry entry;
  std::size_t offset = 1;
  while (NextEntry(names, offset, entry)) taken[entry.slot] = 1;
  for (std::size_t i = 1; i < taken.size(); ++i) {
    if (taken[i] == 0) return static_cast<std::uint8_t>(i);
  }
  return 0;
}

// Writes or removes a file, and writes a second one if there are bytes for it, at once.
Status CommitFile(FileSystem& fs, std::uint64_t inode, const ByteView* blob, std::uint64_t second,
                  const ByteView* second_blob) {
  SVSM_ASSIGN_OR_RETURN(Transaction* const transaction, fs.Begin());
  Status status =
      blob != nullptr ? transaction->Write(inode, *blob, 0) : transaction->Remove(inode);
  if (status.ok() && second_blob != nullptr) status = transaction->Write(second, *second_blob, 0);
  if (!status.ok()) {
    transaction->Abandon();
    return status;
  }
  SVSM_ASSIGN_OR_RETURN(PendingCommit* const commit, transaction->Prepare());
  return commit->Apply();
}

}  // namespace

Result<bool> HasOtherEngine(FileSystem& fs) {
  const Result<FileInfo> marker = fs.Stat(kOtherEngineMarker);
  if (marker.status().code() == Code::kNotFound) return false;
  SVSM_TRY(marker.status());
  return marker->size_bytes != 0;
}

Result<std::uint64_t> FixedStateStore::Find(const char* name) const {
  if (!IsStateName(name)) return Bad(Code::kInvalidArgument);
  Bytes<kMaxNameSize> wanted{};
  Bytes<kMaxNameSize> buffer{};
  const ByteView wanted_name = NameBytes(name, wanted);
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (Equal(NameBytes(names_[i], buffer), wanted_name)) return first_inode_ + i;
  }
  return Bad(Code::kInvalidArgument);
}

Result<std::size_t> FixedStateStore::Size(const char* name) {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t inode, Find(name));
  SVSM_ASSIGN_OR_RETURN(const FileInfo info, fs_.Stat(inode));
  return static_cast<std::size_t>(info.size_bytes);
}

Result<std::size_t> FixedStateStore::Read(const char* name, ByteSpan out) {
  Fill(out, 0);
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t inode, Find(name));
  return fs_.ReadAll(inode, out);
}

Status FixedStateStore::Write(const char* name, ByteView blob) {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t inode, Find(name));
  return CommitFile(fs_, inode, &blob, 0, nullptr);
}

Status FixedStateStore::Remove(const char* name) {
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t inode, Find(name));
  return CommitFile(fs_, inode, nullptr, 0, nullptr);
}

Status FileStateStore::LoadNames(Vec<std::uint8_t>& out) {
  out.Clear();
  const Result<FileInfo> info = fs_.Stat(first_inode_);
  if (info.status().code() == Code::kNotFound) return out.PushBack(kVersion);
  if (!info.ok()) return info.status();
  if (info->size_bytes > 1 + kMaxBlobs * (2 + kMaxNameSize)) return Bad(Code::kDataLoss);
  SVSM_TRY(out.Resize(static_cast<std::size_t>(info->size_bytes)));
  SVSM_TRY(fs_.ReadAll(first_inode_, out.view()).status());
  return AreNames(out.view()) ? OkStatus() : Bad(Code::kDataLoss);
}

Result<std::size_t> FileStateStore::Size(const char* name) {
  if (!IsStateName(name)) return Bad(Code::kInvalidArgument);
  Vec<std::uint8_t> names(allocator_);
  SVSM_TRY(LoadNames(names));
  Bytes<kMaxNameSize> buffer{};
  Entry entry;
  if (!FindEntry(names.view(), NameBytes(name, buffer), entry)) return Bad(Code::kNotFound);
  SVSM_ASSIGN_OR_RETURN(const FileInfo info, fs_.Stat(first_inode_ + entry.slot));
  return static_cast<std::size_t>(info.size_bytes);
}

Result<std::size_t> FileStateStore::Read(const char* name, ByteSpan out) {
  Fill(out, 0);
  if (!IsStateName(name)) return Bad(Code::kInvalidArgument);
  Vec<std::uint8_t> names(allocator_);
  SVSM_TRY(LoadNames(names));
  Bytes<kMaxNameSize> buffer{};
  Entry entry;
  if (!FindEntry(names.view(), NameBytes(name, buffer), entry)) return Bad(Code::kNotFound);
  return fs_.ReadAll(first_inode_ + entry.slot, out);
}

Status FileStateStore::Commit(std::uint64_t inode, const ByteView* blob,
                              const Vec<std::uint8_t>* names) {
  if (names == nullptr) return CommitFile(fs_, inode, blob, 0, nullptr);
  const ByteView bytes = names->view();
  return CommitFile(fs_, inode, blob, first_inode_, &bytes);
}

Status FileStateStore::Write(const char* name, ByteView blob) {
  if (!IsStateName(name)) return Bad(Code::kInvalidArgument);
  Vec<std::uint8_t> names(allocator_);
  SVSM_TRY(LoadNames(names));
  Bytes<kMaxNameSize> buffer{};
  const ByteView bytes = NameBytes(name, buffer);
  Entry entry;
  if (FindEntry(names.view(), bytes, entry)) {
    return Commit(first_inode_ + entry.slot, &blob, nullptr);
  }
  const std::uint8_t slot = FreeSlot(names.view());
  if (slot == 0) return Bad(Code::kExhausted);
  SVSM_TRY(names.PushBack(slot));
  SVSM_TRY(names.PushBack(static_cast<std::uint8_t>(bytes.size())));
  SVSM_TRY(names.Append(bytes));
  return Commit(first_inode_ + slot, &blob, &names);
}

Status FileStateStore::Remove(const char* name) {
  if (!IsStateName(name)) return Bad(Code::kInvalidArgument);
  Vec<std::uint8_t> names(allocator_);
  SVSM_TRY(LoadNames(names));
  Bytes<kMaxNameSize> buffer{};
  Entry entry;
  if (!FindEntry(names.view(), NameBytes(name, buffer), entry)) return Bad(Code::kNotFound);
  const std::uint64_t inode = first_inode_ + entry.slot;
  names.Erase(entry.offset, entry.size);
  return Commit(inode, nullptr, &names);
}

}  // namespace svsm::cocoonfs
