#include "cocoonfs/image_maker.h"

#include "cocoonfs/aux_ring.h"
#include "cocoonfs/chained_extents.h"
#include "cocoonfs/encrypted_block.h"
#include "cocoonfs/entry_leaf.h"
#include "cocoonfs/extents_list.h"
#include "cocoonfs/fill_stream.h"
#include "cocoonfs/index_node.h"
#include "cocoonfs/tree_builder.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kWriteBufferBytes = 64 * 1024;
constexpr std::uint64_t kProgressBytes = 1024 * 1024;

constexpr Status NoSpace() { return Status(Code::kExhausted, Source::kCocoonfs); }

}  // namespace

// Bytes for blocks that nothing is stored in.
class ImageMaker::Filler {
 public:
  Status Init(FreeSpace free_space, ImageMaker& maker) {
    random_ = free_space == FreeSpace::kRandom;
    return random_
               ? stream_.Init(maker.keys_.symmetric(), maker.layout_, maker.rng_, maker.allocator_)
               : OkStatus();
  }
  Status Fill(ByteSpan out) {
    if (random_) return stream_.Fill(out);
    svsm::Fill(out, 0);
    return OkStatus();
  }

 private:
  FillStream stream_;
  bool random_ = false;
};

Status ImageMaker::Plan(ByteView user_key, const Salt& salt, std::uint64_t num_blocks,
                        const AuxMetadata* aux, const Extent& keep) {
  salt_ = salt;
  aux_ = aux;
  keep_ = keep;
  SVSM_TRY(view_.Init(layout_.allocation_block_log2, layout_.io_block_bytes()));
  if (num_blocks > view_.num_blocks()) {
    return Status(Code::kInvalidArgument, Source::kCocoonfs, kBadSize);
  }
  SVSM_TRY(PlanImage(layout_, salt.size, num_blocks, aux, plan_));
  if (keep.count != 0 && keep.first < plan_.end) return NoSpace();
  SVSM_TRY(writer_.Init(layout_.io_block_bytes(), kWriteBufferBytes));
  SVSM_TRY(keys_.Init(layout_, salt_.view(), user_key));
  SVSM_TRY(digests_.Init(keys_));
  SVSM_TRY(shape_.Init(layout_, {&plan_.tree, 1}, num_blocks));

  Bitmap& bitmap = allocation_.bitmap();
  SVSM_TRY(bitmap.Init(num_blocks));
  bitmap.Set({0, plan_.places.end});
  bitmap.Set(plan_.places.journal_head);
  SVSM_TRY(allocation_.AddUntracked({0, plan_.places.end}));
  SVSM_TRY(allocation_.AddUntracked(plan_.places.journal_head));
  for (const Extent& extent :
       {plan_.entry_leaf, plan_.tree, plan_.bitmap, plan_.tree_list, plan_.bitmap_list}) {
    bitmap.Set(extent);
  }
  for (const Extent& extent : plan_.aux.extents) {
    bitmap.Set(extent);
    SVSM_TRY(allocation_.AddUntracked(extent));
  }
  return OkStatus();
}

Status ImageMaker::MakeEntryLeaf() {
  Vec<std::uint8_t> payload(allocator_);
  SVSM_TRY(payload.Resize(ImageLayout::EncryptedBlockPayload(layout_.index_leaf_bytes())));
  LeafNode leaf(payload.view());
  leaf.Format();
  const auto pointer = [](const Extent& file, const Extent& list) {
    return list.count == 0 ? EncodeExtentPointer(file, false) : EncodeExtentPointer(list, true);
  };
  leaf.Insert(0, {kTreeInode, pointer(plan_.tree, plan_.tree_list), 0});
  leaf.Insert(1, {kBitmapInode, pointer(plan_.bitmap, plan_.bitmap_list), 0});
  leaf.Insert(2, {kIndexRootInode, EncodeExtentPointer(plan_.entry_leaf, false), 0});

  SVSM_ASSIGN_OR_RETURN(const OwnedCipher cipher,
                        keys_.NewCipher(kIndexRootInode, Subdomain::kData));
  SVSM_ASSIGN_OR_RETURN(const ByteSpan block, dirty_.Add(plan_.entry_leaf));
  SVSM_TRY(EncryptBlock(*cipher, rng_, payload.view(), block));
  SVSM_ASSIGN_OR_RETURN(const OwnedHmac hmac,
                        keys_.NewHmac(KeyPurpose::kPreauth, kIndexRootInode, Subdomain::kData));
  header_.entry_leaf = plan_.entry_leaf.first;
  return EntryLeafDigest(*hmac, layout_, block, header_.entry_leaf_digest);
}

Status ImageMaker::MakeBitmap() {
  SVSM_ASSIGN_OR_RETURN(const OwnedCipher cipher, keys_.NewCipher(kBitmapInode, Subdomain::kData));
  SVSM_ASSIGN_OR_RETURN(const ByteSpan file, dirty_.Add(plan_.bitmap));
  Vec<std::uint8_t> payload(allocator_);
  SVSM_TRY(payload.Resize(ImageLayout::EncryptedBlockPayload(layout_.bitmap_block_bytes())));
  const std::size_t block = layout_.bitmap_block_bytes();
  for (std::size_t i = 0; i < file.size() / block; ++i) {
    allocation_.bitmap().Encode(i, layout_.bitmap_words_per_block(), payload.view());
    SVSM_TRY(EncryptBlock(*cipher, rng_, payload.view(), file.subspan(i * block, block)));
  }
  return OkStatus();
}

