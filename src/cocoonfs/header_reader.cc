#include "cocoonfs/header_reader.h"

#include "cocoonfs/block_view.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status kNoHeader(Code::kDataLoss, Source::kCocoonfs);

// Room for a header at `offset`, if it can be there.
Status MakeRoom(BlockDevice& device, std::uint64_t offset, std::size_t size,
                Vec<std::uint8_t>& bytes) {
  const std::uint64_t device_bytes = DeviceBytes(device.Geometry());
  if (offset > device_bytes || size > device_bytes - offset) return Malformed(Region::kDevice);
  return bytes.Resize(size);
}

// Whether the bytes at `offset` begin a creation header; if so, all of it is read and decoded.
Result<CreationHeader> ReadCreationHeader(BlockDevice& device, Allocator& allocator,
                                          std::uint64_t offset) {
  Bytes<kMinHeaderBytes> head{};
  SVSM_TRY(ReadDeviceBytes(device, allocator, offset, head));
  SVSM_ASSIGN_OR_RETURN(const CreationHeader peek, PeekCreationHeader(head));
  Vec<std::uint8_t> bytes(allocator);
  SVSM_TRY(MakeRoom(device, offset, CreationHeaderBytes(peek.layout, peek.salt.size), bytes));
  SVSM_TRY(ReadDeviceBytes(device, allocator, offset, bytes.view()));
  return DecodeCreationHeader(bytes.view());
}

Result<StaticHeader> ReadStaticHeader(BlockDevice& device, Allocator& allocator, ByteView head) {
  SVSM_ASSIGN_OR_RETURN(const StaticHeader peek, PeekStaticHeader(head));
  Vec<std::uint8_t> bytes(allocator);
  SVSM_TRY(MakeRoom(device, 0, StaticHeaderBytes(peek.layout, peek.salt.size), bytes));
  SVSM_TRY(ReadDeviceBytes(device, allocator, 0, bytes.view()));
  return DecodeStaticHeader(bytes.view());
}

}  // namespace

std::uint64_t DeviceBytes(const BlockGeometry& geometry) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 63;
  return geometry.num_blocks >= kMost / geometry.block_size_bytes
             ? kMost
             : geometry.num_blocks * geometry.block_size_bytes;
}

Status ReadDeviceBytes(BlockDevice& device, Allocator& allocator, std::uint64_t offset_bytes,
                       ByteSpan out) {
  const BlockGeometry geometry = device.Geometry();
  const std::uint64_t size = DeviceBytes(geometry);
  if (offset_bytes > size || out.size() > size - offset_bytes) return Malformed(Region::kDevice);
  Vec<std::uint8_t> block(allocator);
  SVSM_TRY(block.Resize(geometry.block_size_bytes));
  while (!out.empty()) {
    const auto skip = static_cast<std::size_t>(offset_bytes % block.size());
    SVSM_TRY(device.Read(offset_bytes / block.size(), block.view()));
    const std::size_t rest = block.size() - skip;
    const std::size_t taken = out.size() < rest ? out.size() : rest;
    Copy(out, ByteView(block.view()).subspan(skip, taken));
    out = out.subspan(taken);
    offset_bytes += taken;
  }
  return OkStatus();
}

Status FindHeader(BlockDevice& device, Allocator& allocator, FoundHeader& out) {
  const BlockGeometry geometry = device.Geometry();
  const std::size_t block = geometry.block_size_bytes;
  if (block < 128 || (block & (block - 1)) != 0 || block > std::size_t{1} << 30) {
    return Status(Code::kInvalidArgument, Source::kCocoonfs);
  }
  const std::uint64_t size = DeviceBytes(geometry);
  if (size < kMinHeaderBytes) return kNoHeader;
  Bytes<kMinHeaderBytes> head{};
  SVSM_TRY(ReadDeviceBytes(device, allocator, 0, head));

  const Result<StaticHeader> image = ReadStaticHeader(device, allocator, head);
  if (image.ok()) {
    out.kind = HeaderKind::kImage;
    out.image = *image;
    return OkStatus();
  }
  if (image.status().code() != Code::kDataLoss) return image.status();

  Result<CreationHeader> creation = ReadCreationHeader(device, allocator, 0);
  out.kind = HeaderKind::kCreation;
  if (creation.status().code() == Code::kDataLoss) {
    const std::uint64_t backup = BackupHeaderOffset(size);
    if (backup == 0) return kNoHeader;
    creation = ReadCreationHeader(device, allocator, backup);
    out.kind = HeaderKind::kCreationBackup;
  }
  if (!creation.ok()) return creation.status();
  out.creation = *creation;
  return OkStatus();
}

}  // namespace svsm::cocoonfs
