#include "cocoonfs/transaction_state.h"

#include "cocoonfs/chained_extents.h"
#include "cocoonfs/extents_list.h"
#include "svsm/core/panic.h"

namespace svsm::cocoonfs {
namespace {

// IO blocks that files must leave free, so that removing them is always possible: the header, the
// bitmap, the journal's tail, and three index nodes a level.
constexpr std::uint64_t kReserveBase = 4;
constexpr std::uint64_t kReservePerLevel = 3;

// What is encrypted at a time while data blocks before it are digested.
constexpr std::size_t kPieceBytes = 2048;

constexpr Status Invalid() { return Status(Code::kInvalidArgument, Source::kCocoonfs); }

}  // namespace

TransactionState::TransactionState(Volume& volume, VolumeIndexNodes& index_nodes,
                                   CarriedOver& carried)
    : volume_(volume),
      cipher_(carried.cipher),
      after_(carried.after),
      space_(volume.allocation.bitmap(), after_.bitmap(), carried.used, carried.fresh_from,
             volume.layout, volume.allocator),
      dirty_(volume.allocator, volume.layout.allocation_block_bytes()),
      nodes_(volume, space_, index_nodes),
      index_(nodes_, volume.header.entry_leaf),
      own_(volume.allocator),
      aux_(volume.allocator) {}

Status TransactionState::Init() {
  SVSM_TRY(after_.Follow(volume_.allocation));
  SVSM_TRY(aux_.extents.Append(volume_.aux.extents.view()));
  aux_.group1 = volume_.aux.group1;
  aux_.states[0] = volume_.aux.states[0];
  aux_.states[1] = volume_.aux.states[1];
  SVSM_ASSIGN_OR_RETURN(const std::uint32_t levels, index_.Levels());
  return space_.Init(kReserveBase + kReservePerLevel * levels);
}

std::size_t TransactionState::SearchOwn(std::uint64_t inode) const {
  std::size_t low = 0;
  std::size_t high = own_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (own_[middle].inode < inode) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

const OwnFile* TransactionState::FindOwn(std::uint64_t inode) const {
  const std::size_t at = SearchOwn(inode);
  return at < own_.size() && own_[at].inode == inode ? &own_[at] : nullptr;
}

Status TransactionState::Release(const IndexEntry& entry) {
  const std::size_t at = SearchOwn(entry.inode);
  if (at < own_.size() && own_[at].inode == entry.inode) {
    for (const Vec<Extent>* extents : {&own_[at].extents, &own_[at].chain}) {
      for (const Extent& extent : *extents) {
        dirty_.Remove(extent.first);
        SVSM_TRY(space_.Give(extent));
      }
    }
    own_.Erase(at, 1);
    return OkStatus();
  }
  Vec<Extent> extents(volume_.allocator);
  Vec<Extent> chain(volume_.allocator);
  SVSM_TRY(ReadFileExtents(volume_, entry, extents, &chain));
  for (const Extent& extent : extents) SVSM_TRY(space_.Give(extent));
  for (const Extent& extent : chain) SVSM_TRY(space_.Give(extent));
  return OkStatus();
}

Status TransactionState::BeginWrite(std::uint64_t inode, std::uint64_t size_bytes,
                                    std::uint8_t flags) {
  if (inode < kFirstUserInode || size_bytes >= ~std::size_t{0} / 2) return Invalid();
  const Result<IndexEntry> old = index_.Find(inode);
  if (old.ok()) {
    SVSM_TRY(Release(*old));
  } else if (old.status().code() != Code::kNotFound) {
    return old.status();
  }
  writing_.emplace(volume_.allocator);
  Writing& writing = *writing_;
  writing.file.inode = inode;
  writing.file.size_bytes = size_bytes;
  writing.file.flags = flags;
  writing.left = size_bytes;
  const std::uint64_t blocks = FileBlocks(volume_.layout, size_bytes);
  SVSM_TRY(space_.TakeMany(blocks, writing.file.extents));
  const auto bytes = static_cast<std::size_t>(blocks) * volume_.layout.allocation_block_bytes();
  SVSM_TRY(writing.bytes.Reserve(bytes));
  SVSM_TRY(writing.bytes.Resize(bytes));
  SVSM_ASSIGN_OR_RETURN(crypto::BlockCipher* const cipher, cipher_.For(volume_.keys, inode));
  writing.encryptor.emplace(*cipher, volume_.rng);
  writing.filled = crypto::kCipherBlockSize;
  SVSM_TRY(ReserveDigests(writing));
  return writing.encryptor->Begin(writing.bytes.view().first<crypto::kCipherBlockSize>());
}

Status TransactionState::Append(ByteView data) {
  Writing& writing = *writing_;
  if (data.size() > writing.left) return Invalid();
  writing.left -= data.size();
  if (writing.digests.capacity() == 0) return AppendPiece(data);
  while (!data.empty()) {
    const ByteView piece = data.size() < kPieceBytes ? data : data.first(kPieceBytes);
    SVSM_TRY(AppendPiece(piece));
    data = data.subspan(piece.size());
  }
  return OkStatus();
}

// Digests data blocks that came before while it encrypts the next.
Status TransactionState::AppendPiece(ByteView data) {
  Writing& writing = *writing_;
  TreeDigests& digests = volume_.digests;
  const ByteSpan bytes = writing.bytes.view();
  const std::size_t filled = writing.filled;
  SVSM_ASSIGN_OR_RETURN(crypto::BlockCipher* const cipher,
                        cipher_.For(volume_.keys, writing.file.inode));
  const auto encrypt = [&](FixedView<crypto::kCipherBlockSize> iv, ByteView in,
                           ByteSpan out) -> Status {
    if (writing.digests.capacity() == 0) return cipher->EncryptCbc(iv, in, out);
    const std::size_t unit = volume_.layout.data_block_bytes();
    const std::size_t size = digests.data_digest_bytes();
    const std::size_t known = writing.digests.size() / size;
    std::size_t count = filled / unit - known;
    if (count > TreeDigests::kMostWhileEncrypting) count = TreeDigests::kMostWhileEncrypting;
    SVSM_TRY(writing.digests.Resize((known + count) * size));
    const std::uint64_t first = volume_.shape.DataIndex(writing.file.extents[0].first);
    return digests.BlocksWhileEncrypting(first + known, bytes.subspan(known * unit, count * unit),
                                         writing.digests.view().subspan(known * size), *cipher, iv,
                                         in, out);
  };
  SVSM_ASSIGN_OR_RETURN(const std::size_t size,
                        writing.encryptor->Update(data, bytes.subspan(filled), encrypt));
  writing.filled += size;
  return OkStatus();
}

Status TransactionState::ReserveDigests(Writing& writing) {
  const Extent& extent = writing.file.extents[0];
  const std::size_t unit = volume_.layout.data_block_bytes();
  const std::size_t count = writing.bytes.size() / unit;
  const bool is_alone =
      writing.file.extents.size() == 1 && extent.first % volume_.layout.data_block() == 0;
  if (!is_alone || writing.bytes.size() < 2 * kPieceBytes || unit > kPieceBytes) return OkStatus();
  return writing.digests.Reserve(count * volume_.digests.data_digest_bytes());
}

Status TransactionState::EndWrite() {
  Writing& writing = *writing_;
  if (writing.left != 0) return Invalid();
  SVSM_TRY(writing.encryptor->Finish(writing.bytes.view().subspan(writing.filled)));
  SVSM_TRY(LayOut(writing));
  OwnFile& file = writing.file;
  IndexEntry entry{file.inode, 0, file.flags};
  if (file.extents.size() == 1 && file.extents[0].count <= kMaxPointerBlocks) {
    entry.pointer = EncodeExtentPointer(file.extents[0], false);
  } else {
    SVSM_TRY(MakeList(file));
    entry.pointer = EncodeExtentPointer(file.chain[0], true);
  }
  SVSM_TRY(index_.Put(entry));
  const std::size_t at = SearchOwn(file.inode);
  SVSM_TRY(own_.Insert(at, std::move(file)));
  writing_.reset();
  return OkStatus();
}

// Hands the stream to the extents.
Status TransactionState::LayOut(Writing& writing) {
  const Vec<Extent>& extents = writing.file.extents;
  if (extents.size() == 1) {
    return dirty_.Take(extents[0].first, std::move(writing.bytes), std::move(writing.digests));
  }
  std::size_t at = 0;
  for (const Extent& extent : extents) {
    SVSM_ASSIGN_OR_RETURN(const ByteSpan run, dirty_.Add(extent));
    Copy(run, ByteView(writing.bytes.view()).subspan(at, run.size()));
    at += run.size();
  }
  return OkStatus();
}

// Extents for a chain that holds `payload_size` bytes, the larger the better.
Status TransactionState::TakeChain(std::size_t payload_size, std::uint64_t inode,
                                   Vec<Extent>& out) {
  const ChainFormat format = ListChainFormat(volume_.layout, inode);
  std::size_t needed = payload_size + 1;  // a byte of padding
  std::uint64_t most = kMaxPointerBlocks;
  while (needed != 0) {
    const bool first = out.empty();
    std::uint64_t count = 1;
    while (count < most && format.Capacity(count, first) < needed) ++count;
    const Result<Extent> extent = space_.Take(count);
    if (!extent.ok()) {
      if (count == 1) return extent.status();
      most = count / 2;
      continue;
    }
    const std::size_t capacity = format.Capacity(count, first);
    SVSM_TRY(out.PushBack(*extent));
    needed -= capacity < needed ? capacity : needed;
  }
  return OkStatus();
}

Status TransactionState::MakeList(OwnFile& file) {
  Vec<std::uint8_t> list(volume_.allocator);
  SVSM_TRY(EncodeExtentsList(file.extents.view(), list));
  SVSM_TRY(TakeChain(list.size(), file.inode, file.chain));
  SVSM_ASSIGN_OR_RETURN(const OwnedCipher cipher,
                        volume_.keys.NewCipher(file.inode, Subdomain::kExtentsList));
  ChainEncoder encoder(ListChainFormat(volume_.layout, file.inode), *cipher, nullptr, ByteView());
  ByteView left = list.view();
  for (std::size_t i = 0; i < file.chain.size(); ++i) {
    const Extent* const next = i + 1 < file.chain.size() ? &file.chain[i + 1] : nullptr;
    SVSM_ASSIGN_OR_RETURN(const ByteSpan run, dirty_.Add(file.chain[i]));
    SVSM_ASSIGN_OR_RETURN(const std::size_t size, encoder.Next(left, next, volume_.rng, run));
    left = left.subspan(size);
  }
  Wipe(list.view());
  return OkStatus();
}

Status TransactionState::Remove(std::uint64_t inode) {
  if (inode < kFirstUserInode) return Status(Code::kNotFound, Source::kCocoonfs);
  SVSM_ASSIGN_OR_RETURN(const IndexEntry entry, index_.Find(inode));
  SVSM_TRY(Release(entry));
  return index_.Remove(inode);
}

// Copies `out.size()` bytes of the file's ciphertext stream from `offset` on.
void TransactionState::CopyStream(const OwnFile& file, std::uint64_t offset, ByteSpan out) const {
  for (const Extent& extent : file.extents) {
    const ByteView run = dirty_.ViewFrom(extent.first);
    if (offset >= run.size()) {
      offset -= run.size();
      continue;
    }
    const ByteView rest = run.subspan(static_cast<std::size_t>(offset));
    const std::size_t size = rest.size() < out.size() ? rest.size() : out.size();
    Copy(out, rest.first(size));
    out = out.subspan(size);
    if (out.empty()) return;
    offset = 0;
  }
}

Status TransactionState::ReadOwn(const OwnFile& file, std::uint64_t offset, ByteSpan out) {
  constexpr std::size_t kBlock = crypto::kCipherBlockSize;
  constexpr std::size_t kChunk = 32 * kBlock;
  SVSM_ASSIGN_OR_RETURN(crypto::BlockCipher* const cipher, cipher_.For(volume_.keys, file.inode));
  // The stream begins with the IV: plaintext block i is in ciphertext block i + 1, after its own.
  Bytes<kBlock + kChunk> stream{};
  Bytes<kChunk> plain{};
  while (!out.empty()) {
    const std::uint64_t begin = offset / kBlock * kBlock;
    const auto skip = static_cast<std::size_t>(offset - begin);
    std::size_t size = (skip + out.size() + kBlock - 1) / kBlock * kBlock;
    if (size > kChunk) size = kChunk;
    CopyStream(file, begin, ByteSpan(stream).first(kBlock + size));
    SVSM_TRY(cipher->DecryptCbc(ByteView(stream).first<kBlock>(),
                                ByteView(stream).subspan(kBlock, size),
                                ByteSpan(plain).first(size)));
    const std::size_t part = size - skip < out.size() ? size - skip : out.size();
    Copy(out, ByteView(plain).subspan(skip, part));
    out = out.subspan(part);
    offset += part;
  }
  Wipe(plain);
  return OkStatus();
}

}  // namespace svsm::cocoonfs