Status ImageMaker::MakeList(std::uint64_t inode, const Extent& file, const Extent& list) {
  if (list.count == 0) return OkStatus();
  Vec<std::uint8_t> encoded(allocator_);
  SVSM_TRY(EncodeExtentsList({&file, 1}, encoded));
  SVSM_ASSIGN_OR_RETURN(const OwnedCipher cipher, keys_.NewCipher(inode, Subdomain::kExtentsList));
  SVSM_ASSIGN_OR_RETURN(const OwnedHmac hmac,
                        keys_.NewHmac(KeyPurpose::kPreauth, inode, Subdomain::kExtentsList));
  SVSM_ASSIGN_OR_RETURN(const ByteSpan out, dirty_.Add(list));
  const Bytes<10> associated = ListAssociatedData(inode);
  ChainEncoder encoder(ListChainFormat(layout_, inode), *cipher, &*hmac, associated);
  return encoder.Next(encoded.view(), nullptr, rng_, out).status();
}

Status ImageMaker::MakeAux(const AuxMetadata& aux) {
  Vec<std::uint8_t> payload(allocator_);
  SVSM_TRY(payload.Resize(aux.encoded_size()));
  SVSM_TRY(aux.Encode(payload.view()));
  for (std::size_t i = 0; i < plan_.aux.extents.size(); ++i) {
    const bool active = i < plan_.aux.group1;
    SVSM_ASSIGN_OR_RETURN(const ByteSpan out, dirty_.Add(plan_.aux.extents[i]));
    EncodeAuxExtent(layout_, plan_.aux, i, active ? AuxState::kActive : AuxState::kInactive,
                    active ? ByteView(payload.view()) : ByteView(), out);
  }
  AuxHeads(plan_.aux, header_.aux_heads);
  return OkStatus();
}

Status ImageMaker::MakeTree() {
  Bytes<kCounterBytes> counter{};
  SVSM_TRY(rng_.Generate(counter));
  SVSM_ASSIGN_OR_RETURN(const OwnedCipher cipher, keys_.NewCipher(kCounterInode, Subdomain::kData));
  SVSM_TRY(EncryptCounter(*cipher, counter, header_.encrypted_counter));
  Bytes<crypto::kMaxDigestSize> context{};
  const ByteSpan image_context = ByteSpan(context).first(digests_.root_digest_bytes());
  SVSM_TRY(digests_.ImageContext(plan_.entry_leaf.first, plan_.num_blocks, {&plan_.tree, 1},
                                 {&plan_.bitmap, 1}, allocator_, image_context));
  TreeBuilder builder(shape_, digests_, writer_, allocator_);
  SVSM_TRY(builder.Init(layout_.tree_node_bytes()));
  Vec<std::uint8_t> data(allocator_);
  SVSM_TRY(data.Resize(layout_.data_block_bytes()));
  const auto blocks = static_cast<std::uint32_t>(layout_.data_block());
  for (std::uint64_t i = 0; i < shape_.num_data_blocks();) {
    const std::uint64_t first = shape_.DataPosition(i);
    // Free blocks up to the next that is not, or to the end of the image.
    const std::uint64_t end = allocation_.bitmap().Next(first, true);
    std::uint64_t free = (end - first) / blocks;
    if (end == plan_.num_blocks) free = shape_.num_data_blocks() - i;
    if (free != 0) {
      SVSM_TRY(builder.AddFree(free));
      i += free;
      continue;
    }
    const std::uint64_t word = allocation_.Word(first, blocks);
    if (word != 0) dirty_.Overlay(first, data.view());
    SVSM_TRY(builder.Add(word, word != 0 ? ByteView(data.view()) : ByteView()));
    ++i;
  }
  return builder.Finish(header_.encrypted_counter, image_context,
                        ByteSpan(header_.root_digest).first(digests_.root_digest_bytes()));
}

Status ImageMaker::MakeMutableHeader() {
  header_.num_blocks = plan_.num_blocks;
  SVSM_ASSIGN_OR_RETURN(const ByteSpan header, dirty_.Add(plan_.places.mutable_header));
  EncodeMutableHeader(layout_, header_, header);
  return dirty_.Add(plan_.places.journal_head).status();  // zeros: no journal
}

Status ImageMaker::Invalidate() {
  Vec<std::uint8_t> zeros(allocator_);
  SVSM_TRY(zeros.Resize(view_.device_block_bytes()));
  SVSM_TRY(writer_.Put(0, zeros.view()));
  return writer_.Barrier();
}

