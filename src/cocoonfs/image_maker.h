// Makes an image on a device: all but its static header first, then that.
#ifndef SVSM_SRC_COCOONFS_IMAGE_MAKER_H_
#define SVSM_SRC_COCOONFS_IMAGE_MAKER_H_

#include <cstdint>

#include "cocoonfs/allocation.h"
#include "cocoonfs/block_view.h"
#include "cocoonfs/device_writer.h"
#include "cocoonfs/dirty_blocks.h"
#include "cocoonfs/image_header.h"
#include "cocoonfs/image_plan.h"
#include "cocoonfs/keys.h"
#include "cocoonfs/tree_digests.h"
#include "cocoonfs/tree_shape.h"
#include "svsm/cocoonfs/format.h"

namespace svsm::cocoonfs {

class ImageMaker {
 public:
  ImageMaker(BlockDevice& device, const crypto::Symmetric& symmetric, crypto::Rng& rng,
             Allocator& allocator, const ImageLayout& layout)
      : rng_(rng),
        allocator_(allocator),
        layout_(layout),
        view_(device, allocator),
        writer_(view_, allocator),
        keys_(symmetric, allocator),
        plan_(allocator),
        shape_(allocator),
        allocation_(allocator),
        dirty_(allocator, layout.allocation_block_bytes()) {}

  // Judges everything and finds a place for it; writes nothing. `layout` is valid. `keep` is a part
  // of the device, whole IO blocks, that neither Make() nor WriteHeader() touches. Errors: as
  // Format().
  Status Plan(ByteView user_key, const Salt& salt, std::uint64_t num_blocks, const AuxMetadata* aux,
              const Extent& keep);
  // Writes zeros over the static header's first device block, and a barrier.
  Status Invalidate();
  // Writes all but the static header, and a barrier.
  Status Make(FreeSpace free_space, FormatProgress* progress);
  // Makes the image one, durably.
  Status WriteHeader();
  // After WriteHeader(): the backup header at `backup` is none any more, and what was kept becomes
  // free space like any other, as far as it is on the image. Durable.
  Status DropBackup(const Extent& backup, FreeSpace free_space);

  DeviceView& view() { return view_; }

 private:
  class Filler;

  Status MakeEntryLeaf();
  Status MakeBitmap();
  Status MakeList(std::uint64_t inode, const Extent& file, const Extent& list);
  Status MakeAux(const AuxMetadata& aux);
  Status MakeTree();
  Status MakeMutableHeader();
  Status WriteBlocks(FreeSpace free_space, FormatProgress* progress);
  Status WriteFree(const Extent& range, FreeSpace free_space, Filler& filler);
  // The end of the free run that begins at `at`, and of the dirty or reserved IO block there.
  std::uint64_t FreeEnd(std::uint64_t at) const;

  crypto::Rng& rng_;
  Allocator& allocator_;
  ImageLayout layout_;
  Salt salt_;
  DeviceView view_;
  DeviceWriter writer_;
  KeySet keys_;
  TreeDigests digests_;
  ImagePlan plan_;
  Extent keep_;
  TreeShape shape_;
  Allocation allocation_;
  DirtyBlocks dirty_;
  MutableHeader header_;
  const AuxMetadata* aux_ = nullptr;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_IMAGE_MAKER_H_
