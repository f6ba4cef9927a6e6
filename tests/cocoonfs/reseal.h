// Images whose headers can be changed without a checksum in the way: stored with the protection
// off, and protected before they are opened. For fuzzers.
#ifndef SVSM_TESTS_COCOONFS_RESEAL_H_
#define SVSM_TESTS_COCOONFS_RESEAL_H_

#include "cocoonfs/creation_header.h"
#include "cocoonfs/image_header.h"
#include "cocoonfs/integrity.h"

namespace svsm::cocoonfs {

inline bool BeginsWith(ByteView bytes, ByteView magic) {
  return bytes.size() >= magic.size() && Equal(bytes.first(magic.size()), magic);
}

// The layout that a header without protection has at offset 9, and its salt's size at `salt_at`.
inline bool PlainLayout(ByteView image, std::size_t salt_at, ImageLayout& layout,
                        std::size_t& salt_size) {
  if (image.size() <= salt_at) return false;
  const Result<ImageLayout> decoded =
      ImageLayout::Decode(image.subspan(9).first<ImageLayout::kEncodedSize>());
  if (!decoded.ok()) return false;
  layout = *decoded;
  salt_size = image[salt_at];
  return true;
}

inline void Protect(const IntegrityPlace& place, ByteSpan extent) {
  Fill(extent.subspan(place.section, IntegritySectionBytes(place.slots)), 0);
  ApplyIntegrity(place, extent);
}

// Protects the static or creation header at the start, and the journal's head if it has its magic.
inline void Reseal(ByteSpan image) {
  ImageLayout layout;
  std::size_t salt_size = 0;
  if (BeginsWith(image, Ascii("CCFSMKFS"))) {
    if (!PlainLayout(image, 46, layout, salt_size)) return;
    const std::size_t size = CreationHeaderBytes(layout, salt_size);
    if (size > image.size()) return;
    Protect(CreationHeaderIntegrity(IntegritySlots(layout)), image.first(size));
    return;
  }
  if (!PlainLayout(image, 30, layout, salt_size)) return;
  const std::size_t size = StaticHeaderBytes(layout, salt_size);
  const Result<HeaderPlaces> places = PlacesOf(layout, salt_size);
  if (size > image.size() || !places.ok()) return;
  Protect(StaticHeaderIntegrity(IntegritySlots(layout)), image.first(size));
  const std::uint64_t block = layout.allocation_block_bytes();
  if (places->journal_head.end() > image.size() / block) return;
  const ByteSpan head = image.subspan(static_cast<std::size_t>(places->journal_head.first * block),
                                      static_cast<std::size_t>(places->journal_head.count * block));
  if (BeginsWith(head, Ascii("CCFSJRNL")))
    Protect(JournalHeadIntegrity(IntegritySlots(layout)), head);
}

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_RESEAL_H_
