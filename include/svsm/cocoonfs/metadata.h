// svsm/cocoonfs/metadata.h: what can be read of an image, and changed, without the key.
//
//   SVSM_ASSIGN_OR_RETURN(cocoonfs::Metadata metadata, cocoonfs::ReadMetadata(device, allocator));
//   SVSM_ASSIGN_OR_RETURN(const auto entry, metadata.aux.Find(kWrappedKeyUuid, 0));
//
// Nothing of it is authenticated before the image is opened, and auxiliary metadata never are.
//
// Profile: freestanding. Allocates: from the Allocator; a Metadata keeps its entries there.
// Threads: functions; one device, one thread. Format: src/cocoonfs/FORMAT.md, "Auxiliary metadata".
#ifndef SVSM_COCOONFS_METADATA_H_
#define SVSM_COCOONFS_METADATA_H_

#include <cstdint>

#include "svsm/cocoonfs/aux_metadata.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/allocator.h"
#include "svsm/core/block_device.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::cocoonfs {

enum class ImageState : std::uint8_t {
  kFormatted,
  kToBeCreated,          // a creation header
  kCreationInterrupted,  // the backup of a creation header: the first use did not come to its end
};

struct Metadata {
  explicit Metadata(Allocator& allocator) : aux(allocator) {}

  ImageState state = ImageState::kFormatted;
  ImageLayout layout;
  std::uint8_t salt_size = 0;
  Bytes<kMaxSaltSize> salt_bytes{};
  // Of the image, as the header says. With a commit pending it may be another than that after it.
  std::uint64_t size_bytes = 0;
  // A commit is complete in the journal, and not or not wholly applied.
  bool journal_pending = false;
  // Where the headers end; of a creation header, with its auxiliary metadata.
  std::uint64_t header_bytes = 0;
  AuxMetadata aux;

  ByteView salt() const { return ByteView(salt_bytes).first(salt_size); }
};

// Reads headers and auxiliary metadata, whatever the size of the device's blocks. Errors: kDataLoss
// (no header of either kind), kMalformed (detail = Region), kUnsupported (version, algorithm, or
// more auxiliary metadata than this library follows), kOutOfMemory, kIoError.
Result<Metadata> ReadMetadata(BlockDevice& device, Allocator& allocator);

// Replaces the auxiliary metadata of an image in place, within the room that it has for them, or
// those beside a creation header. After an interruption, the old or the new ones are there, however
// often this is interrupted. A commit that is pending stays so. Nobody may have the image open
// meanwhile. Errors: as ReadMetadata(), and
//   kExhausted: not enough room, or none for changes without the key; detail = bytes that there are
//   kUnsupported: the device's blocks are larger than the IO block (Region::kDevice)
Status WriteAuxInPlace(BlockDevice& device, Allocator& allocator, const AuxMetadata& aux);

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_METADATA_H_
