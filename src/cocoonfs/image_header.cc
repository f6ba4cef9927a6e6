#include "cocoonfs/image_header.h"

#include "cocoonfs/chained_extents.h"
#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

constexpr Bytes<kMagicBytes> kMagic = Ascii("COCOONFS");
// Magic, version, layout, size of the salt.
constexpr std::size_t kFixedBytes = kMagicBytes + 1 + ImageLayout::kEncodedSize + 1;
static_assert(StaticHeaderIntegrity(0).section == kFixedBytes);

std::size_t SaltOffset(const ImageLayout& layout) {
  return kFixedBytes + IntegritySectionBytes(IntegritySlots(layout));
}

// The fixed part, after the mask is off.
Result<StaticHeader> DecodeFixed(ByteView bytes) {
  StaticHeader header;
  wire::Reader r(bytes);
  r.Skip(kMagicBytes);
  const std::uint8_t version = r.U8();
  if (version != kFormatVersion) return Status(Code::kUnsupported, Source::kCocoonfs, version);
  const ByteView layout = r.Take(ImageLayout::kEncodedSize);
  header.salt.size = r.U8();
  SVSM_TRY(r.status());
  SVSM_ASSIGN_OR_RETURN(header.layout,
                        ImageLayout::Decode(layout.first<ImageLayout::kEncodedSize>()));
  return header;
}

}  // namespace

std::size_t StaticHeaderBytes(const ImageLayout& layout, std::size_t salt_size) {
  const std::size_t io_block = layout.io_block_bytes();
  return (SaltOffset(layout) + salt_size + io_block - 1) & ~(io_block - 1);
}

Result<StaticHeader> PeekStaticHeader(ByteView head) {
  Bytes<kMinHeaderBytes> copy{};
  Copy(copy, head.first(kMinHeaderBytes));
  if (!Equal(ByteView(copy).first(kMagicBytes), kMagic) ||
      !RemoveHeadIntegrity(StaticHeaderIntegrity(0), copy)) {
    return Status(Code::kDataLoss, Source::kCocoonfs);
  }
  return DecodeFixed(copy);
}

Result<StaticHeader> DecodeStaticHeader(ByteSpan bytes) {
  SVSM_ASSIGN_OR_RETURN(const StaticHeader peek, PeekStaticHeader(bytes));
  if (bytes.size() != StaticHeaderBytes(peek.layout, peek.salt.size) ||
      !RemoveIntegrity(StaticHeaderIntegrity(IntegritySlots(peek.layout)), bytes)) {
    return Status(Code::kDataLoss, Source::kCocoonfs);
  }
  SVSM_ASSIGN_OR_RETURN(StaticHeader header, DecodeFixed(bytes));
  const std::size_t salt = SaltOffset(header.layout);
  Copy(header.salt.bytes, bytes.subspan(salt, header.salt.size));
  if (!IsZero(bytes.subspan(salt + header.salt.size))) return Malformed(Region::kStaticHeader);
  return header;
}

Status EncodeStaticHeader(const StaticHeader& header, ByteSpan out) {
  wire::Writer w(out);
  w.Put(kMagic);
  w.U8(kFormatVersion);
  w.Put(header.layout.Encode());
  w.U8(header.salt.size);
  w.Zeros(SaltOffset(header.layout) - w.size());
  w.Put(header.salt.view());
  w.Zeros(StaticHeaderBytes(header.layout, header.salt.size) - w.size());
  SVSM_TRY(w.Finish().status());
  ApplyIntegrity(StaticHeaderIntegrity(IntegritySlots(header.layout)), out.first(w.size()));
  return OkStatus();
}

Result<HeaderPlaces> PlacesOf(const ImageLayout& layout, std::size_t salt_size) {
  HeaderPlaces places;
  places.mutable_header.first = layout.BlocksFor(StaticHeaderBytes(layout, salt_size));
  places.mutable_header.count = layout.BlocksFor(MutableHeaderBytes(layout));
  places.end = places.mutable_header.end();
  const std::uint64_t unit = layout.journal_block();
  places.journal_head.first = (places.end + unit - 1) & ~(unit - 1);
  // Room for the headers and one pointer.
  const ChainFormat chain = JournalChainFormat(layout);
  const std::size_t least = chain.plain_header_bytes + chain.tag_bytes + crypto::kCipherBlockSize +
                            crypto::kCipherBlockSize;
  places.journal_head.count = (layout.BlocksFor(least) + unit - 1) & ~(unit - 1);
  if (places.journal_head.count > kMaxPointerBlocks) {
    return Status(Code::kUnsupported, Source::kCocoonfs,
                  static_cast<std::uint32_t>(Region::kJournalHead));
  }
  return places;
}

std::size_t MutableHeaderBytes(const ImageLayout& layout) {
  return 16 + crypto::DigestSize(layout.root_hash) + kCounterBytes +
         crypto::DigestSize(layout.preauth_hash) + 16;
}

Result<MutableHeader> DecodeMutableHeader(const ImageLayout& layout, ByteView in) {
  MutableHeader header;
  wire::Reader r(in.first(MutableHeaderBytes(layout)));
  header.aux_heads[0] = r.Le64();
  header.aux_heads[1] = r.Le64();
  r.CopyTo(ByteSpan(header.root_digest).first(crypto::DigestSize(layout.root_hash)));
  r.CopyTo(header.encrypted_counter);
  r.CopyTo(ByteSpan(header.entry_leaf_digest).first(crypto::DigestSize(layout.preauth_hash)));
  const Result<std::uint64_t> entry_leaf = DecodeBlockPointer(r.Le64());
  header.num_blocks = r.Le64();
  SVSM_TRY(r.Finish());
  if (!entry_leaf.ok() || *entry_leaf == kNilPointer) return Malformed(Region::kMutableHeader);
  header.entry_leaf = *entry_leaf;
  if (header.num_blocks > kMaxPosition || (header.num_blocks & (layout.io_block() - 1)) != 0 ||
      header.num_blocks < layout.index_leaf() ||
      header.entry_leaf > header.num_blocks - layout.index_leaf()) {
    return Malformed(Region::kMutableHeader);
  }
  return header;
}

void EncodeMutableHeader(const ImageLayout& layout, const MutableHeader& header, ByteSpan out) {
  wire::Writer w(out);
  w.Le64(header.aux_heads[0]);
  w.Le64(header.aux_heads[1]);
  w.Put(header.root_view(layout));
  w.Put(header.encrypted_counter);
  w.Put(header.entry_leaf_digest_view(layout));
  w.Le64(EncodeBlockPointer(header.entry_leaf));
  w.Le64(header.num_blocks);
  SVSM_CHECK(w.ok());
  Fill(out.subspan(w.size()), 0);
}

Status DecryptCounter(crypto::BlockCipher& cipher, FixedView<kCounterBytes> in,
                      FixedSpan<kCounterBytes> out) {
  return cipher.DecryptEcb(in, out);  // one block with an IV of zeros
}

Status EncryptCounter(crypto::BlockCipher& cipher, FixedView<kCounterBytes> in,
                      FixedSpan<kCounterBytes> out) {
  return cipher.EncryptEcb(in, out);
}

void IncrementCounter(FixedSpan<kCounterBytes> counter) {
  for (std::uint8_t& byte : counter) {
    if (++byte != 0) return;
  }
}

}  // namespace svsm::cocoonfs
