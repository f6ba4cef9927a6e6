#include "cocoonfs/tree_digests.h"

#include <bit>

#include "cocoonfs/extents_list.h"
#include "cocoonfs/index_node.h"
#include "svsm/core/wire.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::uint8_t kContextVersion = 0;
constexpr std::uint8_t kImageContext = 1;
constexpr std::uint8_t kRootNode = 2;
constexpr std::uint8_t kDescendantNode = 3;
constexpr std::uint8_t kDataBlock = 4;
constexpr std::size_t kMaxRuns = 32;  // of set bits in a word

constexpr auto kMagic = Ascii("COCOONFS");

}  // namespace

Status TreeDigests::Init(KeySet& keys) {
  layout_ = keys.layout();
  symmetric_ = &keys.symmetric();
  SVSM_ASSIGN_OR_RETURN(data_, keys.NewHmac(KeyPurpose::kAuthData, kTreeInode, Subdomain::kNone));
  SVSM_ASSIGN_OR_RETURN(root_, keys.NewHmac(KeyPurpose::kAuthRoot, kTreeInode, Subdomain::kNone));
  SVSM_ASSIGN_OR_RETURN(node_, keys.symmetric().FindHash(layout_.node_hash));
  return OkStatus();
}

// Made for every block that is read, so field by field into its place, without a call. The barrier
// keeps the compiler from gathering two fields on the stack, which the processor would wait for.
void TreeDigests::PutDataContext(std::uint64_t index, std::uint64_t word,
                                 FixedSpan<kDataContextBytes> out) {
  const wire::Le64 fields[] = {wire::Le64(word), wire::Le64(index)};
  __builtin_memcpy(&out[0], &fields[0], sizeof(wire::Le64));
  asm volatile("" : : : "memory");
  __builtin_memcpy(&out[8], &fields[1], sizeof(wire::Le64));
  out[16] = kContextVersion;
  out[17] = kDataBlock;
}

ByteView TreeDigests::FirstRun(std::uint64_t word, ByteView data) const {
  return data.first(static_cast<std::size_t>(std::countr_one(word)) *
                    layout_.allocation_block_bytes());
}

Status TreeDigests::DataBlock(std::uint64_t index, std::uint64_t word, ByteView data,
                              ByteSpan out) {
  Bytes<kDataContextBytes> context;
  PutDataContext(index, word, context);
  if (IsOneRun(word)) {
    const ByteView two[] = {FirstRun(word, data), context};
    return data_->Compute(two, out);
  }
  ByteView parts[kMaxRuns + 1];
  std::size_t count = 0;
  const std::size_t block = layout_.allocation_block_bytes();
  std::uint64_t left = word;
  std::size_t at = 0;
  while (left != 0) {
    const auto skip = static_cast<std::size_t>(std::countr_zero(left));
    left >>= skip;
    at += skip;
    const auto run = static_cast<std::size_t>(std::countr_one(left));
    parts[count++] = data.subspan(at * block, run * block);
    left = run == 64 ? 0 : left >> run;
    at += run;
  }
  parts[count++] = context;
  return data_->Compute({parts, count}, out);
}

Status TreeDigests::Batch::Add(std::uint64_t index, std::uint64_t word, ByteView data,
                               ByteSpan out) {
  if (!IsOneRun(word)) return digests_.DataBlock(index, word, data, out);
  if (size_ == kMost) SVSM_TRY(Finish());
  PutDataContext(index, word, contexts_[size_]);
  parts_[size_][0] = digests_.FirstRun(word, data);
  parts_[size_][1] = contexts_[size_];
  const std::span<const ByteView> parts = parts_[size_];
  messages_[size_] = {word == 0 ? parts.last(1) : parts, out};
  ++size_;
  return OkStatus();
}

Status TreeDigests::Batch::Finish() {
  const std::size_t size = size_;
  size_ = 0;
  return digests_.data_->ComputeMany({messages_, size});
}

