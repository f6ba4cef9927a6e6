#include "cocoonfs/volume.h"

#include "cocoonfs/chained_extents.h"
#include "cocoonfs/encrypted_block.h"
#include "cocoonfs/extents_list.h"
#include "cocoonfs/range_set.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kTreeCacheBytes = 16 * 1024;
constexpr std::size_t kBitmapReadBytes = 16 * 1024;
constexpr std::uint8_t kIndexNodeSubject = 6;

Result<ExtentPointer> PointerOf(const LeafNode& leaf, std::uint64_t inode) {
  const std::size_t at = leaf.LowerBound(inode);
  if (at == leaf.count() || leaf.key(at) != inode) return Malformed(Region::kEntryLeaf);
  const Result<ExtentPointer> pointer = DecodeExtentPointer(leaf.entry(at).pointer);
  if (!pointer.ok() || pointer->nil) return Malformed(Region::kEntryLeaf);
  return pointer;
}

bool Fits(const Volume& volume, const Extent& extent) {
  const std::uint64_t num_blocks = volume.header.num_blocks;
  return extent.first <= num_blocks && extent.count <= num_blocks - extent.first;
}

// Reads one extent of a chain: raw before there is a tree, checked afterwards.
class ChainSource {
 public:
  ChainSource(Volume& volume, bool checked) : volume_(volume), checked_(checked) {}
  Status Read(const Extent& extent, Vec<std::uint8_t>& out) {
    if (!Fits(volume_, extent)) return Malformed(Region::kExtentsList);
    SVSM_TRY(out.Resize(static_cast<std::size_t>(extent.count) *
                        volume_.layout.allocation_block_bytes()));
    if (!checked_) return volume_.view->Read(extent.first, out.view());
    return volume_.tree.ReadChecked(volume_.allocation, extent, out.view(), Region::kExtentsList);
  }

 private:
  Volume& volume_;
  bool checked_;
};

Status ReadList(Volume& volume, const Extent& head, ChainDecoder& decoder, ChainSource& source,
                Vec<Extent>& out, Vec<Extent>* chain) {
  Vec<std::uint8_t> bytes(volume.allocator);
  Vec<std::uint8_t> list(volume.allocator);
  Extent at = head;
  std::uint64_t total = 0;
  while (true) {
    total += at.count;  // a chain that comes back to itself ends here
    if (total > volume.header.num_blocks) return Malformed(Region::kExtentsList);
    SVSM_TRY(source.Read(at, bytes));
    if (chain != nullptr) SVSM_TRY(chain->PushBack(at));
    SVSM_ASSIGN_OR_RETURN(const ExtentPointer next,
                          decoder.Next(bytes.view(), list, Region::kExtentsList));
    if (next.nil) break;
    at = next.extent;
  }
  SVSM_TRY(decoder.Finish(list, Region::kExtentsList));
  return DecodeExtentsList(list.view(), volume.header.num_blocks, out);
}

// Marks what has a place of its own; nothing may be marked twice.
class Claims {
 public:
  explicit Claims(Allocator& allocator) : claimed_(allocator) {}
  Status Init(std::uint64_t num_blocks) { return claimed_.Init(num_blocks); }
  Status Claim(const Bitmap& bitmap, const Extent& extent, Region region) {
    if (!claimed_.AllClear(extent)) return Malformed(region);
    claimed_.Set(extent);
    return bitmap.AllSet(extent) ? OkStatus() : Malformed(Region::kBitmap);
  }

 private:
  Bitmap claimed_;
};

// Calls `visit` with all that has a fixed place, and what it is, while that is kOk.
template <typename Visit>
Status ForEachFixedPlace(const Volume& volume, Visit&& visit) {
  SVSM_TRY(visit(Extent{0, volume.places.end}, Region::kMutableHeader));
  SVSM_TRY(visit(volume.places.journal_head, Region::kJournalHead));
  SVSM_TRY(visit(Extent{volume.header.entry_leaf, volume.layout.index_leaf()}, Region::kEntryLeaf));
  for (const Extent& extent : volume.shape.extents()) SVSM_TRY(visit(extent, Region::kTreeNode));
  for (const Extent& extent : volume.bitmap_extents) SVSM_TRY(visit(extent, Region::kBitmap));
  for (const Extent& extent : volume.aux.extents) SVSM_TRY(visit(extent, Region::kAux));
  return OkStatus();
}

