// Auxiliary metadata on an image: which of the two groups counts, what it holds, and how both are
// replaced so that one is whole at any time.
#ifndef SVSM_SRC_COCOONFS_AUX_STORE_H_
#define SVSM_SRC_COCOONFS_AUX_STORE_H_

#include <cstdint>

#include "cocoonfs/aux_extents.h"
#include "cocoonfs/aux_reader.h"
#include "cocoonfs/aux_ring.h"
#include "cocoonfs/block_view.h"
#include "svsm/cocoonfs/aux_metadata.h"
#include "svsm/cocoonfs/layout.h"
#include "svsm/core/vec.h"

namespace svsm::cocoonfs {

class AuxStore {
 public:
  AuxStore(DeviceView& view, const ImageLayout& layout, Allocator& allocator)
      : view_(view), layout_(layout), ring_(allocator), groups_(allocator), buffer_(allocator) {}

  // Finds the extents from the two head pointers, and reads the group that counts. `aux` becomes
  // what it holds; without extents, nothing. Errors: kMalformed (Region::kAux), kUnsupported,
  // kOutOfMemory, those of the device.
  Status Load(std::uint64_t num_blocks, const std::uint64_t (&heads)[2], AuxMetadata& aux);

  // Replaces the contents, after Load(). Errors: kExhausted (detail = bytes of room), kOutOfMemory,
  // those of the device.
  Status Replace(const AuxMetadata& aux);

  const AuxExtents& ring() const { return ring_; }

 private:
  std::size_t FirstOf(int group) const { return group == 0 ? 0 : ring_.group1; }
  std::size_t EndOf(int group) const { return group == 0 ? ring_.group1 : ring_.extents.size(); }
  ByteSpan BufferFor(std::size_t i);
  Status WriteExtent(std::size_t i, AuxState state, ByteView payload);
  Status WriteGroup(int group, AuxState state, ByteView payload);

  DeviceView& view_;
  const ImageLayout& layout_;
  AuxExtents ring_;
  AuxGroups groups_;
  Vec<std::uint8_t> buffer_;  // for the largest extent
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_AUX_STORE_H_
