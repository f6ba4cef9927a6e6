#include "cocoonfs/journal_replay.h"

#include "cocoonfs/chained_extents.h"
#include "cocoonfs/encrypted_block.h"
#include "cocoonfs/journal_head.h"
#include "cocoonfs/open.h"
#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::uint8_t kFragmentsTag = 3;
constexpr std::uint8_t kJournalFieldSubject = 7;
// Data that is read at once, if that is more than a data block.
constexpr std::size_t kBufferBytes = 16 * 1024;

Status Bad() { return Malformed(Region::kJournalLog); }

bool SameExtents(std::span<const Extent> a, std::span<const Extent> b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!(a[i] == b[i])) return false;
  }
  return true;
}

}  // namespace

Status JournalReplay::ReadLog(ByteView head, Vec<std::uint8_t>& payload) {
  const ImageLayout& layout = volume_.layout;
  const ChainFormat format = JournalChainFormat(layout);
  JournalAuxHeads(layout, head, aux_heads_);
  SVSM_ASSIGN_OR_RETURN(const OwnedCipher cipher,
                        volume_.keys.NewCipher(kJournalInode, Subdomain::kData));
  SVSM_ASSIGN_OR_RETURN(
      const OwnedHmac hmac,
      volume_.keys.NewHmac(KeyPurpose::kPreauth, kJournalInode, Subdomain::kData));
  const auto data = JournalAssociatedData(layout);
  ChainDecoder decoder(format, *cipher, &*hmac, data);
  SVSM_ASSIGN_OR_RETURN(ExtentPointer next, decoder.Next(head, payload, Region::kJournalLog));
  Vec<std::uint8_t> bytes(volume_.allocator);
  const std::uint64_t num_blocks = volume_.device_view.num_blocks();
  std::uint64_t total = 0;
  while (!next.nil) {
    const Extent extent = next.extent;
    total += extent.count;
    if (extent.first < volume_.places.end || extent.first > num_blocks ||
        extent.count > num_blocks - extent.first || total > num_blocks ||
        ((extent.first | extent.count) & (layout.io_block() - 1)) != 0 ||
        extent.Overlaps(volume_.places.journal_head)) {
      return Bad();
    }
    SVSM_TRY(tails_.PushBack(extent));
    SVSM_TRY(
        bytes.Resize(static_cast<std::size_t>(extent.count) * layout.allocation_block_bytes()));
    SVSM_TRY(volume_.device_view.Read(extent.first, bytes.view()));
    SVSM_ASSIGN_OR_RETURN(next, decoder.Next(bytes.view(), payload, Region::kJournalLog));
  }
  return decoder.Finish(payload, Region::kJournalLog);
}

Status JournalReplay::CheckFragmentsTag(const FragmentsSubject& subject) {
  SVSM_ASSIGN_OR_RETURN(const OwnedHmac hmac,
                        volume_.keys.NewHmac(KeyPurpose::kPreauth, kBitmapInode, Subdomain::kData));
  const auto layout = volume_.layout.Encode();
  const Bytes<4> context = {0, kFragmentsTag, 0, kJournalFieldSubject};
  const ByteView parts[] = {layout, subject.bitmap_list, subject.records, context};
  Bytes<crypto::kMaxDigestSize> computed{};
  const ByteSpan used = ByteSpan(computed).first(crypto::DigestSize(volume_.layout.preauth_hash));
  SVSM_TRY(hmac->Compute(parts, used));
  return ConstantTimeEqual(used, ByteView(log_.fragments_hmac).first(used.size()))
             ? OkStatus()
             : AuthFailed(Region::kJournalLog);
}

Status JournalReplay::CheckLog(ByteView payload) {
  JournalLogShape shape;
  shape.num_blocks = volume_.device_view.num_blocks();
  shape.io_block_log2 = volume_.layout.io_block_log2;
  shape.data_block_log2 = volume_.layout.data_block_log2;
  shape.data_digest_size = volume_.digests.data_digest_bytes();
  shape.preauth_digest_size = crypto::DigestSize(volume_.layout.preauth_hash);
  FragmentsSubject subject;
  SVSM_TRY(DecodeJournalLog(payload, shape, log_, subject));
  SVSM_TRY(CheckFragmentsTag(subject));
  return CheckPlaces();
}

