#include "cocoonfs/creation_header.h"

#include <bit>

#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

constexpr Bytes<kMagicBytes> kMagic = Ascii("CCFSMKFS");
// Magic, version, layout, size of auxiliary metadata, size of the image, size of the salt.
constexpr std::size_t kFixedBytes = kMagicBytes + 1 + ImageLayout::kEncodedSize + 8 + 8 + 1;
static_assert(CreationHeaderIntegrity(0).section == kFixedBytes);

constexpr std::uint64_t kMinBackupUnit = 512;
constexpr std::uint64_t kBackupUnits = 16;

std::size_t SaltOffset(const ImageLayout& layout) {
  return kFixedBytes + IntegritySectionBytes(IntegritySlots(layout));
}

std::uint64_t BackupUnit(std::uint64_t device_bytes) {
  return std::bit_floor(device_bytes / kBackupUnits);
}

Result<CreationHeader> DecodeFixed(ByteView bytes) {
  CreationHeader header;
  wire::Reader r(bytes);
  r.Skip(kMagicBytes);
  const std::uint8_t version = r.U8();
  if (version != kFormatVersion) return Status(Code::kUnsupported, Source::kCocoonfs, version);
  const ByteView layout = r.Take(ImageLayout::kEncodedSize);
  header.aux_bytes = r.Le64();
  header.num_blocks = r.Le64();
  header.salt.size = r.U8();
  SVSM_TRY(r.status());
  const Result<ImageLayout> decoded =
      ImageLayout::Decode(layout.first<ImageLayout::kEncodedSize>());
  if (!decoded.ok()) {
    return decoded.status().code() == Code::kMalformed ? Malformed(Region::kCreationHeader)
                                                       : decoded.status();
  }
  header.layout = *decoded;
  if (header.num_blocks > kMaxPosition ||
      (header.num_blocks & (header.layout.io_block() - 1)) != 0 ||
      header.aux_bytes > kMaxPosition) {
    return Malformed(Region::kCreationHeader);
  }
  return header;
}

}  // namespace

std::size_t CreationHeaderBytes(const ImageLayout& layout, std::size_t salt_size) {
  const std::size_t io_block = layout.io_block_bytes();
  return (SaltOffset(layout) + salt_size + io_block - 1) & ~(io_block - 1);
}

std::uint64_t CreationAuxBytes(const ImageLayout& layout, std::uint64_t aux_bytes) {
  if (aux_bytes == 0) return 0;
  const std::uint64_t io_block = layout.io_block_bytes();
  return (kChecksumBytes + aux_bytes + io_block - 1) & ~(io_block - 1);
}

Result<CreationHeader> PeekCreationHeader(ByteView head) {
  Bytes<kMinHeaderBytes> copy{};
  Copy(copy, head.first(kMinHeaderBytes));
  if (!Equal(ByteView(copy).first(kMagicBytes), kMagic) ||
      !RemoveHeadIntegrity(CreationHeaderIntegrity(0), copy)) {
    return Status(Code::kDataLoss, Source::kCocoonfs);
  }
  return DecodeFixed(copy);
}

Result<CreationHeader> DecodeCreationHeader(ByteSpan bytes) {
  SVSM_ASSIGN_OR_RETURN(const CreationHeader peek, PeekCreationHeader(bytes));
  if (bytes.size() != CreationHeaderBytes(peek.layout, peek.salt.size) ||
      !RemoveIntegrity(CreationHeaderIntegrity(IntegritySlots(peek.layout)), bytes)) {
    return Status(Code::kDataLoss, Source::kCocoonfs);
  }
  SVSM_ASSIGN_OR_RETURN(CreationHeader header, DecodeFixed(bytes));
  const std::size_t salt = SaltOffset(header.layout);
  Copy(header.salt.bytes, bytes.subspan(salt, header.salt.size));
  if (!IsZero(bytes.subspan(salt + header.salt.size))) return Malformed(Region::kCreationHeader);
  return header;
}

Status EncodeCreationHeader(const CreationHeader& header, ByteSpan out) {
  wire::Writer w(out);
  w.Put(kMagic);
  w.U8(kFormatVersion);
  w.Put(header.layout.Encode());
  w.Le64(header.aux_bytes);
  w.Le64(header.num_blocks);
  w.U8(header.salt.size);
  w.Zeros(SaltOffset(header.layout) - w.size());
  w.Put(header.salt.view());
  w.Zeros(CreationHeaderBytes(header.layout, header.salt.size) - w.size());
  SVSM_TRY(w.Finish().status());
  ApplyIntegrity(CreationHeaderIntegrity(IntegritySlots(header.layout)), out.first(w.size()));
  return OkStatus();
}

std::uint64_t BackupHeaderOffset(std::uint64_t device_bytes) {
  const std::uint64_t unit = BackupUnit(device_bytes);
  return unit < kMinBackupUnit ? 0 : device_bytes / unit * unit - unit;
}

bool DeviceTakesCreationHeader(const ImageLayout& layout, std::uint64_t device_bytes) {
  const std::uint64_t unit = BackupUnit(device_bytes);
  return unit >= kMinBackupUnit && unit >= layout.io_block_bytes();
}

}  // namespace svsm::cocoonfs
