// The authentication tree in use: it says of ciphertext whether it is what was written.
//
//   AuthTree tree(allocator);
//   SVSM_TRY(tree.Init(shape, digests, view, cache_bytes));
//   SVSM_TRY(tree.SetRoot(root_digest, encrypted_counter, image_context));   // reads the root node
//   SVSM_TRY(tree.ReadChecked(allocation, first, count, out));
//
// Nodes are read when they are needed, checked from the root down, and kept in a cache of fixed
// size.
#ifndef SVSM_SRC_COCOONFS_AUTH_TREE_H_
#define SVSM_SRC_COCOONFS_AUTH_TREE_H_

#include <cstdint>

#include "cocoonfs/allocation.h"
#include "cocoonfs/block_view.h"
#include "cocoonfs/tree_digests.h"
#include "cocoonfs/tree_shape.h"
#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {

// Checked data blocks that ReadChecked() keeps, in bytes, if that is more than one block. They may
// be of several places: who goes through the index comes by the same ones again.
inline constexpr std::size_t kTreeReadBytes = 4096;

// The digests of one node, as they are or will be on the image.
struct TreeNode {
  explicit TreeNode(Allocator& allocator) : digests(allocator) {}
  std::uint32_t level = 0;
  std::uint64_t index = 0;
  Vec<std::uint8_t> digests;  // without the node's padding, which is zero
  // Where it differs from what is on the device: a range of bytes, all of it if that is not known.
  std::size_t changed_from = 0;
  std::size_t changed_end = ~std::size_t{0};
};

// Nodes by {level, index}, sorted: what an update or a replay has made anew.
class TreeNodeSet {
 public:
  explicit TreeNodeSet(Allocator& allocator) : nodes_(allocator) {}

  TreeNode* Find(std::uint32_t level, std::uint64_t index);
  // A new node of zeros; there is none like it. Pointers to nodes are void then.
  // Errors: kOutOfMemory.
  Result<TreeNode*> Add(std::uint32_t level, std::uint64_t index, std::size_t digests_bytes);
  std::span<TreeNode> view() { return nodes_.view(); }
  std::span<const TreeNode> view() const { return nodes_.view(); }
  void Clear() { nodes_.Clear(); }

 private:
  std::size_t LowerBound(std::uint32_t level, std::uint64_t index) const;
  Vec<TreeNode> nodes_;
};

class AuthTree {
 public:
  explicit AuthTree(Allocator& allocator)
      : cache_(allocator), slots_(allocator), read_(allocator), made_(allocator) {}

  // Keeps references to all of them. The cache has `cache_nodes` nodes, two a level at least.
  // Errors: kOutOfMemory.
  Status Init(const ImageLayout& layout, const TreeShape& shape, TreeDigests& digests,
              BlockView& view, std::size_t cache_nodes);
  // From here on nodes and data are read through `view`; what is cached stays.
  void SetView(BlockView& view) { view_ = &view; }
  BlockView& view() { return *view_; }
  const TreeShape& shape() const { return *shape_; }
  TreeDigests& digests() { return *digests_; }

  // Begins to trust: drops the cache, reads the root node and checks it. Errors: kAuthFailed
  // (Region::kRootDigest), kMalformed (Region::kTreeNode), those of the view.
  Status SetRoot(ByteView root_digest, ByteView encrypted_counter, ByteView image_context);

  // Takes nodes that were made in memory and whose root's digest has been checked or written: they
  // go before what the view says, until SetRoot() or ReleaseMade(). They are this object's then.
  // The cache forgets its older copies.
  void AdoptMade(TreeNodeSet&& nodes);
  // After made nodes have been written where the view reads them.
  void ReleaseMade() { made_.Clear(); }
  const TreeNodeSet& made() const { return made_; }
  bool IsMade(std::uint32_t level, std::uint64_t index) {
    return made_.Find(level, index) != nullptr;
  }
  // Forgets cached data blocks, not nodes.
  void ForgetData();
  // After a write: `refresh` is given each cached data block's place and bytes, and brings those up
  // to date that were written.
  template <typename Refresh>
  void RefreshData(Refresh&& refresh) {
    for (std::size_t i = 0; i < num_places_; ++i) {
      if (places_[i] != kNilPointer) refresh(places_[i], Place(i));
    }
  }
  // Forgets everything cached that AdoptMade() has not given.
  void ForgetAll();

  // The digests of a node, checked, valid until the next call that is not const.
  // Errors: kAuthFailed (Region::kTreeNode), kMalformed (Region::kTreeNode), those of the view.
  Result<ByteView> Node(std::uint32_t level, std::uint64_t index);
  // The digest that the tree holds for a data block; as Node().
  Result<ByteView> DataDigest(std::uint64_t index);

  // Checks whole data blocks: `first` is aligned, `data` holds all of their bytes that are on the
  // image, `tree` blocks are not among them. Errors: as Node(), and kAuthFailed
  // (Region::kTreeData).
  Status CheckData(const Allocation& allocation, std::uint64_t first, ByteView data);
  // As CheckData() for blocks that are known to be allocated as a whole, before there is a bitmap.
  Status CheckAllocatedData(std::uint64_t first, ByteView data);

