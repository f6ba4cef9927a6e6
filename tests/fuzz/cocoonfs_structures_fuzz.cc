// One structure of an image, as if it had been authentic. The first byte says which.
#include <cstdlib>

#include "cocoonfs/chained_extents.h"
#include "cocoonfs/creation_header.h"
#include "cocoonfs/encrypted_extents.h"
#include "cocoonfs/extents_list.h"
#include "cocoonfs/image_header.h"
#include "cocoonfs/index_node.h"
#include "cocoonfs/integrity.h"
#include "cocoonfs/journal_log.h"
#include "cocoonfs/tree_shape.h"
#include "svsm/cocoonfs/aux_metadata.h"
#include "svsm/core/hosted.h"
#include "tests/cocoonfs/null_symmetric.h"
#include "tests/cocoonfs/reseal.h"
#include "tests/cocoonfs/support.h"

using namespace svsm;            // NOLINT(google-build-using-namespace)
using namespace svsm::cocoonfs;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::uint64_t kBlocks = 4096;

void Require(bool condition) {
  if (!condition) std::abort();
}

// What decodes encodes to the same bytes.
void FuzzStaticHeader(ByteView in) {
  ByteVector bytes(in.begin(), in.end());
  Reseal(bytes);
  if (bytes.size() < kMinHeaderBytes) return;
  const ByteVector sealed = bytes;
  const Result<StaticHeader> header = DecodeStaticHeader(bytes);
  if (!header.ok()) return;
  ByteVector again(StaticHeaderBytes(header->layout, header->salt.size));
  Require(EncodeStaticHeader(*header, again).ok() && again == sealed);
}

void FuzzCreationHeader(ByteView in) {
  ByteVector bytes(in.begin(), in.end());
  Reseal(bytes);
  if (bytes.size() < kMinHeaderBytes) return;
  const ByteVector sealed = bytes;
  const Result<CreationHeader> header = DecodeCreationHeader(bytes);
  if (!header.ok()) return;
  ByteVector again(CreationHeaderBytes(header->layout, header->salt.size));
  Require(EncodeCreationHeader(*header, again).ok() && again == sealed);
}

void FuzzMutableHeader(ByteView in) {
  const ImageLayout layout;
  if (in.size() < MutableHeaderBytes(layout)) return;
  const Result<MutableHeader> header = DecodeMutableHeader(layout, in);
  if (!header.ok()) return;
  ByteVector again(MutableHeaderBytes(layout));
  EncodeMutableHeader(layout, *header, again);
  Require(Equal(again, in.first(again.size())));
}

void FuzzJournalLog(ByteView in, Allocator& allocator) {
  const JournalLogShape shape{kBlocks, 2, 2, 32, 32};
  JournalLog log(allocator);
  FragmentsSubject subject;
  if (!DecodeJournalLog(in, shape, log, subject).ok()) return;
  Vec<std::uint8_t> again(allocator);
  EncodedLog encoded;
  Require(EncodeJournalLog(log, shape, again, encoded).ok());
  Require(Equal(again.view(), in));
}

void FuzzExtentsList(ByteView in, Allocator& allocator) {
  Vec<Extent> extents(allocator);
  if (!DecodeExtentsList(in, kBlocks, extents).ok()) return;
  for (const Extent& extent : extents) {
    Require(extent.count != 0 && extent.first < kBlocks && extent.end() <= kBlocks);
  }
  Vec<std::uint8_t> again(allocator);
  Require(EncodeExtentsList(extents.view(), again).ok() && Equal(again.view(), in));
  TreeShape shape(allocator);
  if (!shape.Init(ImageLayout(), extents.view(), kBlocks).ok()) return;
  for (std::uint64_t i = 0; i < shape.num_data_blocks(); ++i) {
    const std::uint64_t position = shape.DataPosition(i);
    Require(position < kBlocks && !shape.IsTree(position) && shape.DataIndex(position) == i);
  }
}

void FuzzLeaf(ByteView in) {
  ByteVector bytes(in.begin(), in.end());
  if (bytes.size() < 112 || !LeafNode::Check(bytes).ok()) return;
  LeafNode leaf(bytes);
  for (std::size_t i = 0; i < leaf.count(); ++i) Require(leaf.LowerBound(leaf.key(i)) == i);
}

void FuzzInternal(ByteView in) {
  ByteVector bytes(in.begin(), in.end());
  if (bytes.size() < 112 || !InternalNode::Check(bytes, 0).ok()) return;
  InternalNode node(bytes);
  for (std::size_t i = 0; i < node.count(); ++i) Require(node.ChildFor(node.key(i)) == i + 1);
}

void FuzzAux(ByteView in, Allocator& allocator) {
  AuxMetadata aux(allocator);
  if (!aux.Decode(in).ok()) return;
  ByteVector again(aux.encoded_size());
  Require(aux.Encode(again).ok() && Equal(again, in.first(again.size())));
}

void FuzzChain(ByteView in, Allocator& allocator) {
  NullCipher cipher;
  ChainDecoder decoder(ListChainFormat(ImageLayout(), 16), cipher, nullptr, ByteView());
  Vec<std::uint8_t> out(allocator);
  while (!in.empty()) {
    const ByteView extent = in.size() < 128 ? in : in.first(128);
    const Result<ExtentPointer> next = decoder.Next(extent, out, Region::kExtentsList);
    if (!next.ok()) return;
    in = in.subspan(extent.size());
    if (next->nil) break;
  }
  (void)decoder.Finish(out, Region::kExtentsList);
}

void FuzzPadding(ByteView in) {
  const ByteView whole = in.first(in.size() & ~std::size_t{15});
  const Result<std::uint64_t> size = PaddingFinder::Feed(whole, 0);
  Require(!size.ok() || *size == PaddingFinder::kNotYet || *size < whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 65536) return 0;
  const ByteView in = ByteView(data, size).subspan(1);
  TestAllocator allocator;
  switch (data[0] % 10) {
    case 0:
      FuzzStaticHeader(in);
      break;
    case 1:
      FuzzCreationHeader(in);
      break;
    case 2:
      FuzzMutableHeader(in);
      break;
    case 3:
      FuzzJournalLog(in, allocator);
      break;
    case 4:
      FuzzExtentsList(in, allocator);
      break;
    case 5:
      FuzzLeaf(in);
      break;
    case 6:
      FuzzInternal(in);
      break;
    case 7:
      FuzzAux(in, allocator);
      break;
    case 8:
      FuzzChain(in, allocator);
      break;
    default:
      FuzzPadding(in);
  }
  return 0;
}