Status CheckFixedPlaces(const Volume& volume) {
  const Bitmap& bitmap = volume.allocation.bitmap();
  RangeSet places(volume.allocator);
  std::uint64_t blocks = 0;
  bool good = true;
  SVSM_TRY(ForEachFixedPlace(volume, [&](const Extent& extent, Region) {
    blocks += extent.count;
    good = good && bitmap.AllSet(extent);
    return places.Add(extent);
  }));
  SVSM_TRY(places.Sort());
  for (const Extent& range : places.ranges()) blocks -= range.count;
  if (good && blocks == 0) return OkStatus();
  // Which of them is the first that is wrong.
  Claims claims(volume.allocator);
  SVSM_TRY(claims.Init(volume.header.num_blocks));
  return ForEachFixedPlace(volume, [&](const Extent& extent, Region region) {
    return claims.Claim(bitmap, extent, region);
  });
}

}  // namespace

std::size_t BitmapBufferBytes(const ImageLayout& layout) {
  std::size_t size = kBitmapReadBytes;
  if (size < layout.data_block_bytes()) size = layout.data_block_bytes();
  if (size < layout.bitmap_block_bytes()) size = layout.bitmap_block_bytes();
  return size;
}

std::size_t TreeCacheNodes(const ImageLayout& layout) {
  return kTreeCacheBytes / layout.tree_node_bytes();
}

Result<EntryPointers> LoadEntryLeaf(Volume& volume) {
  const ImageLayout& layout = volume.layout;
  Vec<std::uint8_t> block(volume.allocator);
  SVSM_TRY(block.Resize(layout.index_leaf_bytes()));
  SVSM_TRY(volume.view->Read(volume.header.entry_leaf, block.view()));
  Bytes<6> context{};
  wire::Writer w(context);
  w.Be16(TcgId(layout.cipher));
  w.Be16(layout.key_bits);
  w.U8(0);
  w.U8(kIndexNodeSubject);
  const ByteView parts[] = {block.view(), context};
  Bytes<crypto::kMaxDigestSize> computed{};
  const ByteView expected = volume.header.entry_leaf_digest_view(layout);
  const ByteSpan used = ByteSpan(computed).first(expected.size());
  SVSM_TRY(volume.entry_leaf_hmac->Compute(parts, used));
  if (!ConstantTimeEqual(used, expected)) return AuthFailed(Region::kEntryLeaf);

  const ByteSpan payload = ByteSpan(block.view()).subspan(crypto::kCipherBlockSize);
  SVSM_TRY(DecryptBlock(*volume.index_cipher, block.view(), payload));
  if (!LeafNode::Check(payload).ok()) return Malformed(Region::kEntryLeaf);
  const LeafNode leaf(payload);
  EntryPointers pointers;
  SVSM_ASSIGN_OR_RETURN(pointers.tree, PointerOf(leaf, kTreeInode));
  SVSM_ASSIGN_OR_RETURN(pointers.bitmap, PointerOf(leaf, kBitmapInode));
  SVSM_TRY(PointerOf(leaf, kIndexRootInode).status());
  return pointers;
}

Status LoadTaggedExtents(Volume& volume, std::uint64_t inode, const ExtentPointer& pointer,
                         Vec<Extent>& out, Vec<Extent>* chain) {
  out.Clear();
  if (!pointer.indirect) {
    if (!Fits(volume, pointer.extent)) return Malformed(Region::kEntryLeaf);
    return out.PushBack(pointer.extent);
  }
  SVSM_ASSIGN_OR_RETURN(const OwnedCipher cipher,
                        volume.keys.NewCipher(inode, Subdomain::kExtentsList));
  SVSM_ASSIGN_OR_RETURN(const OwnedHmac hmac,
                        volume.keys.NewHmac(KeyPurpose::kPreauth, inode, Subdomain::kExtentsList));
  const Bytes<10> data = ListAssociatedData(inode);
  ChainDecoder decoder(ListChainFormat(volume.layout, inode), *cipher, &*hmac, data);
  ChainSource source(volume, false);
  return ReadList(volume, pointer.extent, decoder, source, out, chain);
}