  // One data block whose blocks in `word` are allocated; as TreeDigests::DataBlock() takes it.
  Status CheckBlock(std::uint64_t index, std::uint64_t word, ByteView data);
  // Reads whole data blocks and checks them; as CheckData(). `out` is undefined after a failure.
  Status ReadData(const Allocation& allocation, std::uint64_t first, ByteSpan out);
  // Reads allocated blocks with the data blocks around them, checks those, and copies what was
  // asked for. Data blocks that were checked last are not read again.
  // Errors: kMalformed (`region`: outside the image, touches the tree or what digests leave out, or
  // is not allocated), as CheckData(), kOutOfMemory.
  Status ReadChecked(const Allocation& allocation, const Extent& extent, ByteSpan out,
                     Region region);

 private:
  static constexpr std::size_t kMostPlaces = 8;

  struct Slot {
    std::uint32_t level = 0;
    std::uint64_t index = 0;
    std::uint64_t used = 0;  // time of the last use; 0 if empty
  };

  static constexpr std::size_t kMaxRun = 8;

  Slot* FindSlot(std::uint32_t level, std::uint64_t index);
  Slot& EvictSlot();
  ByteSpan SlotBytes(const Slot& slot);
  std::uint64_t AncestorIndex(std::uint32_t level, std::uint64_t index, std::uint32_t at) const;
  // kNotFound if the node is neither made nor cached.
  Result<ByteView> Known(std::uint32_t level, std::uint64_t index);
  Status ReadNode(std::uint32_t level, std::uint64_t index, ByteSpan out);
  Status LoadChild(std::uint32_t level, std::uint64_t index, ByteView digest);
  // The checked data block that begins at `first`, or empty.
  ByteSpan FindData(std::uint64_t first);
  // Reads it and those behind it that `extent` goes on into and that are not there, as many as fit.
  Status LoadData(const Allocation& allocation, std::uint64_t first, const Extent& extent);
  ByteSpan Place(std::size_t i) {
    return ByteSpan(read_.view()).subspan(i * data_block_bytes_, data_block_bytes_);
  }
  // Up to kMaxRun data blocks from `index` on; `word` has the bits of all their
  // blocks, one after the other.
  Status CheckRun(std::uint64_t index, std::uint64_t word, ByteView data);
  // All data blocks in `data`; `word_of` gives the bits of up to 64 blocks.
  template <typename Word>
  Status CheckRuns(std::uint64_t first, ByteView data, Word&& word_of);
  Status CheckDigests(std::uint64_t index, ByteView digests);

  const TreeShape* shape_ = nullptr;
  TreeDigests* digests_ = nullptr;
  BlockView* view_ = nullptr;
  std::size_t block_bytes_ = 0;
  std::size_t data_block_bytes_ = 0;
  std::size_t slot_bytes_ = 0;
  Vec<std::uint8_t> cache_;
  Vec<Slot> slots_;        // the first is the root's
  std::size_t found_ = 0;  // where FindSlot() was last
  std::uint64_t time_ = 0;
  Vec<std::uint8_t> read_;                  // checked data blocks of ReadChecked()
  std::uint64_t places_[kMostPlaces] = {};  // where each begins; kNilPointer: there is none
  std::size_t num_places_ = 0;
  std::size_t next_place_ = 0;
  TreeNodeSet made_;
};

// Changes digests of data blocks and works out the nodes above them. Each node is loaded and
// checked before it is changed.
class TreeUpdate {
 public:
  TreeUpdate(AuthTree& tree, Allocator& allocator) : tree_(tree), nodes_(allocator) {}

  // Makes leaves all of whose data blocks are among the `count` ones from `index` on, without a
  // look at what they have been. DataDigest() must be called for each of those data blocks. Errors:
  // kOutOfMemory; the update is void then.
  Status RenewLeaves(std::uint64_t index, std::uint64_t count);
  // Where the digest of a data block is to be put, before Finish(). Errors: as AuthTree::Node(),
  // kOutOfMemory. After a failure the update is void.
  Result<ByteSpan> DataDigest(std::uint64_t index);
  // Works out all nodes up to the root and the root's digest. Errors: kOutOfMemory, kInternal, as
  // AuthTree::Node().
  Status Finish(ByteView encrypted_counter, ByteView image_context, ByteSpan root_digest);
  // After Finish(): the changed nodes, sorted by level.
  TreeNodeSet& nodes() { return nodes_; }

 private:
  Result<TreeNode*> Touch(std::uint32_t level, std::uint64_t index);
  // The digest's place, which has changed.
  static ByteSpan Entry(TreeNode& node, std::size_t entry, std::size_t digest_bytes);

  AuthTree& tree_;
  TreeNodeSet nodes_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_AUTH_TREE_H_
