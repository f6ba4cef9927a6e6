#include "cocoonfs/open.h"

#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {

Status SetUpVolume(Volume& volume, const StaticHeader& header, ByteView user_key) {
  volume.layout = header.layout;
  volume.salt = header.salt;
  SVSM_ASSIGN_OR_RETURN(volume.places, PlacesOf(header.layout, header.salt.size));
  SVSM_TRY(
      volume.device_view.Init(header.layout.allocation_block_log2, header.layout.io_block_bytes()));
  volume.view = &volume.device_view;
  SVSM_TRY(volume.keys.Init(header.layout, header.salt.view(), user_key));
  SVSM_TRY(volume.digests.Init(volume.keys));
  SVSM_ASSIGN_OR_RETURN(volume.index_cipher,
                        volume.keys.NewCipher(kIndexRootInode, Subdomain::kData));
  SVSM_ASSIGN_OR_RETURN(volume.bitmap_cipher,
                        volume.keys.NewCipher(kBitmapInode, Subdomain::kData));
  SVSM_ASSIGN_OR_RETURN(volume.counter_cipher,
                        volume.keys.NewCipher(kCounterInode, Subdomain::kData));
  SVSM_ASSIGN_OR_RETURN(
      volume.entry_leaf_hmac,
      volume.keys.NewHmac(KeyPurpose::kPreauth, kIndexRootInode, Subdomain::kData));
  return OkStatus();
}

Status LoadMutableHeader(Volume& volume) {
  Vec<std::uint8_t> bytes(volume.allocator);
  SVSM_TRY(bytes.Resize(static_cast<std::size_t>(volume.places.mutable_header.count) *
                        volume.layout.allocation_block_bytes()));
  SVSM_TRY(volume.view->Read(volume.places.mutable_header.first, bytes.view()));
  SVSM_ASSIGN_OR_RETURN(volume.header, DecodeMutableHeader(volume.layout, bytes.view()));
  if (!IsZero(ByteView(bytes.view()).subspan(MutableHeaderBytes(volume.layout)))) {
    return Malformed(Region::kMutableHeader);
  }
  const MutableHeader& header = volume.header;
  if (header.num_blocks > volume.device_view.num_blocks()) return Malformed(Region::kDevice);
  if (volume.places.journal_head.end() > header.num_blocks) {
    return Malformed(Region::kMutableHeader);
  }
  return DecryptCounter(*volume.counter_cipher, header.encrypted_counter, volume.counter);
}

Status LoadCleanVolume(Volume& volume) {
  SVSM_TRY(LoadMutableHeader(volume));
  SVSM_ASSIGN_OR_RETURN(const EntryPointers pointers, LoadEntryLeaf(volume));
  Vec<Extent> tree(volume.allocator);
  Vec<Extent> bitmap(volume.allocator);
  SVSM_TRY(LoadTaggedExtents(volume, kTreeInode, pointers.tree, tree, nullptr));
  SVSM_TRY(LoadTaggedExtents(volume, kBitmapInode, pointers.bitmap, bitmap, nullptr));
  SVSM_TRY(SetUpTree(volume, tree.view(), bitmap.view()));
  SVSM_TRY(volume.tree.SetRoot(
      volume.header.root_view(volume.layout), volume.header.encrypted_counter,
      ByteView(volume.image_context).first(volume.digests.root_digest_bytes())));
  SVSM_TRY(LoadUntracked(volume, volume.header.aux_heads));
  return LoadBitmap(volume);
}

}  // namespace svsm::cocoonfs
