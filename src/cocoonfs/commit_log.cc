// The journal of a commit: its log, and the chain of extents that the log lies in.
#include "cocoonfs/chained_extents.h"
#include "cocoonfs/commit_builder.h"
#include "cocoonfs/integrity.h"
#include "cocoonfs/journal_head.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::uint8_t kFragmentsTag = 3;
constexpr std::uint8_t kJournalFieldSubject = 7;

}  // namespace

Status CommitKeys::Load(KeySet& keys, crypto::Rng& rng) {
  if (fragments_hmac) return OkStatus();
  SVSM_TRY(filler_.Init(keys.symmetric(), keys.layout(), rng, keys.allocator()));
  SVSM_ASSIGN_OR_RETURN(journal_cipher, keys.NewCipher(kJournalInode, Subdomain::kData));
  SVSM_ASSIGN_OR_RETURN(journal_hmac,
                        keys.NewHmac(KeyPurpose::kPreauth, kJournalInode, Subdomain::kData));
  SVSM_ASSIGN_OR_RETURN(fragments_hmac,
                        keys.NewHmac(KeyPurpose::kPreauth, kBitmapInode, Subdomain::kData));
  return OkStatus();
}

Status CommitKeys::FillFree(ByteSpan out) {
  if (out.size() > fill_.size()) return filler_.Fill(out);
  if (out.size() > fill_left_) {
    fill_left_ = 0;
    SVSM_TRY(filler_.Fill(fill_));
    fill_left_ = fill_.size();
  }
  Copy(out, ByteView(fill_).last(fill_left_).first(out.size()));
  fill_left_ -= out.size();
  return OkStatus();
}

// Who replays the log makes each changed leaf of the tree anew, whole, from the data below it, and
// must know what of that is allocated. These are the digests of the parts of the bitmap that say
// so.
Status CommitBuilder::MakeFragments() {
  const TreeShape& shape = volume_.shape;
  const std::uint64_t per_file_block =
      static_cast<std::uint64_t>(layout_.bitmap_words_per_block()) * 64;
  const std::uint64_t num_file_blocks = NumBitmapBlocks();
  RangeSet file_blocks(volume_.allocator);
  for (const TreeNode& node : commit_.tree.nodes().view()) {
    if (node.level != 0) continue;
    const std::uint64_t first = node.index << shape.fanout_log2(0);
    const std::uint64_t end = first + shape.entries(0);
    for (std::uint64_t i = first; i < end;) {
      const std::uint64_t position = shape.DataPosition(i);
      // All that are left, unless the tree lies between them.
      std::uint64_t count = end - i;
      if (shape.DataPosition(end - 1) - position != (count - 1) * layout_.data_block()) count = 1;
      i += count;
      // The last leaf may reach beyond the image, and the bitmap's file with it.
      const std::uint64_t from = position / per_file_block;
      std::uint64_t to = (position + count * layout_.data_block() - 1) / per_file_block;
      if (to >= num_file_blocks) to = num_file_blocks - 1;
      if (from <= to) SVSM_TRY(file_blocks.Add({from, to - from + 1}));
    }
  }
  SVSM_TRY(file_blocks.Sort());
  return AddFragments(file_blocks);
}

Status CommitBuilder::AddFragments(const RangeSet& file_blocks) {
  const TreeShape& shape = volume_.shape;
  RangeSet data_blocks(volume_.allocator);
  for (const Extent& range : file_blocks.ranges()) {
    for (std::uint64_t i = range.first; i < range.end(); ++i) {
      const Extent block{BitmapBlockAt(i), layout_.bitmap_block()};
      const std::uint64_t first = shape.DataIndex(block.first);
      SVSM_TRY(data_blocks.Add({first, shape.DataIndex(block.end() - 1) - first + 1}));
    }
  }
  SVSM_TRY(data_blocks.Sort());
  for (const Extent& range : data_blocks.ranges()) {
    for (std::uint64_t i = range.first; i < range.end(); ++i) SVSM_TRY(AddFragment(i));
  }
  return OkStatus();
}

// Of the data block `index`, as it is after the commit.
Status CommitBuilder::AddFragment(std::uint64_t index) {
  const TreeShape& shape = volume_.shape;
  const std::size_t size = shape.digest_bytes(0);
  SVSM_TRY(commit_.log.fragments.PushBack(shape.DataPosition(index)));
  ByteView digest;
  if (const TreeNode* const leaf = commit_.tree.nodes().Find(0, shape.NodeAbove(0, index));
      leaf != nullptr) {
    digest = ByteView(leaf->digests.view()).subspan(shape.EntryAbove(0, index) * size, size);
  } else {
    SVSM_ASSIGN_OR_RETURN(digest, volume_.tree.DataDigest(index));
  }
  return commit_.log.fragment_digests.Append(digest);
}

