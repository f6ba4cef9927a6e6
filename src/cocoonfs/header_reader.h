// Finds out what a device holds: an image, or a wish for one.
#ifndef SVSM_SRC_COCOONFS_HEADER_READER_H_
#define SVSM_SRC_COCOONFS_HEADER_READER_H_

#include "cocoonfs/creation_header.h"
#include "cocoonfs/image_header.h"
#include "svsm/core/allocator.h"
#include "svsm/core/block_device.h"
#include "svsm/core/result.h"

namespace svsm::cocoonfs {

enum class HeaderKind : std::uint8_t {
  kImage,           // `image` is filled
  kCreation,        // `creation` is filled, from the device's start
  kCreationBackup,  // `creation` is filled, from the backup: a first use was interrupted
};

struct FoundHeader {
  HeaderKind kind = HeaderKind::kImage;
  StaticHeader image;
  CreationHeader creation;
};

// The size of a device, at most 2^63.
std::uint64_t DeviceBytes(const BlockGeometry& geometry);

// Reads `out`, any part of the device, whatever the size of its blocks.
// Errors: kMalformed (Region::kDevice: beyond the end), kOutOfMemory, those of the device.
Status ReadDeviceBytes(BlockDevice& device, Allocator& allocator, std::uint64_t offset_bytes,
                       ByteSpan out);

// Errors: kDataLoss (no intact header of either kind), kMalformed (Region::kStaticHeader or
// kCreationHeader), kUnsupported, kOutOfMemory, those of the device.
Status FindHeader(BlockDevice& device, Allocator& allocator, FoundHeader& out);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_HEADER_READER_H_