Status SetUpTree(Volume& volume, std::span<const Extent> tree, std::span<const Extent> bitmap) {
  SVSM_TRY(volume.shape.Init(volume.layout, tree, volume.header.num_blocks));
  volume.bitmap_extents.Clear();
  SVSM_TRY(volume.bitmap_extents.Append(bitmap));
  const std::uint64_t unit = volume.layout.data_block();
  const std::uint64_t file_block = volume.layout.bitmap_block();
  std::uint64_t file_blocks = 0;
  for (const Extent& extent : bitmap) {
    if (!Fits(volume, extent) || ((extent.first | extent.count) & (unit - 1)) != 0 ||
        (extent.count & (file_block - 1)) != 0 || volume.shape.TouchesTree(extent)) {
      return Malformed(Region::kBitmap);
    }
    file_blocks += extent.count / file_block;
  }
  if (file_blocks <
      Bitmap::FileBlocks(volume.header.num_blocks, volume.layout.bitmap_words_per_block())) {
    return Malformed(Region::kBitmap);
  }
  SVSM_TRY(volume.digests.ImageContext(
      volume.header.entry_leaf, volume.header.num_blocks, tree, bitmap, volume.allocator,
      ByteSpan(volume.image_context).first(volume.digests.root_digest_bytes())));
  return volume.tree.Init(volume.layout, volume.shape, volume.digests, *volume.view,
                          TreeCacheNodes(volume.layout));
}

Status LoadUntracked(Volume& volume, const std::uint64_t (&aux_heads)[2]) {
  SVSM_TRY(
      FindAuxExtents(*volume.view, volume.layout, volume.header.num_blocks, aux_heads, volume.aux));
  volume.allocation.ClearUntracked();
  SVSM_TRY(volume.allocation.AddUntracked({0, volume.places.end}));
  SVSM_TRY(volume.allocation.AddUntracked(volume.places.journal_head));
  for (const Extent& extent : volume.aux.extents) {
    if (volume.shape.TouchesTree(extent)) return Malformed(Region::kAux);
    SVSM_TRY(volume.allocation.AddUntracked(extent));
  }
  return OkStatus();
}

Status LoadBitmap(Volume& volume) {
  const ImageLayout& layout = volume.layout;
  Bitmap& bitmap = volume.allocation.bitmap();
  SVSM_TRY(bitmap.Init(volume.header.num_blocks));
  const std::size_t file_block = layout.bitmap_block_bytes();
  const std::size_t words = layout.bitmap_words_per_block();
  const std::uint64_t needed = Bitmap::FileBlocks(volume.header.num_blocks, words);
  {
    Vec<std::uint8_t> buffer(volume.allocator);
    SVSM_TRY(buffer.Resize(BitmapBufferBytes(layout)));
    const std::uint64_t most = buffer.size() / layout.allocation_block_bytes();
    std::uint64_t index = 0;
    for (const Extent& extent : volume.bitmap_extents) {
      std::uint64_t count = 0;
      for (std::uint64_t first = extent.first; first < extent.end() && index < needed;
           first += count) {
        count = extent.end() - first < most ? extent.end() - first : most;
        const ByteSpan run =
            ByteSpan(buffer.view())
                .first(static_cast<std::size_t>(count) * layout.allocation_block_bytes());
        SVSM_TRY(volume.view->Read(first, run));
        SVSM_TRY(volume.tree.CheckAllocatedData(first, run));
        // As one stream: each block's IV is what stands before its first block of the cipher.
        const ByteSpan stream = run.subspan(crypto::kCipherBlockSize);
        SVSM_TRY(volume.bitmap_cipher->DecryptCbc(run.first<crypto::kCipherBlockSize>(), stream,
                                                  stream));
        for (std::size_t at = 0; at < run.size() && index < needed; at += file_block) {
          SVSM_TRY(bitmap.Decode(index++, words,
                                 run.subspan(at, file_block).subspan(crypto::kCipherBlockSize)));
        }
      }
    }
  }
  return CheckFixedPlaces(volume);
}