Status CommitBuilder::MakeLog(Vec<std::uint8_t>& payload) {
  JournalLog& log = commit_.log;
  SVSM_TRY(log.tree_extents.Append(volume_.shape.extents()));
  SVSM_TRY(log.bitmap_extents.Append(volume_.bitmap_extents.view()));
  if (!options_.trim) {
    // Copies in free blocks shall not be known by their likeness to what they become.
    log.has_disguise = true;
    log.disguise.cipher = TcgId(layout_.cipher);
    log.disguise.key_bits = layout_.key_bits;
    SVSM_TRY(volume_.rng.Generate(log.disguise.key.writable().first(log.disguise.key_size())));
    SVSM_TRY(volume_.rng.Generate(log.disguise.iv_key.writable().first(log.disguise.key_size())));
    SVSM_TRY(keys_.disguise.Init(log.disguise, volume_.keys.symmetric(), volume_.allocator));
  }
  const JournalLogShape shape{
      .num_blocks = volume_.header.num_blocks,
      .io_block_log2 = layout_.io_block_log2,
      .data_block_log2 = layout_.data_block_log2,
      .data_digest_size = volume_.digests.data_digest_bytes(),
      .preauth_digest_size = crypto::DigestSize(layout_.preauth_hash),
  };
  EncodedLog encoded;
  SVSM_TRY(EncodeJournalLog(log, shape, payload, encoded));
  const auto layout = layout_.Encode();
  const Bytes<4> context = {0, kFragmentsTag, 0, kJournalFieldSubject};
  const ByteView parts[] = {layout, encoded.subject.bitmap_list, encoded.subject.records, context};
  return keys_.fragments_hmac->Compute(
      parts, payload.view().subspan(encoded.hmac_offset, shape.preauth_digest_size));
}

Status CommitBuilder::MakeChain(ByteView payload) {
  const ChainFormat format = JournalChainFormat(layout_);
  const Extent head = volume_.places.journal_head;
  const std::uint64_t io = layout_.io_block();
  // Tails for what the head does not hold, and a byte of padding.
  std::size_t held = format.Capacity(head.count, true);
  while (held < payload.size() + 1) {
    const std::size_t left = payload.size() + 1 - held;
    std::uint64_t count = io;
    const std::uint64_t most = kMaxPointerBlocks & ~(io - 1);
    while (count < most && format.Capacity(count, false) < left) count += io;
    const std::size_t kept = commit_.tails.size();
    SVSM_TRY(state_.space().TakeJournal(count, most, commit_.tails));
    for (std::size_t i = kept; i < commit_.tails.size(); ++i) {
      held += format.Capacity(commit_.tails[i].count, false);
    }
  }
  std::uint64_t total = head.count;
  for (const Extent& tail : commit_.tails) total += tail.count;
  const std::size_t block = layout_.allocation_block_bytes();
  SVSM_TRY(commit_.chain.Reserve(static_cast<std::size_t>(total) * block));
  SVSM_TRY(commit_.chain.Resize(static_cast<std::size_t>(total) * block));

  const ByteSpan head_bytes =
      commit_.chain.view().first(static_cast<std::size_t>(head.count) * block);
  EncodeJournalPlainHeader(layout_, commit_.header.aux_heads, head_bytes);
  const auto associated = JournalAssociatedData(layout_);
  ChainEncoder encoder(format, *keys_.journal_cipher, &*keys_.journal_hmac, associated);
  std::size_t at = 0;
  for (std::size_t i = 0; i <= commit_.tails.size(); ++i) {
    const Extent& extent = i == 0 ? head : commit_.tails[i - 1];
    const Extent* const next = i < commit_.tails.size() ? &commit_.tails[i] : nullptr;
    const std::size_t size = static_cast<std::size_t>(extent.count) * block;
    SVSM_ASSIGN_OR_RETURN(
        const std::size_t taken,
        encoder.Next(payload, next, volume_.rng, commit_.chain.view().subspan(at, size)));
    payload = payload.subspan(taken);
    at += size;
  }
  ApplyIntegrity(JournalHeadIntegrity(IntegritySlots(layout_)), head_bytes);
  return OkStatus();
}

}  // namespace svsm::cocoonfs
