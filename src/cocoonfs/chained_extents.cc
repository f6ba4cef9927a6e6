#include "cocoonfs/chained_extents.h"

#include "cocoonfs/index_node.h"
#include "cocoonfs/integrity.h"
#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kIv = crypto::kCipherBlockSize;
constexpr std::size_t kPointer = 8;
constexpr std::uint8_t kContextVersion = 0;
constexpr std::uint8_t kChainSubject = 5;
constexpr std::uint8_t kJournalData = 1;
constexpr std::uint8_t kListData = 2;

// Where the parts of an extent are.
struct Parts {
  std::size_t tag = 0;
  std::size_t iv = 0;  // the first extent's alone
  std::size_t text = 0;
};

// False if the extent is too small.
bool PartsOf(const ChainFormat& format, std::size_t size, bool first, Parts& parts) {
  parts.tag = first ? format.plain_header_bytes : 0;
  parts.iv = parts.tag + format.tag_bytes;
  const std::size_t headers = parts.iv + (first ? kIv : 0);
  if (size < headers) return false;
  const std::size_t text_bytes = (size - headers) & ~(kIv - 1);
  parts.text = size - text_bytes;
  return text_bytes >= kPointer + (first ? 0 : 1);
}

Status ComputeTag(const ChainFormat& format, crypto::Hmac& hmac, ByteView associated_data,
                  ByteView extent, const Parts& parts, bool first, ByteView previous,
                  ByteView carry, ByteSpan out) {
  Bytes<15> suffix{};
  wire::Writer w(suffix);
  w.Le64(associated_data.size());
  w.Be16(format.cipher_id);
  w.Be16(format.key_bits);
  w.U8(first ? 0 : 1);
  w.U8(kContextVersion);
  w.U8(kChainSubject);
  const ByteView pieces[] = {extent.first(parts.tag),    previous,        extent.subspan(parts.iv),
                             first ? ByteView() : carry, associated_data, suffix};
  return hmac.Compute(pieces, out);
}

}  // namespace

std::size_t ChainFormat::Capacity(std::uint64_t count, bool first) const {
  Parts parts;
  const std::size_t size = static_cast<std::size_t>(count) * block_bytes;
  return PartsOf(*this, size, first, parts) ? size - parts.text - kPointer : 0;
}

std::size_t JournalPlainHeaderBytes(const ImageLayout& layout) {
  return kMagicBytes + IntegritySectionBytes(IntegritySlots(layout)) + 2 * kPointer;
}

ChainFormat ListChainFormat(const ImageLayout& layout, std::uint64_t inode) {
  ChainFormat format;
  if (inode == kTreeInode || inode == kBitmapInode) {
    format.tag_bytes = crypto::DigestSize(layout.preauth_hash);
  }
  format.cipher_id = TcgId(layout.cipher);
  format.key_bits = layout.key_bits;
  format.block_bytes = layout.allocation_block_bytes();
  return format;
}

ChainFormat JournalChainFormat(const ImageLayout& layout) {
  ChainFormat format = ListChainFormat(layout, kTreeInode);
  format.plain_header_bytes = JournalPlainHeaderBytes(layout);
  return format;
}

Bytes<10> ListAssociatedData(std::uint64_t inode) {
  Bytes<10> out{};
  wire::Writer w(out);
  w.Le64(inode);
  w.U8(kContextVersion);
  w.U8(kListData);
  return out;
}

Bytes<ImageLayout::kEncodedSize + 2> JournalAssociatedData(const ImageLayout& layout) {
  Bytes<ImageLayout::kEncodedSize + 2> out{};
  wire::Writer w(out);
  w.Put(layout.Encode());
  w.U8(kContextVersion);
  w.U8(kJournalData);
  return out;
}

Status ChainDecoder::CheckTag(ByteView extent, bool first, Region region) {
  Parts parts;
  (void)PartsOf(format_, extent.size(), first, parts);
  Bytes<crypto::kMaxDigestSize> expected{};
  const ByteSpan tag = ByteSpan(expected).first(format_.tag_bytes);
  SVSM_TRY(ComputeTag(format_, *hmac_, associated_data_, extent, parts, first,
                      ByteView(tag_).first(format_.tag_bytes), carry_, tag));
  if (!ConstantTimeEqual(tag, extent.subspan(parts.tag, format_.tag_bytes))) {
    return AuthFailed(region);
  }
  tag_ = expected;
  return OkStatus();
}

