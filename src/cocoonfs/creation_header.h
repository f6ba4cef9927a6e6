// The header that asks for a file system to be made on first use, and its backup near the device's
// end.
#ifndef SVSM_SRC_COCOONFS_CREATION_HEADER_H_
#define SVSM_SRC_COCOONFS_CREATION_HEADER_H_

#include <cstdint>

#include "cocoonfs/image_header.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::cocoonfs {

struct CreationHeader {
  ImageLayout layout;
  Salt salt;
  // Of encoded auxiliary metadata beside the header: behind the primary, before the backup, 8 bytes
  // of checksum in front, padded with zeros to the IO block. 0: there is none.
  std::uint64_t aux_bytes = 0;
  std::uint64_t num_blocks = 0;  // that the image shall have
};

// The size of the whole header in bytes, with padding up to the IO block, and of the auxiliary
// part.
std::size_t CreationHeaderBytes(const ImageLayout& layout, std::size_t salt_size);
std::uint64_t CreationAuxBytes(const ImageLayout& layout, std::uint64_t aux_bytes);

// As for the static header. Errors: kDataLoss (no magic, or torn), kMalformed
// (Region::kCreationHeader), kUnsupported (version or algorithm).
Result<CreationHeader> PeekCreationHeader(ByteView head);
Result<CreationHeader> DecodeCreationHeader(ByteSpan bytes);
Status EncodeCreationHeader(const CreationHeader& header, ByteSpan out);

// Where the backup header begins, in bytes, on a device of that many bytes: 0 if it is too small
// for one.
std::uint64_t BackupHeaderOffset(std::uint64_t device_bytes);
// Whether a device of that many bytes can hold header and backup for the layout.
bool DeviceTakesCreationHeader(const ImageLayout& layout, std::uint64_t device_bytes);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_CREATION_HEADER_H_