Status ReadFileExtents(Volume& volume, const IndexEntry& entry, Vec<Extent>& out,
                       Vec<Extent>* chain) {
  out.Clear();
  const Result<ExtentPointer> pointer = DecodeExtentPointer(entry.pointer);
  if (!pointer.ok() || pointer->nil) return Malformed(Region::kExtentsList);
  if (!pointer->indirect) {
    SVSM_TRY(out.PushBack(pointer->extent));
  } else {
    SVSM_ASSIGN_OR_RETURN(const OwnedCipher cipher,
                          volume.keys.NewCipher(entry.inode, Subdomain::kExtentsList));
    ChainDecoder decoder(ListChainFormat(volume.layout, entry.inode), *cipher, nullptr, ByteView());
    ChainSource source(volume, true);
    SVSM_TRY(ReadList(volume, pointer->extent, decoder, source, out, chain));
  }
  for (const Extent& extent : out) {
    if (!Fits(volume, extent) || !volume.allocation.IsTracked(extent) ||
        volume.shape.TouchesTree(extent)) {
      return Malformed(Region::kExtentsList);
    }
  }
  return OkStatus();
}

// Empty if there is none, or no memory for one: it is no more than a help.
NodeCache& VolumeIndexNodes::CacheFor(NodeKind kind) {
  NodeCache& cache = kind == NodeKind::kLeaf ? leaves_ : internals_;
  if (!cache.ready() && keeping_ == Keeping::kNodes && !cache.Init(PayloadSize(kind)).ok()) {
    keeping_ = Keeping::kNothing;
  }
  if (!Equal(counter_, volume_.counter)) {
    leaves_.Clear();
    internals_.Clear();
    counter_ = volume_.counter;
  }
  return cache;
}

Result<ByteView> VolumeIndexNodes::Read(std::uint64_t first, NodeKind kind) {
  NodeCache& cache = CacheFor(kind);
  if (const ByteView kept = cache.Find(first); !kept.empty()) return kept;
  const Extent extent{first, NodeBlocks(kind)};
  const Region region = kind == NodeKind::kLeaf ? Region::kIndexLeaf : Region::kIndexInternal;
  if (!Fits(volume_, extent)) return Malformed(region);
  SVSM_TRY(block_.Resize(PayloadSize(kind) + crypto::kCipherBlockSize));
  SVSM_TRY(volume_.tree.ReadChecked(volume_.allocation, extent, block_.view(), region));
  const ByteSpan payload = ByteSpan(block_.view()).subspan(crypto::kCipherBlockSize);
  SVSM_TRY(DecryptBlock(*volume_.index_cipher, block_.view(), payload));
  SVSM_TRY(CheckNode(payload, kind));
  if (cache.ready()) cache.Put(first, payload);
  return ByteView(payload);
}

void VolumeIndexNodes::Became(const DirtyBlocks& dirty, std::span<const Extent> freed) {
  for (const Extent& extent : freed) {
    leaves_.Drop(extent.first);
    internals_.Drop(extent.first);
  }
  for (const DirtyBlocks::Run& run : dirty.runs()) {
    Refresh(leaves_, NodeKind::kLeaf, run);
    Refresh(internals_, NodeKind::kInternal, run);
  }
  counter_ = volume_.counter;
}

// A node that was written is a run by itself; blocks that had to be written along are as before.
void VolumeIndexNodes::Refresh(NodeCache& cache, NodeKind kind, const DirtyBlocks::Run& run) {
  const ByteSpan kept = cache.Change(run.extent.first);
  if (kept.empty() || run.extent.count != NodeBlocks(kind)) return;
  if (!DecryptBlock(*volume_.index_cipher, run.bytes.view(), kept).ok()) {
    cache.Drop(run.extent.first);
  }
}

Result<ByteSpan> VolumeIndexNodes::Change(std::uint64_t, NodeKind) {
  return Status(Code::kFailedPrecondition, Source::kCocoonfs);
}

Result<IndexNodes::NewNode> VolumeIndexNodes::Create(NodeKind) {
  return Status(Code::kFailedPrecondition, Source::kCocoonfs);
}

Status VolumeIndexNodes::Free(std::uint64_t, NodeKind) {
  return Status(Code::kFailedPrecondition, Source::kCocoonfs);
}

std::size_t VolumeIndexNodes::PayloadSize(NodeKind kind) const {
  return ImageLayout::EncryptedBlockPayload(kind == NodeKind::kLeaf
                                                ? volume_.layout.index_leaf_bytes()
                                                : volume_.layout.index_internal_bytes());
}

std::uint64_t VolumeIndexNodes::NodeBlocks(NodeKind kind) const {
  return kind == NodeKind::kLeaf ? volume_.layout.index_leaf() : volume_.layout.index_internal();
}

}  // namespace svsm::cocoonfs
