#include "cocoonfs/first_use.h"

#include "cocoonfs/checksum.h"
#include "cocoonfs/image_maker.h"
#include "svsm/cocoonfs/metadata.h"
#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status Bad(std::uint32_t detail) {
  return Status(Code::kInvalidArgument, Source::kCocoonfs, detail);
}
constexpr std::uint32_t kSaltOffset = 47;

Status PutAux(DeviceWriter& writer, Allocator& allocator, const CreationHeader& header,
              const AuxMetadata& aux, std::uint64_t first) {
  Vec<std::uint8_t> bytes(allocator);
  SVSM_TRY(
      bytes.Resize(static_cast<std::size_t>(CreationAuxBytes(header.layout, header.aux_bytes))));
  const ByteSpan body = bytes.view().subspan(kChecksumBytes);
  SVSM_TRY(aux.Encode(body));
  Checksum checksum;
  checksum.Update(body);
  Copy(bytes.view(), checksum.Finish());
  SVSM_TRY(writer.Put(first, bytes.view()));
  return writer.Barrier();
}

// By itself, so that what it needs of the stack is gone before the image is made.
[[gnu::noinline]] Status ReadEntries(BlockDevice& device, Allocator& allocator, AuxMetadata& out) {
  SVSM_ASSIGN_OR_RETURN(Metadata metadata, ReadMetadata(device, allocator));
  out = std::move(metadata.aux);
  return OkStatus();
}

}  // namespace

Status PutCreationHeader(DeviceView& view, Allocator& allocator, const CreationHeader& header,
                         const AuxMetadata* aux, std::uint64_t at, std::uint64_t aux_at) {
  const std::uint64_t block = view.block_bytes();
  const std::size_t head = view.head_bytes();
  Vec<std::uint8_t> bytes(allocator);
  SVSM_TRY(bytes.Resize(CreationHeaderBytes(header.layout, header.salt.size)));
  DeviceWriter writer(view, allocator);
  SVSM_TRY(writer.Init(header.layout.io_block_bytes(), header.layout.io_block_bytes()));
  SVSM_TRY(writer.Put(at / block, ByteView(bytes.view()).first(head)));
  SVSM_TRY(writer.Barrier());
  if (header.aux_bytes != 0) SVSM_TRY(PutAux(writer, allocator, header, *aux, aux_at / block));
  SVSM_TRY(EncodeCreationHeader(header, bytes.view()));
  if (bytes.size() > head) {
    SVSM_TRY(writer.Put((at + head) / block, ByteView(bytes.view()).subspan(head)));
    SVSM_TRY(writer.Barrier());
  }
  SVSM_TRY(writer.Put(at / block, ByteView(bytes.view()).first(head)));
  return writer.Flush();
}

Status WriteCreationHeader(BlockDevice& device, Allocator& allocator,
                           const FormatOptions& options) {
  const ImageLayout& layout = options.layout;
  SVSM_TRY(layout.Validate());
  if (options.salt.size() > kMaxSaltSize) return Bad(kSaltOffset);
  const std::uint64_t io = layout.io_block_bytes();
  const std::uint64_t device_bytes = DeviceBytes(device.Geometry());
  const std::uint64_t size = options.size_bytes != 0 ? options.size_bytes : device_bytes / io * io;
  CreationHeader header;
  header.layout = layout;
  header.salt.size = static_cast<std::uint8_t>(options.salt.size());
  Copy(header.salt.bytes, options.salt);
  header.num_blocks = size / layout.allocation_block_bytes();
  const bool has_aux = options.aux != nullptr && !options.aux->trivial();
  header.aux_bytes = has_aux ? options.aux->encoded_size() : 0;
  const std::uint64_t header_bytes = CreationHeaderBytes(layout, header.salt.size);
  if (size == 0 || size % io != 0 ||
      header_bytes + CreationAuxBytes(layout, header.aux_bytes) > device_bytes) {
    return Bad(kBadSize);
  }
  DeviceView view(device, allocator);
  SVSM_TRY(view.Init(layout.allocation_block_log2, layout.io_block_bytes()));
  return PutCreationHeader(view, allocator, header, options.aux, 0, header_bytes);
}

Status FormatOnFirstUse(BlockDevice& device, const crypto::Symmetric& symmetric, crypto::Rng& rng,
                        Allocator& allocator, ByteView user_key, const FoundHeader& found,
                        FreeSpace free_space) {
  const CreationHeader& header = found.creation;
  const ImageLayout& layout = header.layout;
  const std::uint64_t device_bytes = DeviceBytes(device.Geometry());
  const std::uint64_t header_bytes = CreationHeaderBytes(layout, header.salt.size);
  const std::uint64_t aux_bytes = CreationAuxBytes(layout, header.aux_bytes);
  const std::uint64_t backup = BackupHeaderOffset(device_bytes);
  if (!DeviceTakesCreationHeader(layout, device_bytes) || aux_bytes > backup ||
      header_bytes > device_bytes - backup) {
    return Malformed(Region::kDevice);
  }
  AuxMetadata entries(allocator);
  SVSM_TRY(ReadEntries(device, allocator, entries));
  const AuxMetadata* const aux = header.aux_bytes != 0 ? &entries : nullptr;

  // The image must leave the backup alone until it is one.
  const std::uint64_t block = layout.allocation_block_bytes();
  const Extent keep{(backup - aux_bytes) / block, (aux_bytes + header_bytes) / block};
  ImageMaker maker(device, symmetric, rng, allocator, layout);
  SVSM_TRY(maker.Plan(user_key, header.salt, header.num_blocks, aux, keep));
  if (found.kind == HeaderKind::kCreation) {
    SVSM_TRY(PutCreationHeader(maker.view(), allocator, header, aux, backup, backup - aux_bytes));
  }
  SVSM_TRY(maker.Invalidate());
  SVSM_TRY(maker.Make(free_space, nullptr));
  SVSM_TRY(maker.WriteHeader());
  return maker.DropBackup({backup / block, header_bytes / block}, free_space);
}

}  // namespace svsm::cocoonfs
