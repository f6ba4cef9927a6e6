// All that is known of an open image. Open() fills it; a commit replaces what it changes.
#ifndef SVSM_SRC_COCOONFS_VOLUME_H_
#define SVSM_SRC_COCOONFS_VOLUME_H_

#include <cstdint>

#include "cocoonfs/allocation.h"
#include "cocoonfs/auth_tree.h"
#include "cocoonfs/aux_extents.h"
#include "cocoonfs/block_view.h"
#include "cocoonfs/dirty_blocks.h"
#include "cocoonfs/image_header.h"
#include "cocoonfs/inode_index.h"
#include "cocoonfs/keys.h"
#include "cocoonfs/node_cache.h"
#include "cocoonfs/pooled_rng.h"
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
  PooledRng rng;
  Allocator& allocator;

  // What never changes.
  ImageLayout layout;
  Salt salt;
  HeaderPlaces places;
  KeySet keys;
  DeviceView device_view;
  BlockView* view = nullptr;  // the device, or a pending journal laid over it
  TreeDigests digests;
  OwnedCipher index_cipher;    // domain 3
  OwnedCipher bitmap_cipher;   // domain 2
  OwnedCipher counter_cipher;  // domain 6
  OwnedHmac entry_leaf_hmac;   // domain 3, preauth

  // What a commit replaces. `header` is what the image shows (with a pending journal: the state
  // after it); `counter` is its counter in the clear, least significant byte first.
  MutableHeader header;
  Bytes<kCounterBytes> counter{};
  Bytes<crypto::kMaxDigestSize> image_context{};
  TreeShape shape;
  AuthTree tree;
  Allocation allocation;
  Vec<Extent> bitmap_extents;
  AuxExtents aux;
};

// The nodes of the index for readers: authenticated by the volume's tree and decrypted.
class VolumeIndexNodes final : public IndexNodes {
 public:
  explicit VolumeIndexNodes(Volume& volume) : VolumeIndexNodes(volume, Keeping::kNothing) {}
  // Nodes are kept, or read from the device each time.
  enum class Keeping : std::uint8_t { kNothing, kNodes };
  VolumeIndexNodes(Volume& volume, Keeping keeping)
      : volume_(volume),
        block_(volume.allocator),
        keeping_(keeping),
        leaves_(volume.allocator),
        internals_(volume.allocator) {}

  Result<ByteView> Read(std::uint64_t first, NodeKind kind) override;
  Result<ByteSpan> Change(std::uint64_t first, NodeKind kind) override;
  Result<NewNode> Create(NodeKind kind) override;
  Status Free(std::uint64_t first, NodeKind kind) override;
  // After a commit that wrote `dirty` and freed `freed`, when the volume has its state: what is
  // kept stays, with what was written of it.
  void Became(const DirtyBlocks& dirty, std::span<const Extent> freed);
  std::size_t PayloadSize(NodeKind kind) const;
  std::uint64_t NodeBlocks(NodeKind kind) const override;

 private:
  NodeCache& CacheFor(NodeKind kind);
  void Refresh(NodeCache& cache, NodeKind kind, const DirtyBlocks::Run& run);

  Volume& volume_;
  Vec<std::uint8_t> block_;
  Keeping keeping_;
  NodeCache leaves_;
  NodeCache internals_;
  Bytes<kCounterBytes> counter_{};  // of the state that they are of
};

// Nodes of the tree that the cache of a volume keeps: 16 KiB of them, or two a level if that is
// more.
std::size_t TreeCacheNodes(const ImageLayout& layout);
// Of the bitmap's file that LoadBitmap() reads at once.
std::size_t BitmapBufferBytes(const ImageLayout& layout);

// The steps of opening, for Open() and for replay. Each reads through `volume.view`;
// `volume.header` is set. Errors of all: kAuthFailed and kMalformed (detail = Region),
// kOutOfMemory, those of the device.

// Checks and decrypts the entry leaf, gives the entries of inodes 1, 2, 3.
struct EntryPointers {
  ExtentPointer tree;
  ExtentPointer bitmap;
};
Result<EntryPointers> LoadEntryLeaf(Volume& volume);
// The extents of inode 1 or 2: the direct one, or those of its tagged list. The extents of the list
// itself are appended to `chain`, which may be null.
Status LoadTaggedExtents(Volume& volume, std::uint64_t inode, const ExtentPointer& pointer,
                         Vec<Extent>& out, Vec<Extent>* chain);
// Shape and image context from the extents; the tree has no root yet.
Status SetUpTree(Volume& volume, std::span<const Extent> tree, std::span<const Extent> bitmap);
// Auxiliary extents from two encoded pointers, and with them what digests leave out.
Status LoadUntracked(Volume& volume, const std::uint64_t (&aux_heads)[2]);
// The whole bitmap, checked by the tree; what has a fixed place must be in it, once.
Status LoadBitmap(Volume& volume);

// Reads the extents of a file that `entry` names: the direct one, or those of its list. `out` is
// emptied first; the extents of the list itself are appended to `chain`, which may be null.
// Errors: kMalformed (Region::kExtentsList), as AuthTree::ReadChecked().
Status ReadFileExtents(Volume& volume, const IndexEntry& entry, Vec<Extent>& out,
                       Vec<Extent>* chain);

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_VOLUME_H_