// Writes must spare the static header, the journal's head and the tree, which replay makes itself.
Status JournalReplay::CheckPlaces() const {
  const Extent header{0, volume_.places.mutable_header.first};
  for (const ApplyRecord& record : log_.writes) {
    const Extent target{record.target, record.count};
    const Extent source{record.source, record.count};
    for (const Extent& range : {target, source}) {
      if (range.Overlaps(header) || range.Overlaps(volume_.places.journal_head)) return Bad();
      for (const Extent& tree : log_.tree_extents) {
        if (range.Overlaps(tree)) return Bad();
      }
    }
  }
  return OkStatus();
}

bool JournalReplay::HasFragment(std::uint64_t first, std::size_t& hint) const {
  std::size_t low = 0;
  std::size_t high = log_.fragments.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (log_.fragments[middle] < first) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  hint = low;
  return low < log_.fragments.size() && log_.fragments[low] == first;
}

// Checks the data blocks around one block of the bitmap's file against field 3 and takes over its
// words. A block without fragments is left out.
Status JournalReplay::LoadFileBlock(std::uint64_t first, std::uint64_t index, ByteSpan buffer) {
  const ImageLayout& layout = volume_.layout;
  const std::uint64_t unit = layout.data_block();
  const std::uint64_t count = layout.bitmap_block() > unit ? layout.bitmap_block() : unit;
  const std::uint64_t begin = first & ~(unit - 1);
  const std::size_t digest_bytes = volume_.digests.data_digest_bytes();
  Bytes<crypto::kMaxDigestSize> computed{};
  const ByteSpan digest = ByteSpan(computed).first(digest_bytes);
  bool loaded = false;
  for (std::uint64_t at = 0; at < count; at += unit) {
    std::size_t i = 0;
    if (!HasFragment(begin + at, i)) {
      if (loaded) return Bad();  // covered in part
      continue;
    }
    if (at != 0 && !loaded) return Bad();
    if (!loaded) SVSM_TRY(view_.Read(begin, buffer));
    loaded = true;
    const ByteView block = buffer.subspan(
        static_cast<std::size_t>(at) * layout.allocation_block_bytes(), layout.data_block_bytes());
    SVSM_TRY(volume_.digests.DataBlock(volume_.shape.DataIndex(begin + at),
                                       ~std::uint64_t{0} >> (64 - unit), block, digest));
    if (!ConstantTimeEqual(
            digest,
            ByteView(log_.fragment_digests.view()).subspan(i * digest_bytes, digest_bytes))) {
      return AuthFailed(Region::kBitmap);
    }
  }
  if (!loaded) return OkStatus();
  const std::size_t skip =
      static_cast<std::size_t>(first - begin) * layout.allocation_block_bytes();
  const ByteSpan block = buffer.subspan(skip, layout.bitmap_block_bytes());
  const ByteSpan payload = block.subspan(crypto::kCipherBlockSize);
  SVSM_TRY(DecryptBlock(*volume_.bitmap_cipher, block, payload));
  have_.Set({index, 1});
  return volume_.allocation.bitmap().Decode(index, layout.bitmap_words_per_block(), payload);
}

Status JournalReplay::LoadFragments() {
  const ImageLayout& layout = volume_.layout;
  const std::uint64_t needed =
      Bitmap::FileBlocks(volume_.header.num_blocks, layout.bitmap_words_per_block());
  SVSM_TRY(volume_.allocation.bitmap().Init(volume_.header.num_blocks));
  SVSM_TRY(have_.Init(needed));
  const std::size_t file_block = layout.bitmap_block_bytes();
  Vec<std::uint8_t> buffer(volume_.allocator);
  SVSM_TRY(buffer.Resize(layout.data_block_bytes() > file_block ? layout.data_block_bytes()
                                                                : file_block));
  std::uint64_t index = 0;
  for (const Extent& extent : volume_.bitmap_extents) {
    for (std::uint64_t first = extent.first; first < extent.end() && index < needed;
         first += layout.bitmap_block()) {
      SVSM_TRY(LoadFileBlock(first, index++, buffer.view()));
    }
  }
  return OkStatus();
}