Status TreeDigests::FreeBlocks(std::uint64_t index, ByteSpan out) {
  const std::size_t size = data_digest_bytes();
  Bytes<kDataContextBytes> contexts[Batch::kMost];
  ByteView parts[Batch::kMost];
  crypto::HmacMessage messages[Batch::kMost];
  while (!out.empty()) {
    std::size_t count = 0;
    for (; count < Batch::kMost && !out.empty(); ++count) {
      PutDataContext(index++, 0, contexts[count]);
      parts[count] = contexts[count];
      messages[count] = {{&parts[count], 1}, out.first(size)};
      out = out.subspan(size);
    }
    SVSM_TRY(data_->ComputeMany({messages, count}));
  }
  return OkStatus();
}

Status TreeDigests::BlocksWhileEncrypting(std::uint64_t index, ByteView data, ByteSpan digests,
                                          crypto::BlockCipher& cipher,
                                          FixedView<crypto::kCipherBlockSize> iv, ByteView in,
                                          ByteSpan out) {
  const std::size_t size = data_digest_bytes();
  const std::size_t unit = layout_.data_block_bytes();
  const std::uint64_t all = ~std::uint64_t{0} >> (64 - layout_.data_block());
  Bytes<kDataContextBytes> contexts[kMostWhileEncrypting];
  ByteView parts[kMostWhileEncrypting][2];
  crypto::HmacMessage messages[kMostWhileEncrypting];
  std::size_t count = 0;
  for (; !data.empty(); data = data.subspan(unit), digests = digests.subspan(size)) {
    PutDataContext(index + count, all, contexts[count]);
    parts[count][0] = data.first(unit);
    parts[count][1] = contexts[count];
    messages[count] = {parts[count], digests.first(size)};
    ++count;
  }
  return symmetric_->EncryptCbcAndMac(cipher, iv, in, out, *data_, {messages, count});
}

Bytes<10> TreeDigests::NodeContext(std::uint64_t last_index) {
  Bytes<10> context{};
  wire::Writer w(context);
  w.Le64(last_index);
  w.U8(kContextVersion);
  w.U8(kDescendantNode);
  return context;
}

Status TreeDigests::Node(std::uint64_t last_index, ByteView digests, ByteSpan out) const {
  const Bytes<10> context = NodeContext(last_index);
  const ByteView parts[] = {digests, context};
  return node_->Digest(parts, out);
}

Status TreeDigests::TwoNodes(const NodeInput& a, const NodeInput& b) const {
  const Bytes<10> contexts[] = {NodeContext(a.last_index), NodeContext(b.last_index)};
  const ByteView parts_a[] = {a.digests, contexts[0]};
  const ByteView parts_b[] = {b.digests, contexts[1]};
  const crypto::HashMessage messages[] = {{parts_a, a.out}, {parts_b, b.out}};
  return node_->DigestMany(messages);
}

Status TreeDigests::Root(std::uint64_t last_index, ByteView digests, ByteView encrypted_counter,
                         ByteView image_context, ByteSpan out) {
  Bytes<8> last{};
  wire::Writer w(last);
  w.Le64(last_index);
  const Bytes<2> suffix = {kContextVersion, kRootNode};
  const ByteView parts[] = {digests, last, encrypted_counter, image_context, suffix};
  return root_->Compute(parts, out);
}

Status TreeDigests::ImageContext(std::uint64_t entry_leaf, std::uint64_t num_blocks,
                                 std::span<const Extent> tree, std::span<const Extent> bitmap,
                                 Allocator& allocator, ByteSpan out) {
  Vec<std::uint8_t> lists(allocator);
  SVSM_TRY(EncodeExtentsList(tree, lists));
  SVSM_TRY(EncodeExtentsList(bitmap, lists));
  Bytes<kMagic.size() + 1 + ImageLayout::kEncodedSize + 16> fixed{};
  wire::Writer w(fixed);
  w.Put(kMagic);
  w.U8(kFormatVersion);
  w.Put(layout_.Encode());
  w.Le64(EncodeBlockPointer(entry_leaf));
  w.Le64(num_blocks);
  const Bytes<2> suffix = {kContextVersion, kImageContext};
  const ByteView parts[] = {fixed, lists.view(), suffix};
  return root_->Compute(parts, out);
}

}  // namespace svsm::cocoonfs
