// The changes of one transaction, in memory.
#ifndef SVSM_SRC_COCOONFS_TRANSACTION_STATE_H_
#define SVSM_SRC_COCOONFS_TRANSACTION_STATE_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "cocoonfs/allocation.h"
#include "cocoonfs/aux_extents.h"
#include "cocoonfs/dirty_blocks.h"
#include "cocoonfs/encrypted_extents.h"
#include "cocoonfs/inode_index.h"
#include "cocoonfs/space.h"
#include "cocoonfs/transaction_nodes.h"
#include "cocoonfs/volume.h"
#include "svsm/cocoonfs/aux_metadata.h"

namespace svsm::cocoonfs {

// A file that this transaction wrote.
struct OwnFile {
  explicit OwnFile(Allocator& allocator) : extents(allocator), chain(allocator) {}
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::uint8_t flags = 0;
  Vec<Extent> extents;
  Vec<Extent> chain;  // of its extents list
};

// What one transaction leaves to the next, so that it need not be made anew.
struct CarriedOver {
  explicit CarriedOver(Allocator& allocator) : after(allocator), used(allocator) {}
  // After a commit: `allocation` takes over its state.
  void Become(Allocation& allocation, const Space& space) {
    allocation.TakeChanges(after);
    used.TakeChanges(after.bitmap());
    fresh_from = space.FreshFrom();
  }
  Allocation after;
  Bitmap used;                   // the Space's
  std::uint64_t fresh_from = 0;  // below it no unit is free as a whole
  FileCipher cipher;             // of the file that was written last
};

class TransactionState {
 public:
  // Keeps references.
  TransactionState(Volume& volume, VolumeIndexNodes& index_nodes, CarriedOver& carried);

  // Errors: kOutOfMemory, those of reading the index.
  Status Init();

  // As the functions of Transaction.
  Status BeginWrite(std::uint64_t inode, std::uint64_t size_bytes, std::uint8_t flags);
  Status Append(ByteView data);
  Status EndWrite();
  Status Remove(std::uint64_t inode);
  Status SetAux(const AuxMetadata& aux);
  // Gives auxiliary metadata that are marked to be moved new extents with all of their reserve, as
  // far as there is room. Errors: kOutOfMemory, those of the device.
  Status MoveAux();
  // Null if the transaction did not write the file.
  const OwnFile* FindOwn(std::uint64_t inode) const;
  Status ReadOwn(const OwnFile& file, std::uint64_t offset, ByteSpan out);
  InodeIndex& index() { return index_; }

  Volume& volume() { return volume_; }
  Allocation& after() { return after_; }
  Space& space() { return space_; }
  DirtyBlocks& dirty() { return dirty_; }
  TransactionNodes& nodes() { return nodes_; }
  // The extents of auxiliary metadata after the commit.
  const AuxExtents& aux() const { return aux_; }
  AuxExtents TakeAux() { return std::move(aux_); }
  bool aux_changed() const { return aux_changed_; }
  bool writing() const { return writing_.has_value(); }
  bool failed() const { return failed_; }
  Status Fail(Status status) {
    failed_ = true;
    return status;
  }

 private:
  struct Writing {
    explicit Writing(Allocator& allocator)
        : file(allocator), bytes(allocator), digests(allocator) {}
    OwnFile file;
    std::optional<FileEncryptor> encryptor;
    Vec<std::uint8_t> bytes;  // the whole stream
    std::size_t filled = 0;
    std::uint64_t left = 0;  // bytes still to come
    // Of the stream's data blocks from the first on; room for none if they are not to be known.
    Vec<std::uint8_t> digests;
  };

  std::size_t SearchOwn(std::uint64_t inode) const;
  Status AppendPiece(ByteView data);
  // Room for the digests of data blocks that the file has for itself, if it is large.
  Status ReserveDigests(Writing& writing);
  // Gives back the blocks of a file, its own or an old one.
  Status Release(const IndexEntry& entry);
  Status LayOut(Writing& writing);
  Status MakeList(OwnFile& file);
  Status TakeChain(std::size_t payload_size, std::uint64_t inode, Vec<Extent>& out);
  void CopyStream(const OwnFile& file, std::uint64_t offset, ByteSpan out) const;
  Status TakeAuxRing(const AuxMetadata& aux, AuxExtents& out);
  Status PutAux(const AuxMetadata& aux);
  Status IsModest(const AuxMetadata& aux, bool& modest) const;
  Status CheckAuxRing();
  Status DropAuxRing();

  Volume& volume_;
  FileCipher& cipher_;
  Allocation& after_;
  Space space_;
  DirtyBlocks dirty_;
  TransactionNodes nodes_;
  InodeIndex index_;
  Vec<OwnFile> own_;  // by inode
  AuxExtents aux_;
  bool aux_changed_ = false;
  bool failed_ = false;
  std::optional<Writing> writing_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_TRANSACTION_STATE_H_
