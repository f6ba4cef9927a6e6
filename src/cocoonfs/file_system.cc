#include "svsm/cocoonfs/file_system.h"

#include <new>

#include "cocoonfs/aux_reader.h"
#include "cocoonfs/file_system_state.h"
#include "cocoonfs/first_use.h"
#include "cocoonfs/header_reader.h"
#include "cocoonfs/journal_head.h"
#include "cocoonfs/open.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status kNotOpen(Code::kFailedPrecondition, Source::kCocoonfs);

std::uint32_t Detail(std::uint64_t size) {
  return size > 0xFFFFFFFF ? 0xFFFFFFFF : static_cast<std::uint32_t>(size);
}

}  // namespace

FileSystem::FileSystem(BlockDevice& device, const crypto::Symmetric& symmetric, crypto::Rng& rng,
                       Allocator& allocator)
    : device_(device), symmetric_(symmetric), rng_(rng), allocator_(allocator) {}

FileSystem::~FileSystem() { Close(); }

void FileSystem::Close() {
  if (state_ == nullptr) return;
  state_->~State();
  allocator_.Free(state_, sizeof(State));
  state_ = nullptr;
}

Status FileSystem::Open(ByteView user_key, const OpenOptions& options) {
  if (state_ != nullptr) return Status(Code::kFailedPrecondition, Source::kCocoonfs);
  void* const memory = allocator_.Allocate(sizeof(State), alignof(State));
  if (memory == nullptr) return Status(Code::kOutOfMemory, Source::kCocoonfs);
  state_ = new (memory) State(device_, symmetric_, rng_, allocator_);
  state_->options = options;
  Status status = OpenState(user_key);
  if (status.ok()) {
    state_->write.Opened(options);
    const bool commit = options.commit_on_open && !options.read_only;
    if (commit && state_->write.pending() != nullptr) status = state_->write.Apply();
  }
  if (!status.ok()) Close();
  return status;
}

Status FileSystem::OpenState(ByteView user_key) {
  Volume& volume = state_->volume;
  StaticHeader header;
  {
    FoundHeader found;
    SVSM_TRY(FindHeader(device_, allocator_, found));
    if (found.kind != HeaderKind::kImage) {
      if (!state_->options.format_on_open || state_->options.read_only) {
        return Status(Code::kFailedPrecondition, Source::kCocoonfs,
                      static_cast<std::uint32_t>(Region::kCreationHeader));
      }
      SVSM_TRY(FormatOnFirstUse(device_, symmetric_, rng_, allocator_, user_key, found,
                                state_->options.trim ? FreeSpace::kTrim : FreeSpace::kRandom));
      SVSM_TRY(FindHeader(device_, allocator_, found));
      if (found.kind != HeaderKind::kImage) return Malformed(Region::kStaticHeader);
    }
    header = found.image;
  }
  SVSM_TRY(SetUpVolume(volume, header, user_key));
  Vec<std::uint8_t> head(allocator_);
  SVSM_ASSIGN_OR_RETURN(const bool pending,
                        ReadJournalHead(volume.device_view, volume.layout, volume.places, head));
  if (!pending) {
    head.Release();
    return LoadCleanVolume(volume);
  }
  state_->replay.emplace(volume);
  return state_->replay->Load(head.view());
}

Result<FileInfo> FileSystem::Stat(std::uint64_t inode) {
  if (state_ == nullptr) return kNotOpen;
  SVSM_ASSIGN_OR_RETURN(const IndexEntry entry, FindFile(inode));
  FileReader& reader = state_->reader;
  SVSM_TRY(reader.Open(entry));
  FileInfo info;
  info.inode = inode;
  info.flags = static_cast<std::uint8_t>(entry.flags & kUserFlagsMask);
  SVSM_ASSIGN_OR_RETURN(info.size_bytes, reader.Size());
  info.num_extents = reader.extents().size();
  for (const Extent& extent : reader.extents()) info.num_blocks += extent.count;
  return info;
}

Result<std::size_t> FileSystem::Read(std::uint64_t inode, std::uint64_t offset, ByteSpan out) {
  if (state_ == nullptr) return kNotOpen;
  Result<std::size_t> size = ReadRange(inode, offset, out);
  if (!size.ok()) Wipe(out);
  return size;
}

Result<std::size_t> FileSystem::ReadRange(std::uint64_t inode, std::uint64_t offset, ByteSpan out) {
  FileReader& reader = state_->reader;
  if (reader.inode() != inode || inode == 0) {
    SVSM_ASSIGN_OR_RETURN(const IndexEntry entry, FindFile(inode));
    SVSM_TRY(reader.Open(entry));
  }
  SVSM_ASSIGN_OR_RETURN(const std::uint64_t size, reader.Size());
  if (offset >= size) return std::size_t{0};
  if (out.size() > size - offset) out = out.first(static_cast<std::size_t>(size - offset));
  SVSM_TRY(reader.Read(offset, out));
  return out.size();
}

Result<std::size_t> FileSystem::ReadAll(std::uint64_t inode, ByteSpan out) {
  SVSM_ASSIGN_OR_RETURN(const FileInfo info, Stat(inode));
  if (info.size_bytes > out.size()) {
    return Status(Code::kBufferTooSmall, Source::kCocoonfs, Detail(info.size_bytes));
  }
  return Read(inode, 0, out);
}

Result<IndexEntry> FileSystem::FindFile(std::uint64_t inode) {
  if (inode < kFirstUserInode) return Status(Code::kNotFound, Source::kCocoonfs);
  return state_->Index().Find(inode);
}

Result<std::size_t> FileSystem::List(std::uint64_t from, std::span<FileEntry> out) {
  if (state_ == nullptr) return kNotOpen;
  if (out.empty()) return Status(Code::kInvalidArgument, Source::kCocoonfs);
  if (from < kFirstUserInode) from = kFirstUserInode;
  return ListFiles(state_->Index(), from, out);
}

Result<AuxMetadata> FileSystem::ReadAuxMetadata() {
  if (state_ == nullptr) return kNotOpen;
  AuxMetadata aux(allocator_);
  const Volume& volume = state_->volume;
  SVSM_TRY(ReadAux(*volume.view, volume.layout, volume.aux, aux));
  return aux;
}

const ImageLayout& FileSystem::layout() const {
  SVSM_CHECK(state_ != nullptr);
  return state_->volume.layout;
}

ByteView FileSystem::salt() const {
  SVSM_CHECK(state_ != nullptr);
  return state_->volume.salt.view();
}

ByteView FileSystem::root_digest() const {
  SVSM_CHECK(state_ != nullptr);
  return state_->volume.header.root_view(state_->volume.layout);
}

FixedView<kUpdateCounterSize> FileSystem::update_counter() const {
  SVSM_CHECK(state_ != nullptr);
  return state_->volume.counter;
}

Usage FileSystem::usage() const {
  SVSM_CHECK(state_ != nullptr);
  const Bitmap& bitmap = state_->volume.allocation.bitmap();
  Usage usage;
  usage.block_size_bytes = state_->volume.layout.allocation_block_bytes();
  usage.num_blocks = bitmap.num_blocks();
  usage.num_free_blocks = bitmap.num_blocks() - bitmap.CountAllocated();
  return usage;
}

}  // namespace svsm::cocoonfs
