// Turns a transaction into a commit: everything that is to be written, and where, worked out in
// memory.
#ifndef SVSM_SRC_COCOONFS_COMMIT_BUILDER_H_
#define SVSM_SRC_COCOONFS_COMMIT_BUILDER_H_

#include <cstdint>

#include "cocoonfs/device_writer.h"
#include "cocoonfs/fill_stream.h"
#include "cocoonfs/journal_log.h"
#include "cocoonfs/range_set.h"
#include "cocoonfs/replay_view.h"
#include "cocoonfs/transaction_state.h"

namespace svsm::cocoonfs {

// A commit that is ready to be written. Nothing in it allocates any more.
struct PreparedCommit {
  // Keeps references.
  PreparedCommit(TransactionState& transaction, DeviceWriter& device_writer)
      : state(transaction),
        log(transaction.volume().allocator),
        tree(transaction.volume().tree, transaction.volume().allocator),
        journal(transaction.volume().allocator),
        tails(transaction.volume().allocator),
        chain(transaction.volume().allocator),
        writer(device_writer) {}

  TransactionState& state;
  MutableHeader header;
  Bytes<kCounterBytes> counter{};
  JournalLog log;
  TreeUpdate tree;
  Vec<Extent> journal;  // places for copies, and behind them for the log's tails
  Vec<Extent> tails;
  Vec<std::uint8_t> chain;  // the head as it is written, then the tails
  DeviceWriter& writer;
};

// What every commit needs, made once.
class CommitKeys {
 public:
  OwnedCipher journal_cipher;
  OwnedHmac journal_hmac;
  OwnedHmac fragments_hmac;
  StagingDisguise disguise;  // of the commit, if its log has one

  // Does nothing if they are there. Errors: as KeySet::NewCipher(), those of the rng.
  Status Load(KeySet& keys, crypto::Rng& rng);
  // What goes to free blocks beside those that are written. Errors: kInternal.
  Status FillFree(ByteSpan out);

 private:
  static constexpr std::size_t kFillBytes = 1024;

  FillStream filler_;
  Bytes<kFillBytes> fill_{};   // made ahead
  std::size_t fill_left_ = 0;  // at its end
};

struct CommitOptions {
  bool trim = false;
  Bytes<kCounterBytes> last_counter{};  // the new one is the next
};

class CommitBuilder {
 public:
  CommitBuilder(PreparedCommit& commit, CommitKeys& keys, const CommitOptions& options)
      : commit_(commit),
        keys_(keys),
        state_(commit.state),
        volume_(commit.state.volume()),
        layout_(volume_.layout),
        options_(options),
        touched_(volume_.allocator),
        buffer_(volume_.allocator) {}

  // Errors: kExhausted, kOutOfMemory, kAuthFailed and kMalformed (what is kept of old blocks),
  // those of the rng and of reading.
  Status Build();

 private:
  Status EncryptNodes();
  Status EncryptBitmap();
  Status MakeCounter();
  // Makes the dirty blocks whole IO blocks.
  Status FillGaps();
  Status FillGap(const Extent& gap);
  Status MarkTouched();
  Status DigestTouched();
  Status DigestData(std::uint64_t index, std::uint64_t first, ByteView data, ByteView known,
                    TreeDigests::Batch& batch);
  ByteView KnownDigests(std::uint64_t first) const;
  bool IsHeld(std::uint64_t word, ByteView data) const;
  Status GatherData(std::uint64_t first, std::uint64_t missing);
  Status PlanWrites();
  Status PlanTrims();
  Status MakeFragments();
  Status AddFragments(const RangeSet& file_blocks);
  Status AddFragment(std::uint64_t index);
  Status MakeLog(Vec<std::uint8_t>& payload);
  Status MakeChain(ByteView payload);
  // Where block `index` of the bitmap's file is; there is one.
  std::uint64_t BitmapBlockAt(std::uint64_t index) const;
  std::uint64_t NumBitmapBlocks() const;

  PreparedCommit& commit_;
  CommitKeys& keys_;
  TransactionState& state_;
  Volume& volume_;
  const ImageLayout& layout_;
  const CommitOptions& options_;
  RangeSet touched_;  // data blocks that may have another digest
  Vec<std::uint8_t> buffer_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_COMMIT_BUILDER_H_
