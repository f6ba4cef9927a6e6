#include "cocoonfs/journal_head.h"

#include "cocoonfs/chained_extents.h"
#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/reader.h"
#include "svsm/core/writer.h"

namespace svsm::cocoonfs {
namespace {

constexpr Bytes<kMagicBytes> kMagic = Ascii("CCFSJRNL");
constexpr std::size_t kPointersBytes = 16;

}  // namespace

Result<bool> ReadJournalHead(DeviceView& view, const ImageLayout& layout,
                             const HeaderPlaces& places, Vec<std::uint8_t>& head) {
  const Extent& extent = places.journal_head;
  if (extent.end() > view.num_blocks()) return Malformed(Region::kDevice);
  SVSM_TRY(head.Resize(static_cast<std::size_t>(extent.count) * layout.allocation_block_bytes()));
  SVSM_TRY(view.Read(extent.first, head.view()));
  return Equal(ByteView(head.view()).first(kMagicBytes), kMagic) &&
         RemoveIntegrity(JournalHeadIntegrity(IntegritySlots(layout)), head.view());
}

void JournalAuxHeads(const ImageLayout& layout, ByteView head, std::uint64_t (&out)[2]) {
  wire::Reader r(head.first(JournalPlainHeaderBytes(layout)).last(kPointersBytes));
  out[0] = r.Le64();
  out[1] = r.Le64();
}

void EncodeJournalPlainHeader(const ImageLayout& layout, const std::uint64_t (&aux_heads)[2],
                              ByteSpan head) {
  wire::Writer w(head);
  w.Put(kMagic);
  w.Zeros(JournalPlainHeaderBytes(layout) - kPointersBytes - kMagicBytes);
  w.Le64(aux_heads[0]);
  w.Le64(aux_heads[1]);
}

}  // namespace svsm::cocoonfs