Status ImageMaker::Make(FreeSpace free_space, FormatProgress* progress) {
  SVSM_TRY(MakeEntryLeaf());
  SVSM_TRY(MakeBitmap());
  SVSM_TRY(MakeList(kTreeInode, plan_.tree, plan_.tree_list));
  SVSM_TRY(MakeList(kBitmapInode, plan_.bitmap, plan_.bitmap_list));
  if (aux_ != nullptr && !plan_.aux.extents.empty()) SVSM_TRY(MakeAux(*aux_));
  SVSM_TRY(MakeTree());
  SVSM_TRY(MakeMutableHeader());
  SVSM_TRY(WriteBlocks(free_space, progress));
  return writer_.Barrier();
}

std::uint64_t ImageMaker::FreeEnd(std::uint64_t at) const {
  std::uint64_t end = plan_.num_blocks;
  const auto limit = [&](std::uint64_t first) {
    if (first >= at && first < end) end = first;
  };
  limit(plan_.tree.first);
  if (keep_.count != 0) limit(keep_.first);
  const std::uint64_t mask = layout_.io_block() - 1;
  for (const DirtyBlocks::Run& run : dirty_.runs()) {
    if (run.extent.end() <= at) continue;
    const std::uint64_t first = run.extent.first & ~mask;
    limit(first < at ? at : first);
    break;
  }
  return end;
}

Status ImageMaker::WriteFree(const Extent& range, FreeSpace free_space, Filler& filler) {
  if (free_space == FreeSpace::kLeave) return OkStatus();
  const std::size_t block = layout_.allocation_block_bytes();
  if (free_space == FreeSpace::kTrim) {
    SVSM_TRY(writer_.Drain());
    const std::size_t unit = view_.device_block_bytes();
    return view_.device().Trim(range.first * block / unit, range.count * block / unit);
  }
  const std::uint64_t most = writer_.buffer_bytes() / block;
  for (std::uint64_t at = range.first; at < range.end();) {
    const std::uint64_t left = range.end() - at;
    const std::uint64_t count = left < most ? left : most;
    SVSM_ASSIGN_OR_RETURN(const ByteSpan out,
                          writer_.Reserve(at, static_cast<std::size_t>(count) * block));
    SVSM_TRY(filler.Fill(out));
    at += count;
  }
  return OkStatus();
}

Status ImageMaker::WriteBlocks(FreeSpace free_space, FormatProgress* progress) {
  Filler filler;
  SVSM_TRY(filler.Init(free_space, *this));
  const std::uint64_t block = layout_.allocation_block_bytes();
  std::uint64_t reported = 0;
  for (std::uint64_t at = plan_.static_header.end(); at < plan_.num_blocks;) {
    if (plan_.tree.Contains(at)) {
      at = plan_.tree.end();
    } else if (keep_.Contains(at)) {
      at = keep_.end();
    } else if (const std::uint64_t free_end = FreeEnd(at); free_end != at) {
      const std::uint64_t step = kProgressBytes / block + layout_.io_block();
      const std::uint64_t most = at + (step & ~(layout_.io_block() - 1));
      const std::uint64_t end = free_end < most ? free_end : most;
      SVSM_TRY(WriteFree({at, end - at}, free_space, filler));
      at = end;
    } else {
      SVSM_ASSIGN_OR_RETURN(const ByteSpan out, writer_.Reserve(at, layout_.io_block_bytes()));
      SVSM_TRY(filler.Fill(out));
      dirty_.Overlay(at, out);
      at += layout_.io_block();
    }
    if (progress != nullptr && (at - reported) * block >= kProgressBytes) {
      reported = at;
      SVSM_TRY(progress->OnProgress(at * block, plan_.num_blocks * block));
    }
  }
  if (progress == nullptr) return OkStatus();
  return progress->OnProgress(plan_.num_blocks * block, plan_.num_blocks * block);
}

Status ImageMaker::WriteHeader() {
  Vec<std::uint8_t> bytes(allocator_);
  SVSM_TRY(bytes.Resize(StaticHeaderBytes(layout_, salt_.size)));
  SVSM_TRY(EncodeStaticHeader({layout_, salt_}, bytes.view()));
  const std::size_t head = view_.head_bytes();
  if (bytes.size() > head) {
    SVSM_TRY(writer_.Put(head / view_.block_bytes(), ByteView(bytes.view()).subspan(head)));
    SVSM_TRY(writer_.Barrier());
  }
  SVSM_TRY(writer_.Put(0, ByteView(bytes.view()).first(head)));
  return writer_.Flush();
}

Status ImageMaker::DropBackup(const Extent& backup, FreeSpace free_space) {
  Filler filler;
  SVSM_TRY(filler.Init(free_space, *this));
  const std::size_t head = view_.head_bytes();
  SVSM_ASSIGN_OR_RETURN(const ByteSpan zeros, writer_.Reserve(backup.first, head));
  svsm::Fill(zeros, 0);
  SVSM_TRY(writer_.Barrier());
  if (keep_.first < plan_.num_blocks) {
    const std::uint64_t left = plan_.num_blocks - keep_.first;
    const Extent range{keep_.first, keep_.count < left ? keep_.count : left};
    SVSM_TRY(WriteFree(range, free_space, filler));
  }
  return writer_.Flush();
}

}  // namespace svsm::cocoonfs
