#include "cocoonfs/extents_list.h"

#include "cocoonfs/leb128.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/result.h"

namespace svsm::cocoonfs {

Status DecodeExtentsList(ByteView in, std::uint64_t num_blocks, Vec<Extent>& out) {
  Leb128Reader reader(in);
  std::uint64_t previous_end = 0;
  for (;;) {
    const std::uint64_t delta = reader.Signed();
    const std::uint64_t count = reader.Unsigned();
    if (!reader.ok()) return Malformed(Region::kExtentsList);
    if (count == 0) {
      if (delta != 0 || reader.remaining() != 0) return Malformed(Region::kExtentsList);
      return OkStatus();
    }
    const std::uint64_t first = previous_end + delta;
    if (first == 0 || first >= num_blocks || count > num_blocks - first) {
      return Malformed(Region::kExtentsList);
    }
    SVSM_TRY(out.PushBack({first, count}));
    previous_end = first + count;
  }
}

Status EncodeExtentsList(std::span<const Extent> extents, Vec<std::uint8_t>& out) {
  std::uint64_t previous_end = 0;
  for (const Extent& extent : extents) {
    SVSM_TRY(AppendSignedLeb128(extent.first - previous_end, out));
    SVSM_TRY(AppendUnsignedLeb128(extent.count, out));
    previous_end = extent.end();
  }
  SVSM_TRY(out.PushBack(0));
  return out.PushBack(0);
}

std::size_t EncodedExtentsListSize(std::span<const Extent> extents) {
  std::uint64_t previous_end = 0;
  std::size_t size = 2;
  for (const Extent& extent : extents) {
    size += SignedLeb128Size(extent.first - previous_end) + UnsignedLeb128Size(extent.count);
    previous_end = extent.end();
  }
  return size;
}

}  // namespace svsm::cocoonfs
