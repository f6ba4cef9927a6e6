#include "svsm/cocoonfs/metadata.h"

#include "cocoonfs/aux_store.h"
#include "cocoonfs/checksum.h"
#include "cocoonfs/first_use.h"
#include "cocoonfs/header_reader.h"
#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/reader.h"

namespace svsm::cocoonfs {
namespace {

constexpr Bytes<kMagicBytes> kJournalMagic = Ascii("CCFSJRNL");

void TakeHeader(const ImageLayout& layout, const Salt& salt, Metadata& out) {
  out.layout = layout;
  out.salt_size = salt.size;
  out.salt_bytes = salt.bytes;
}

// What lies beside a creation header: behind the primary, before the backup.
Status ReadCreationAux(BlockDevice& device, Allocator& allocator, const FoundHeader& found,
                       Metadata& out) {
  const CreationHeader& header = found.creation;
  const std::uint64_t header_bytes = CreationHeaderBytes(header.layout, header.salt.size);
  const std::uint64_t aux_bytes = CreationAuxBytes(header.layout, header.aux_bytes);
  const std::uint64_t device_bytes = DeviceBytes(device.Geometry());
  out.header_bytes = header_bytes + aux_bytes;
  if (aux_bytes == 0) return OkStatus();
  if (aux_bytes > device_bytes) return Malformed(Region::kAux);
  std::uint64_t at = header_bytes;
  if (found.kind == HeaderKind::kCreationBackup) {
    const std::uint64_t backup = BackupHeaderOffset(device_bytes);
    if (aux_bytes > backup) return Malformed(Region::kAux);
    at = backup - aux_bytes;
  }
  Vec<std::uint8_t> bytes(allocator);
  SVSM_TRY(bytes.Resize(static_cast<std::size_t>(aux_bytes)));
  SVSM_TRY(ReadDeviceBytes(device, allocator, at, bytes.view()));
  const ByteView body = ByteView(bytes.view()).subspan(kChecksumBytes);
  Checksum checksum;
  checksum.Update(body);
  const auto payload_bytes = static_cast<std::size_t>(header.aux_bytes);
  if (!Equal(checksum.Finish(), ByteView(bytes.view()).first(kChecksumBytes)) ||
      !IsZero(body.subspan(payload_bytes))) {
    return Malformed(Region::kAux);
  }
  return out.aux.Decode(body.first(payload_bytes));
}

// The journal's head if it is intact: its auxiliary pointers, which then count.
Result<bool> ReadJournal(DeviceView& view, Allocator& allocator, const ImageLayout& layout,
                         const Extent& place, std::uint64_t (&heads)[2]) {
  Vec<std::uint8_t> bytes(allocator);
  SVSM_TRY(bytes.Resize(static_cast<std::size_t>(place.count) * layout.allocation_block_bytes()));
  SVSM_TRY(view.Read(place.first, bytes.view()));
  const IntegrityPlace protection = JournalHeadIntegrity(IntegritySlots(layout));
  if (!Equal(ByteView(bytes.view()).first(kMagicBytes), kJournalMagic) ||
      !RemoveIntegrity(protection, bytes.view())) {
    return false;
  }
  wire::Reader r(bytes.view());
  r.Skip(protection.section + IntegritySectionBytes(protection.slots));
  heads[0] = r.Le64();
  heads[1] = r.Le64();
  SVSM_TRY(r.status());
  return true;
}

// Fills `out` and `store` from a formatted image.
Status LoadFormatted(DeviceView& view, Allocator& allocator, const StaticHeader& header,
                     AuxStore& store, Metadata& out) {
  SVSM_ASSIGN_OR_RETURN(const HeaderPlaces places, PlacesOf(header.layout, header.salt.size));
  if (places.journal_head.end() > view.num_blocks()) return Malformed(Region::kDevice);
  Vec<std::uint8_t> bytes(allocator);
  SVSM_TRY(bytes.Resize(static_cast<std::size_t>(places.mutable_header.count) *
                        header.layout.allocation_block_bytes()));
  SVSM_TRY(view.Read(places.mutable_header.first, bytes.view()));
  const Result<MutableHeader> current = DecodeMutableHeader(header.layout, bytes.view());
  std::uint64_t heads[2] = {kNilPointer, kNilPointer};
  SVSM_ASSIGN_OR_RETURN(out.journal_pending,
                        ReadJournal(view, allocator, header.layout, places.journal_head, heads));
  // With a commit pending, the mutable header may be anything.
  if (!current.ok() && !out.journal_pending) return current.status();
  std::uint64_t num_blocks = view.num_blocks();
  if (current.ok() && current->num_blocks <= num_blocks) num_blocks = current->num_blocks;
  if (!out.journal_pending) {
    if (current->num_blocks > view.num_blocks()) return Malformed(Region::kDevice);
    heads[0] = current->aux_heads[0];
    heads[1] = current->aux_heads[1];
  }
  out.header_bytes = places.end * header.layout.allocation_block_bytes();
  out.size_bytes = num_blocks * header.layout.allocation_block_bytes();
  return store.Load(num_blocks, heads, out.aux);
}

// A copy of the old header and metadata near the device's end covers the time in which those at its
// start are replaced.
Status ReplaceBesideHeader(BlockDevice& device, Allocator& allocator, const FoundHeader& found,
                           const AuxMetadata& aux) {
  const CreationHeader& old = found.creation;
  const ImageLayout& layout = old.layout;
  Metadata before(allocator);
  SVSM_TRY(ReadCreationAux(device, allocator, found, before));
  DeviceView view(device, allocator);
  SVSM_TRY(view.Init(layout.allocation_block_log2, layout.io_block_bytes()));
  CreationHeader next = old;
  next.aux_bytes = aux.trivial() ? 0 : aux.encoded_size();
  const std::uint64_t device_bytes = DeviceBytes(device.Geometry());
  const std::uint64_t header_bytes = CreationHeaderBytes(layout, old.salt.size);
  const std::uint64_t backup = BackupHeaderOffset(device_bytes);
  const std::uint64_t old_aux_bytes = CreationAuxBytes(layout, old.aux_bytes);
  const std::uint64_t taken = header_bytes + old_aux_bytes;
  const std::uint64_t room =
      DeviceTakesCreationHeader(layout, device_bytes) && backup > taken ? backup - taken : 0;
  if (CreationAuxBytes(layout, next.aux_bytes) > room) {
    constexpr std::uint64_t kMost = 0xFFFFFFFF;
    return Status(Code::kExhausted, Source::kCocoonfs,
                  static_cast<std::uint32_t>(room < kMost ? room : kMost));
  }
  if (found.kind == HeaderKind::kCreation) {
    SVSM_TRY(PutCreationHeader(view, allocator, old, &before.aux, backup, backup - old_aux_bytes));
  }
  SVSM_TRY(PutCreationHeader(view, allocator, next, &aux, 0, header_bytes));
  Vec<std::uint8_t> zeros(allocator);
  SVSM_TRY(zeros.Resize(view.device_block_bytes()));
  SVSM_TRY(device.Write(backup / zeros.size(), zeros.view()));
  return device.Flush();
}

}  // namespace

Result<Metadata> ReadMetadata(BlockDevice& device, Allocator& allocator) {
  FoundHeader found;
  SVSM_TRY(FindHeader(device, allocator, found));
  Metadata out(allocator);
  if (found.kind != HeaderKind::kImage) {
    const CreationHeader& header = found.creation;
    out.state = found.kind == HeaderKind::kCreation ? ImageState::kToBeCreated
                                                    : ImageState::kCreationInterrupted;
    TakeHeader(header.layout, header.salt, out);
    out.size_bytes = header.num_blocks * header.layout.allocation_block_bytes();
    SVSM_TRY(ReadCreationAux(device, allocator, found, out));
    return out;
  }
  const StaticHeader& header = found.image;
  TakeHeader(header.layout, header.salt, out);
  const std::size_t block = device.Geometry().block_size_bytes;
  DeviceView view(device, allocator);
  SVSM_TRY(view.Init(header.layout.allocation_block_log2, block > header.layout.io_block_bytes()
                                                              ? block
                                                              : header.layout.io_block_bytes()));
  AuxStore store(view, header.layout, allocator);
  SVSM_TRY(LoadFormatted(view, allocator, header, store, out));
  return out;
}

Status WriteAuxInPlace(BlockDevice& device, Allocator& allocator, const AuxMetadata& aux) {
  FoundHeader found;
  SVSM_TRY(FindHeader(device, allocator, found));
  if (found.kind != HeaderKind::kImage) {
    return ReplaceBesideHeader(device, allocator, found, aux);
  }
  const StaticHeader& header = found.image;
  DeviceView view(device, allocator);
  SVSM_TRY(view.Init(header.layout.allocation_block_log2, header.layout.io_block_bytes()));
  AuxStore store(view, header.layout, allocator);
  Metadata old(allocator);
  SVSM_TRY(LoadFormatted(view, allocator, header, store, old));
  return store.Replace(aux);
}

}  // namespace svsm::cocoonfs