Result<ExtentPointer> ChainDecoder::Next(ByteView extent, Vec<std::uint8_t>& out, Region region) {
  Parts parts;
  if (!PartsOf(format_, extent.size(), first_, parts)) return Malformed(region);
  if (hmac_ != nullptr) SVSM_TRY(CheckTag(extent, first_, region));
  if (first_) Copy(carry_, extent.subspan(parts.iv, kIv));
  const ByteView text = extent.subspan(parts.text);
  const std::size_t begin = out.size();
  SVSM_TRY(out.Resize(begin + text.size()));
  const ByteSpan plain = ByteSpan(out.view()).subspan(begin);
  SVSM_TRY(cipher_.DecryptCbc(carry_, text, plain));
  Copy(carry_, text.last(kIv));
  first_ = false;
  wire::Reader r(plain);
  const std::uint64_t raw = r.Le64();
  Copy(plain, plain.subspan(kPointer));
  SVSM_TRY(out.Resize(out.size() - kPointer));
  const Result<ExtentPointer> next = DecodeExtentPointer(raw);
  if (!next.ok() || next->indirect) return Malformed(region);
  return next;
}

Status ChainDecoder::Finish(Vec<std::uint8_t>& out, Region region) const {
  std::size_t end = out.size();
  while (end != 0 && out[end - 1] == 0) --end;
  if (end == 0) return Malformed(region);
  const std::size_t padding = out[end - 1];
  if (padding > crypto::kCipherBlockSize || padding > end) return Malformed(region);
  for (std::size_t i = end - padding; i < end; ++i) {
    if (out[i] != padding) return Malformed(region);
  }
  out.Truncate(end - padding);
  return OkStatus();
}

Result<std::size_t> ChainEncoder::Next(ByteView payload, const Extent* next, crypto::Rng& rng,
                                       ByteSpan extent) {
  Parts parts;
  if (!PartsOf(format_, extent.size(), first_, parts)) {
    return Status(Code::kInvalidArgument, Source::kCocoonfs);
  }
  const ByteSpan text = extent.subspan(parts.text);
  const std::size_t room = text.size() - kPointer;
  const bool last = next == nullptr;
  if (last ? payload.size() >= room : payload.size() < room) {
    return Status(Code::kInvalidArgument, Source::kCocoonfs);
  }
  const std::size_t taken = last ? payload.size() : room;
  wire::Writer w(text);
  w.Le64(last ? kNilPointer : EncodeExtentPointer(*next, false));
  w.Put(payload.first(taken));
  if (last) {
    const std::size_t padding = kIv - (kPointer + taken) % kIv;
    Fill(text.subspan(w.size(), padding), static_cast<std::uint8_t>(padding));
    Fill(text.subspan(w.size() + padding), 0);
  }
  if (first_) {
    SVSM_TRY(rng.Generate(carry_));
    Copy(extent.subspan(parts.iv), carry_);
    Fill(extent.subspan(parts.iv + kIv, parts.text - parts.iv - kIv), 0);
  } else {
    Fill(extent.subspan(parts.iv, parts.text - parts.iv), 0);
  }
  SVSM_TRY(cipher_.EncryptCbc(carry_, text, text));
  if (hmac_ != nullptr) {
    Bytes<crypto::kMaxDigestSize> tag{};
    const ByteSpan used = ByteSpan(tag).first(format_.tag_bytes);
    SVSM_TRY(ComputeTag(format_, *hmac_, associated_data_, extent, parts, first_,
                        ByteView(tag_).first(format_.tag_bytes), carry_, used));
    Copy(extent.subspan(parts.tag), used);
    tag_ = tag;
  }
  Copy(carry_, text.last(kIv));
  first_ = false;
  return taken;
}

}  // namespace svsm::cocoonfs
