// Where an open file system stands between two states: idle, in a transaction, or with a commit
// that is prepared, written or found.
#ifndef SVSM_SRC_COCOONFS_WRITE_STATE_H_
#define SVSM_SRC_COCOONFS_WRITE_STATE_H_

#include <optional>

#include "cocoonfs/commit_builder.h"
#include "cocoonfs/file_reader.h"
#include "cocoonfs/journal_replay.h"
#include "cocoonfs/transaction_state.h"
#include "svsm/cocoonfs/transaction.h"

namespace svsm::cocoonfs {

struct WriteState {
  // Keeps references. `replay` is filled at Open() if a commit was found.
  WriteState(Volume& open_volume, VolumeIndexNodes& open_nodes,
             std::optional<InodeIndex>& open_index, FileReader& open_reader,
             std::optional<JournalReplay>& found)
      : volume(open_volume),
        index_nodes(open_nodes),
        index(open_index),
        reader(open_reader),
        replay(found),
        carried(open_volume.allocator),
        commit_writer(open_volume.device_view, open_volume.allocator),
        transaction(*this),
        commit(*this) {}
  WriteState(const WriteState&) = delete;
  WriteState& operator=(const WriteState&) = delete;
  ~WriteState() { Drop(); }

  enum class Phase : std::uint8_t {
    kIdle,
    kTransaction,
    kPrepared,  // the head is not written
    kWritten,   // the head is durable
    kFailed,    // the device failed where the image's state is not known any more
  };

  // When the image is open; says whether a commit was found.
  void Opened(const OpenOptions& open_options);

  Result<Transaction*> Begin();
  PendingCommit* pending() {
    return phase == Phase::kPrepared || phase == Phase::kWritten ? &commit : nullptr;
  }

  // The steps of Transaction and PendingCommit.
  Result<PendingCommit*> Prepare();
  Status WriteJournal();
  Status Apply();
  Status Cancel();
  // Gives back all memory of a transaction or commit; the phase is the caller's to set.
  void Drop();

  Volume& volume;
  VolumeIndexNodes& index_nodes;
  std::optional<InodeIndex>& index;
  FileReader& reader;
  std::optional<JournalReplay>& replay;
  OpenOptions options;
  CarriedOver carried;
  DeviceWriter commit_writer;  // its buffer stays from one commit to the next
  Transaction transaction;
  PendingCommit commit;
  Phase phase = Phase::kIdle;
  TransactionState* active = nullptr;
  PreparedCommit* prepared = nullptr;
  CommitKeys keys;

  // Of the commit that is, or was last, pending.
  Bytes<crypto::kMaxDigestSize> old_root{};
  std::size_t old_root_size = 0;
  Bytes<crypto::kMaxDigestSize> new_root{};
  Bytes<kCounterBytes> new_counter{};
  std::size_t replay_bytes = 0;
  // The highest value that any commit of this object had.
  Bytes<kCounterBytes> last_counter{};
  // Whether the first device block of the journal's head is known to be zeros.
  bool head_clean = false;

 private:
  Status BuildCommit();
  Status CleanHead();
  Status WriteAhead();
  Status PutInPlace();
  Status PutCopies();
  Status PutChain();
  Status ApplyPrepared();
  Status ApplyFound();
  Status PutNodes(const TreeNodeSet& nodes, DeviceWriter& writer);
  Status EndJournal(DeviceWriter& writer);
  Status Trim(const JournalLog& log, std::span<const Extent> tails);
  Status TrimRange(const Extent& range);
  void Become();
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_WRITE_STATE_H_
