// The first extent of the journal's log, as far as it can be read without the key.
#ifndef SVSM_SRC_COCOONFS_JOURNAL_HEAD_H_
#define SVSM_SRC_COCOONFS_JOURNAL_HEAD_H_

#include "cocoonfs/block_view.h"
#include "cocoonfs/image_header.h"

namespace svsm::cocoonfs {

// Whether the head is intact, that is, whether a commit is pending. `head` gets its bytes, with the
// protection off. Errors: kMalformed (Region::kDevice), kOutOfMemory, those of the device.
Result<bool> ReadJournalHead(DeviceView& view, const ImageLayout& layout,
                             const HeaderPlaces& places, Vec<std::uint8_t>& head);
// The pointers to auxiliary metadata in it.
void JournalAuxHeads(const ImageLayout& layout, ByteView head, std::uint64_t (&out)[2]);
// Makes the plain header of an otherwise empty head: magic and pointers, with room for the
// protection.
void EncodeJournalPlainHeader(const ImageLayout& layout, const std::uint64_t (&aux_heads)[2],
                              ByteSpan head);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_JOURNAL_HEAD_H_
