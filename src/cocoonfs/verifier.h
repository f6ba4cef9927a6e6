// The parts of Verify(): each looks at one kind of structure and adds to the report.
#ifndef SVSM_SRC_COCOONFS_VERIFIER_H_
#define SVSM_SRC_COCOONFS_VERIFIER_H_

#include "cocoonfs/bitmap.h"
#include "cocoonfs/volume.h"
#include "svsm/cocoonfs/verify.h"

namespace svsm::cocoonfs {

class Verifier {
 public:
  Verifier(Volume& volume, VerifyReport& report, VerifyProgress* progress)
      : volume_(volume),
        report_(report),
        progress_(progress),
        claimed_(volume.allocator),
        buffer_(volume.allocator) {}

  // Errors: kOutOfMemory, and what `progress` returns.
  Status Run();

 private:
  // What of a Status is a finding: everything but kOutOfMemory.
  Status Note(const Status& status, Region region, std::uint64_t inode, const Extent& extent);
  void Add(Problem problem, Region region, std::uint64_t inode, const Extent& extent);
  // Whether nobody else had a block of it.
  bool Claim(const Extent& extent, Region region, std::uint64_t inode);
  Status Step(std::uint64_t done);

  Status CheckHeaders();
  Status CheckStaticHeader();
  Status CheckTree();
  Status CheckTreeNode(std::uint32_t level, std::uint64_t index);
  Status CheckData();
  Status CheckDataRun(std::uint64_t first, std::uint64_t count);
  Status CheckBitmapFile();
  Status ClaimFixed();
  Status CheckAux();
  Status CheckIndex();
  Status CheckFile(const IndexEntry& entry);
  void CompareWithBitmap();
  void AddRun(const Extent& run, bool claimed);

  friend class IndexWalk;

  Volume& volume_;
  VerifyReport& report_;
  VerifyProgress* progress_;
  Bitmap claimed_;
  Vec<std::uint8_t> buffer_;
};

// Goes through the index in depth-first order, in memory for one node of each kind.
class IndexWalk {
 public:
  explicit IndexWalk(Verifier& verifier)
      : verifier_(verifier),
        volume_(verifier.volume_),
        nodes_(volume_),
        path_(volume_.allocator),
        next_leaf_(EncodeBlockPointer(volume_.header.entry_leaf)) {}

  Status Run();

 private:
  // A node on the way down: where it is, which child is next, and between which inodes its own are.
  struct Place {
    std::uint64_t first = 0;
    std::uint32_t level = 0;
    std::size_t child = 0;
    std::uint64_t low = 0;
    std::uint64_t high = 0;  // exclusive; 0 is no bound
  };

  Result<ExtentPointer> FindRoot();
  // One step at the end of the path: the next child, or back.
  Status Step();
  Status CheckInternal(const Place& place, const InternalNode& node);
  Status CheckLeaf(const Place& place);
  Status CheckEntries(const LeafNode& leaf);
  // Whether the node is visited for the first time; if not, that is a finding.
  bool ClaimNode(std::uint64_t first, NodeKind kind);
  void Bad(Region region, std::uint64_t first, std::uint64_t count);

  Verifier& verifier_;
  Volume& volume_;
  VolumeIndexNodes nodes_;
  Vec<Place> path_;
  std::uint64_t next_leaf_;  // encoded, as the leaf before says
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_VERIFIER_H_
