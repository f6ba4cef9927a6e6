// Makes the image that a creation header asks for, so that an interruption leaves that header, its
// backup, or the image.
#ifndef SVSM_SRC_COCOONFS_FIRST_USE_H_
#define SVSM_SRC_COCOONFS_FIRST_USE_H_

#include "cocoonfs/device_writer.h"
#include "cocoonfs/header_reader.h"
#include "svsm/cocoonfs/format.h"

namespace svsm::cocoonfs {

// `found` is of a creation kind. Errors: as Format(), kMalformed (Region::kAux: what lies beside
// the header; Region::kDevice: the device is too small for the backup).
Status FormatOnFirstUse(BlockDevice& device, const crypto::Symmetric& symmetric, crypto::Rng& rng,
                        Allocator& allocator, ByteView user_key, const FoundHeader& found,
                        FreeSpace free_space);

// Writes a creation header at byte offset `at`, and auxiliary metadata at `aux_at`, both multiples
// of the IO block: the header is invalid from the first write to the last. Errors: kOutOfMemory,
// kBufferTooSmall (never for metadata as NeedOf() sizes them), the device's.
Status PutCreationHeader(DeviceView& view, Allocator& allocator, const CreationHeader& header,
                         const AuxMetadata* aux, std::uint64_t at, std::uint64_t aux_at);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_FIRST_USE_H_
