// The encoded list of a file's extents: signed LEB128 distance from the previous extent's end,
// unsigned LEB128 length, two zero bytes at the end.
#ifndef SVSM_SRC_COCOONFS_EXTENTS_LIST_H_
#define SVSM_SRC_COCOONFS_EXTENTS_LIST_H_

#include <cstddef>
#include <span>

#include "cocoonfs/extent.h"
#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

// Appends the extents of the list that `in` holds from its first to its last byte. Every extent
// lies below `num_blocks` and starts behind block 0; their order is free, an overlap is not looked
// for. Errors: kMalformed (Region::kExtentsList), kOutOfMemory.
Status DecodeExtentsList(ByteView in, std::uint64_t num_blocks, Vec<Extent>& out);

// Appends the encoded list. Errors: kOutOfMemory.
Status EncodeExtentsList(std::span<const Extent> extents, Vec<std::uint8_t>& out);
// Bytes that EncodeExtentsList() appends.
std::size_t EncodedExtentsListSize(std::span<const Extent> extents);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_EXTENTS_LIST_H_
