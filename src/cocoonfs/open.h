// Opens an image whose static header has been found.
#ifndef SVSM_SRC_COCOONFS_OPEN_H_
#define SVSM_SRC_COCOONFS_OPEN_H_

#include "cocoonfs/image_header.h"
#include "cocoonfs/volume.h"

namespace svsm::cocoonfs {

// Layout, salt, places, keys and ciphers of `volume`; its view is the device. For those who make an
// image, too. Errors: kUnsupported, kOutOfMemory, kInternal, kInvalidArgument (geometry).
Status SetUpVolume(Volume& volume, const StaticHeader& header, ByteView user_key);

// Reads the mutable header through volume.view and the counter from it.
// Errors: kMalformed (Region::kMutableHeader, or kDevice: larger than the device), those of the
// device.
Status LoadMutableHeader(Volume& volume);

// Everything from the mutable header on, for an image without a pending journal. Errors:
// kAuthFailed, kMalformed (detail = Region), kOutOfMemory, those of the device.
Status LoadCleanVolume(Volume& volume);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_OPEN_H_
