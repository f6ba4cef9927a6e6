// A commit that is pending in the journal: its log, authenticated, and the image as the commit
// makes it. Nothing is written.
#ifndef SVSM_SRC_COCOONFS_JOURNAL_REPLAY_H_
#define SVSM_SRC_COCOONFS_JOURNAL_REPLAY_H_

#include "cocoonfs/journal_log.h"
#include "cocoonfs/replay_view.h"
#include "cocoonfs/volume.h"

namespace svsm::cocoonfs {

// The memory, in bytes, that suffices beyond WorkspaceSize() to open an image with this log in its
// journal, and to apply it. `chain_bytes` is the size of the extents that the log lies in,
// `num_nodes` the number of the tree's nodes that are made anew.
std::size_t ReplayBytes(const ImageLayout& layout, const JournalLog& log, std::size_t chain_bytes,
                        std::size_t num_nodes);

class JournalReplay {
 public:
  explicit JournalReplay(Volume& volume)
      : volume_(volume),
        log_(volume.allocator),
        tails_(volume.allocator),
        view_(volume.device_view),
        have_(volume.allocator) {}
  JournalReplay(const JournalReplay&) = delete;
  JournalReplay& operator=(const JournalReplay&) = delete;

  // Reads the log behind `head` (the journal's head with its protection off) and fills the volume,
  // as far as SetUpVolume() has left it, with the state after the commit; the tree's changed nodes
  // are made anew and handed to volume.tree. The volume reads through this object from then on.
  // Errors: kAuthFailed, kMalformed (detail = Region), kUnsupported (the disguise's cipher),
  // kOutOfMemory, those of the device.
  Status Load(ByteView head);

  const JournalLog& log() const { return log_; }
  // The log's extents behind the head.
  std::span<const Extent> tails() const { return tails_.view(); }
  BlockView& view() { return view_; }
  // As ReplayBytes(), of this log.
  std::size_t replay_bytes() const;

 private:
  Status ReadLog(ByteView head, Vec<std::uint8_t>& payload);
  Status CheckLog(ByteView payload);
  Status CheckPlaces() const;
  Status CheckFragmentsTag(const FragmentsSubject& subject);
  Status LoadFragments();
  Status LoadFileBlock(std::uint64_t first, std::uint64_t index, ByteSpan buffer);
  bool HasFragment(std::uint64_t first, std::size_t& hint) const;
  bool HasBits(std::uint64_t first, std::uint64_t count) const;
  Status RebuildTree();
  Status RebuildLeaf(TreeNode& node, ByteSpan buffer);
  Status RebuildInner(TreeNodeSet& nodes, TreeNode& node, ByteSpan buffer);

  Volume& volume_;
  JournalLog log_;
  Vec<Extent> tails_;
  std::uint64_t aux_heads_[2] = {kNilPointer, kNilPointer};
  ReplayView view_;
  Bitmap have_;  // blocks of the bitmap's file that field 3 has authenticated
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_JOURNAL_REPLAY_H_
