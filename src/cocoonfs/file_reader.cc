#include "cocoonfs/file_reader.h"

#include "cocoonfs/encrypted_extents.h"
#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kCipherBlock = crypto::kCipherBlockSize;

}  // namespace

void FileReader::Close() {
  Forget();
  loaded_ = Extent{};
}

// The file; what was loaded may hold a part of the next.
void FileReader::Forget() {
  inode_ = 0;
  extents_.Clear();
  size_ = kUnknown;
  cursor_ = 0;
  cursor_blocks_ = 0;
}

Status FileReader::Open(const IndexEntry& entry) {
  if (inode_ == entry.inode) return OkStatus();
  Forget();
  SVSM_TRY(ReadFileExtents(volume_, entry, extents_, nullptr));
  SVSM_ASSIGN_OR_RETURN(decryptor_, cipher_.For(volume_.keys, entry.inode));
  std::uint64_t blocks = 0;
  for (const Extent& extent : extents_) blocks += extent.count;
  if (blocks > volume_.header.num_blocks) return Malformed(Region::kExtentsList);
  stream_bytes_ = blocks * volume_.layout.allocation_block_bytes();
  const std::size_t data_block = volume_.layout.data_block_bytes();
  SVSM_TRY(buffer_.Resize(data_block > kFileBufferBytes ? data_block : kFileBufferBytes));
  inode_ = entry.inode;
  return OkStatus();
}

// Fills the buffer from the data block of wanted.first on, with no more than `wanted` needs.
Status FileReader::LoadBlocks(const Extent& wanted) {
  const std::uint64_t unit = volume_.layout.data_block();
  const std::size_t block = volume_.layout.allocation_block_bytes();
  const std::uint64_t first = wanted.first & ~(unit - 1);
  std::uint64_t end = (wanted.end() + unit - 1) & ~(unit - 1);
  const std::uint64_t most = first + buffer_.size() / block;
  if (end > most) end = most;
  if (end > volume_.header.num_blocks) end = volume_.header.num_blocks;
  loaded_ = Extent{};
  SVSM_TRY(volume_.tree.ReadData(
      volume_.allocation, first,
      ByteSpan(buffer_.view()).first(static_cast<std::size_t>(end - first) * block)));
  loaded_ = Extent{first, end - first};
  return OkStatus();
}

Result<ByteView> FileReader::Load(std::uint64_t offset, std::uint64_t limit) {
  const std::size_t block = volume_.layout.allocation_block_bytes();
  const std::uint64_t at = offset / block;
  if (at < cursor_blocks_) {
    cursor_ = 0;
    cursor_blocks_ = 0;
  }
  while (at - cursor_blocks_ >= extents_[cursor_].count) {
    cursor_blocks_ += extents_[cursor_++].count;
  }
  const Extent& extent = extents_[cursor_];
  const std::uint64_t position = extent.first + (at - cursor_blocks_);
  if (!loaded_.Contains(position)) {
    const std::uint64_t needed = (offset % block + limit + block - 1) / block;
    const std::uint64_t there = extent.end() - position;
    // A small file as a whole, as its end is looked at first.
    const std::uint64_t unit = volume_.layout.data_block();
    const bool small = extent.end() - (extent.first & ~(unit - 1)) <= 2 * unit &&
                       2 * volume_.layout.data_block_bytes() <= buffer_.size();
    SVSM_TRY(LoadBlocks(small ? extent : Extent{position, needed < there ? needed : there}));
  }
  const std::uint64_t end = extent.end() < loaded_.end() ? extent.end() : loaded_.end();
  const auto skip = static_cast<std::size_t>(offset % block);
  const std::uint64_t available = (end - position) * block - skip;
  const std::size_t begin = static_cast<std::size_t>(position - loaded_.first) * block + skip;
  return ByteView(buffer_.view())
      .subspan(begin, static_cast<std::size_t>(available < limit ? available : limit));
}

Status FileReader::Decrypt(std::uint64_t begin, ByteSpan out) {
  Bytes<kCipherBlock> carry{};
  std::uint64_t offset = begin;  // of the IV in the stream
  SVSM_ASSIGN_OR_RETURN(ByteView piece, Load(offset, kCipherBlock + out.size()));
  Copy(carry, piece.first(kCipherBlock));
  piece = piece.subspan(kCipherBlock);
  offset += kCipherBlock;
  while (!out.empty()) {
    if (piece.empty()) {
      SVSM_ASSIGN_OR_RETURN(piece, Load(offset, out.size()));
    }
    SVSM_TRY(decryptor_->DecryptCbc(carry, piece, out.first(piece.size())));
    Copy(carry, piece.last(kCipherBlock));
    out = out.subspan(piece.size());
    offset += piece.size();
    piece = ByteView();
  }
  return OkStatus();
}

Result<std::uint64_t> FileReader::Size() {
  if (size_ != kUnknown) return size_;
  constexpr std::size_t kPiece = 128;
  Bytes<kPiece> plain{};
  std::uint64_t end = stream_bytes_ - kCipherBlock;
  while (end != 0) {
    const auto piece = static_cast<std::size_t>(end % kPiece != 0 ? end % kPiece : kPiece);
    const ByteSpan used = ByteSpan(plain).first(piece);
    SVSM_TRY(Decrypt(end - piece, used));
    const Result<std::uint64_t> size = PaddingFinder::Feed(used, end - piece);
    Wipe(plain);
    if (!size.ok()) return size.status();
    if (*size != PaddingFinder::kNotYet) {
      size_ = *size;
      return size_;
    }
    end -= piece;
  }
  return Malformed(Region::kFileData);
}

Status FileReader::Read(std::uint64_t offset, ByteSpan out) {
  const auto skip = static_cast<std::size_t>(offset % kCipherBlock);
  Bytes<kCipherBlock> partial{};
  if (skip != 0 && !out.empty()) {
    SVSM_TRY(Decrypt(offset - skip, partial));
    const std::size_t taken = kCipherBlock - skip < out.size() ? kCipherBlock - skip : out.size();
    Copy(out, ByteView(partial).subspan(skip, taken));
    out = out.subspan(taken);
    offset += taken;
  }
  const std::size_t whole = out.size() & ~(kCipherBlock - 1);
  if (whole != 0) SVSM_TRY(Decrypt(offset, out.first(whole)));
  if (whole != out.size()) {
    SVSM_TRY(Decrypt(offset + whole, partial));
    Copy(out.subspan(whole), ByteView(partial).first(out.size() - whole));
  }
  Wipe(partial);
  return OkStatus();
}

}  // namespace svsm::cocoonfs
