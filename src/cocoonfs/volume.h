// All that is known of an open image. Open() fills it; a commit replaces what it changes.
#ifndef SVSM_SRC_COCOONFS_VOLUME_H_
#define SVSM_SRC_COCOONFS_VOLUME_H_

#include <cstdint>

#include "cocoonfs/allocation.h"
#include "cocoonfs/auth_tree.h"
#include "cocoonfs/aux_extents.h"
#include "cocoonfs/block_view.h"
#include "cocoonfs/image_header.h"
#include "cocoonfs/inode_index.h"
#include "cocoonfs/keys.h"
#include "cocoonfs/tree_digests.h"
#include "cocoonfs/tree_shape.h"
#include "svsm/core/block_device.h"
#include "svsm/crypto/rng.h"

namespace svsm::cocoonfs {

struct Volume {
  Volume(BlockDevice& block_device, const crypto::Symmetric& symmetric, crypto::Rng& random,
         Allocator& memory)
      : device(block_device),
        rng(random),
        allocator(memory),
        keys(symmetric, memory),
        device_view(block_device, memory),
        shape(memory),
        tree(memory),
        allocation(memory),
        bitmap_extents(memory),
        aux(memory) {}

  BlockDevice& device;
  crypto::Rng& rng;
  Allocator& allocator;

  // What never changes.
  ImageLayout layout;
  Salt salt;
  HeaderPlaces places;
  KeySet keys;
  DeviceView device_view;
  TreeDigests digests;
  OwnedCipher index_cipher;    // domain 3
  OwnedCipher bitmap_cipher;   // domain 2
  OwnedCipher counter_cipher;  // domain 6
  OwnedHmac entry_leaf_hmac;   // domain 3, preauth

  // What a commit replaces. `header` is what the image shows (with a pending journal: the state after
  // it); `counter` is its counter in the clear, least significant byte first.
  MutableHeader header;
  Bytes<kCounterBytes> counter{};
  Bytes<crypto::kMaxDigestSize> image_context{};
  TreeShape shape;
  AuthTree tree;  // its view is where this volume is read from: the device, or a journal over it
  Allocation allocation;
  Vec<Extent> bitmap_extents;
  AuxExtents aux;
};

// The nodes of the index for readers: authenticated by the volume's tree and decrypted.
class VolumeIndexNodes final : public IndexNodes {
 public:
  explicit VolumeIndexNodes(Volume& volume) : volume_(volume), block_(volume.allocator) {}

  Result<ByteView> Read(std::uint64_t first, NodeKind kind) override;
  Status Write(std::uint64_t first, NodeKind kind, ByteView payload) override;
  Result<std::uint64_t> Allocate(NodeKind kind) override;
  Status Free(std::uint64_t first, NodeKind kind) override;
  std::size_t PayloadSize(NodeKind kind) const override;
  std::uint64_t NodeBlocks(NodeKind kind) const override;

 private:
  Volume& volume_;
  Vec<std::uint8_t> block_;
};

// Fills everything from `image_context` on for `header` (which is set, as are the lists of the tree's and
// the bitmap's extents) and reads the root of the tree, auxiliary extents and the bitmap. Used by Open()
// and after a journal has been laid over the device.
Status LoadVolume(Volume& volume);

// Reads the extents of a file that `entry` names: the direct one, or those of its list.
// `out` is emptied first. Errors: kMalformed (Region::kExtentsList), as AuthTree::ReadChecked().
Status ReadFileExtents(Volume& volume, const IndexEntry& entry, Vec<Extent>& out);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_VOLUME_H_
