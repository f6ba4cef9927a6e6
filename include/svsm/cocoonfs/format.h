// svsm/cocoonfs/format.h: makes an image: now, or when it is first opened.
//
//   cocoonfs::FormatOptions options;
//   options.salt = salt;
//   options.free_space = cocoonfs::FreeSpace::kRandom;
//   SVSM_TRY(cocoonfs::Format(device, symmetric, rng, allocator, key, options));
//
// A creation header says how an image is to be made, and needs no key: FileSystem::Open() with
// format_on_open makes it. Nothing authenticates that header: who opens it must have its layout and
// salt attested by other means.
//
// Profile: freestanding. Allocates: from the Allocator, all of it given back. Threads: functions;
// one device, one thread. Format: src/cocoonfs/FORMAT.md, "Making an image".
#ifndef SVSM_COCOONFS_FORMAT_H_
#define SVSM_COCOONFS_FORMAT_H_

#include <cstdint>

#include "svsm/cocoonfs/aux_metadata.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/allocator.h"
#include "svsm/core/block_device.h"
#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/crypto/rng.h"
#include "svsm/crypto/symmetric.h"

namespace svsm::cocoonfs {

// What becomes of blocks that nothing is stored in.
enum class FreeSpace : std::uint8_t {
  kRandom,  // random bytes: an image at rest does not show which blocks are free
  kTrim,    // given back to the device
  kLeave,   // not touched
};

// Told how far Format() is, between the writes, about once for each MiB and in the end. An error
// that it returns ends Format() with it.
class FormatProgress {
 public:
  virtual Status OnProgress(std::uint64_t bytes_done, std::uint64_t bytes_total) = 0;

 protected:
  ~FormatProgress() = default;
};

struct FormatOptions {
  ImageLayout layout;
  ByteView salt;                 // 0 to 255 bytes
  std::uint64_t size_bytes = 0;  // of the image, a multiple of the IO block; 0: the device's
  FreeSpace free_space = FreeSpace::kRandom;
  const AuxMetadata* aux = nullptr;  // none: no place is reserved for any
  FormatProgress* progress = nullptr;
};

// Makes an empty image; what the device held is lost. The image is durable and whole when this
// returns OK, and there is none until then. Errors:
//   kInvalidArgument: the layout (detail as ImageLayout::Validate()), the salt (detail 31), or the
//       size, which is no multiple of the IO block or larger than the device (detail = kBadSize)
//   kExhausted: the image is too small for what it must hold
//   kUnsupported: an algorithm that the backend lacks (detail = its TCG number), blocks of the
//       device that are larger than the IO block (Region::kDevice)
//   kOutOfMemory, kIoError
Status Format(BlockDevice& device, const crypto::Symmetric& symmetric, crypto::Rng& rng,
              Allocator& allocator, ByteView user_key, const FormatOptions& options);
inline constexpr std::uint32_t kBadSize = 0xFFFFFFFF;

// Writes a creation header and the auxiliary metadata behind it. `free_space` and `progress` do not
// count; with size_bytes 0 the image will have the size that the device has now. The device must
// have 8 KiB and 16 IO blocks; it may grow before it is opened. Errors: as Format().
Status WriteCreationHeader(BlockDevice& device, Allocator& allocator, const FormatOptions& options);

}  // namespace svsm::cocoonfs

#endif  // SVSM_COCOONFS_FORMAT_H_