// Whether field 3 has authenticated the bits of these blocks.
bool JournalReplay::HasBits(std::uint64_t first, std::uint64_t count) const {
  const std::uint64_t bits = std::uint64_t{64} * volume_.layout.bitmap_words_per_block();
  const std::uint64_t begin = first / bits;
  return have_.AllSet({begin, (first + count - 1) / bits - begin + 1});
}

Status JournalReplay::RebuildLeaf(TreeNode& node, ByteSpan buffer) {
  const TreeShape& shape = volume_.shape;
  const std::size_t block_bytes = volume_.layout.allocation_block_bytes();
  const std::uint64_t unit = volume_.layout.data_block();
  const std::uint64_t base = node.index << shape.fanout_log2(0);
  std::uint64_t end = base + shape.entries(0);
  if (end > shape.num_data_blocks()) end = shape.num_data_blocks();
  const std::size_t digest_bytes = shape.digest_bytes(0);
  Extent loaded;
  TreeDigests::Batch batch(volume_.digests);
  for (std::uint64_t index = base; index < end; ++index) {
    const std::uint64_t first = shape.DataPosition(index);
    const std::uint64_t on_image = volume_.header.num_blocks - first;
    const std::uint64_t count = on_image < unit ? on_image : unit;
    if (!HasBits(first, count)) return Bad();
    const std::uint64_t word = volume_.allocation.Word(first, static_cast<std::uint32_t>(count));
    ByteView data;
    if (word != 0) {
      if (!loaded.Contains(first)) {
        // As many as lie one after the other.
        std::uint64_t run = buffer.size() / block_bytes;
        if (run > (end - index) * unit) run = (end - index) * unit;
        if (run > on_image) run = on_image;
        loaded = Extent{first, run};
        SVSM_TRY(batch.Finish());
        SVSM_TRY(view_.Read(first, buffer.first(static_cast<std::size_t>(run) * block_bytes)));
      }
      data = buffer.subspan(static_cast<std::size_t>(first - loaded.first) * block_bytes,
                            static_cast<std::size_t>(count) * block_bytes);
    }
    const ByteSpan digest =
        ByteSpan(node.digests.view())
            .subspan(static_cast<std::size_t>(index - base) * digest_bytes, digest_bytes);
    SVSM_TRY(batch.Add(index, word, data, digest));
  }
  return batch.Finish();
}

// Children that are not made anew are as the image has them; the root's digest vouches for them
// later.
Status JournalReplay::RebuildInner(TreeNodeSet& nodes, TreeNode& node, ByteSpan buffer) {
  const TreeShape& shape = volume_.shape;
  const std::uint32_t below = node.level - 1;
  const std::uint64_t base = node.index << shape.fanout_log2(node.level);
  std::uint64_t end = base + shape.entries(node.level);
  if (end > shape.NodesInImage(below)) end = shape.NodesInImage(below);
  const std::size_t digest_bytes = shape.digest_bytes(node.level);
  for (std::uint64_t index = base; index < end; ++index) {
    ByteView digests;
    if (const TreeNode* const child = nodes.Find(below, index); child != nullptr) {
      digests = child->digests.view();
    } else {
      SVSM_ASSIGN_OR_RETURN(const std::uint64_t position, shape.NodePosition(below, index));
      SVSM_TRY(volume_.device_view.Read(position, buffer));
      digests = buffer.first(shape.digests_bytes(below));
    }
    const ByteSpan digest =
        ByteSpan(node.digests.view())
            .subspan(static_cast<std::size_t>(index - base) * digest_bytes, digest_bytes);
    SVSM_TRY(volume_.digests.Node(shape.LastIndex(below, index), digests, digest));
  }
  return OkStatus();
}

Status JournalReplay::RebuildTree() {
  const TreeShape& shape = volume_.shape;
  TreeNodeSet nodes(volume_.allocator);
  Vec<std::uint8_t> buffer(volume_.allocator);
  const std::size_t node_bytes = volume_.layout.tree_node_bytes();
  std::size_t size = volume_.layout.data_block_bytes();
  if (size < kBufferBytes) size = kBufferBytes;
  if (size < node_bytes) size = node_bytes;
  SVSM_TRY(buffer.Resize(size));
  for (const Extent& range : log_.digest_ranges) {
    if (range.end() > volume_.header.num_blocks + volume_.layout.data_block() - 1 ||
        range.first >= volume_.header.num_blocks || shape.TouchesTree(range)) {
      return Bad();
    }
    const std::uint64_t last = shape.NodeAbove(0, shape.DataIndex(range.end() - 1));
    for (std::uint64_t leaf = shape.NodeAbove(0, shape.DataIndex(range.first)); leaf <= last;
         ++leaf) {
      if (nodes.Find(0, leaf) != nullptr) continue;
      SVSM_ASSIGN_OR_RETURN(TreeNode* const node, nodes.Add(0, leaf, shape.digests_bytes(0)));
      SVSM_TRY(RebuildLeaf(*node, buffer.view()));
    }
  }
  // Sorted by level: what is added belongs behind.
  for (std::size_t i = 0; i < nodes.view().size(); ++i) {
    const std::uint32_t level = nodes.view()[i].level;
    if (level + 1 == shape.levels()) break;
    const std::uint64_t parent = nodes.view()[i].index >> shape.fanout_log2(level + 1);
    if (nodes.Find(level + 1, parent) != nullptr) continue;
    SVSM_ASSIGN_OR_RETURN(TreeNode* const node,
                          nodes.Add(level + 1, parent, shape.digests_bytes(level + 1)));
    SVSM_TRY(RebuildInner(nodes, *node, ByteSpan(buffer.view()).first(node_bytes)));
  }
  volume_.tree.AdoptMade(std::move(nodes));
  return OkStatus();
}

std::size_t JournalReplay::replay_bytes() const {
  std::uint64_t blocks = volume_.places.journal_head.count;
  for (const Extent& tail : tails_) blocks += tail.count;
  return ReplayBytes(volume_.layout, log_,
                     static_cast<std::size_t>(blocks) * volume_.layout.allocation_block_bytes(),
                     volume_.tree.made().view().size());
}

Status JournalReplay::Load(ByteView head) {
  {
    Vec<std::uint8_t> payload(volume_.allocator);
    SVSM_TRY(ReadLog(head, payload));
    const Status status = CheckLog(payload.view());
    Wipe(payload.view());
    SVSM_TRY(status);
  }
  SVSM_TRY(view_.Init(log_.writes.view(), log_.has_disguise ? &log_.disguise : nullptr,
                      volume_.layout.allocation_block_bytes(), volume_.keys.symmetric(),
                      volume_.allocator));
  volume_.view = &view_;
  SVSM_TRY(LoadMutableHeader(volume_));
  SVSM_TRY(SetUpTree(volume_, log_.tree_extents.view(), log_.bitmap_extents.view()));
  SVSM_TRY(LoadUntracked(volume_, aux_heads_));
  SVSM_TRY(LoadFragments());
  SVSM_TRY(RebuildTree());
  have_ = Bitmap(volume_.allocator);
  SVSM_TRY(volume_.tree.SetRoot(
      volume_.header.root_view(volume_.layout), volume_.header.encrypted_counter,
      ByteView(volume_.image_context).first(volume_.digests.root_digest_bytes())));

  // The entry leaf must say the same as the log.
  SVSM_ASSIGN_OR_RETURN(const EntryPointers pointers, LoadEntryLeaf(volume_));
  Vec<Extent> extents(volume_.allocator);
  SVSM_TRY(LoadTaggedExtents(volume_, kTreeInode, pointers.tree, extents, nullptr));
  if (!SameExtents(extents.view(), log_.tree_extents.view())) return Bad();
  SVSM_TRY(LoadTaggedExtents(volume_, kBitmapInode, pointers.bitmap, extents, nullptr));
  if (!SameExtents(extents.view(), log_.bitmap_extents.view())) return Bad();
  return LoadBitmap(volume_);
}

}  // namespace svsm::cocoonfs
