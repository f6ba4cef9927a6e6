// The device as it will be once a pending journal's writes are done: blocks that are still in their
// staging copies are read from there, and their disguise is taken off.
#ifndef SVSM_SRC_COCOONFS_REPLAY_VIEW_H_
#define SVSM_SRC_COCOONFS_REPLAY_VIEW_H_

#include <span>

#include "cocoonfs/block_view.h"
#include "cocoonfs/journal_log.h"
#include "cocoonfs/keys.h"
#include "svsm/crypto/symmetric.h"

namespace svsm::cocoonfs {

// The one-time encryption of staging copies, an allocation block at a time.
class StagingDisguise {
 public:
  // May be called again, with other keys. Errors: kUnsupported (detail = the cipher's TCG number),
  // kOutOfMemory, kInternal.
  Status Init(const DisguiseKeys& keys, const crypto::Symmetric& symmetric, Allocator& allocator);

  // `blocks` are whole allocation blocks of `block_bytes`, to be found at `staging` on and meant
  // for `target` on. In place. Errors: kInternal.
  Status Apply(std::uint64_t target, std::uint64_t staging, std::size_t block_bytes,
               ByteSpan blocks);
  Status Remove(std::uint64_t target, std::uint64_t staging, std::size_t block_bytes,
                ByteSpan blocks);

 private:
  enum class Direction : std::uint8_t { kOn, kOff };
  Status Convert(Direction direction, std::uint64_t target, std::uint64_t staging,
                 std::size_t block_bytes, ByteSpan blocks);
  // Of as many blocks as `out` has room for.
  Status MakeIvs(std::uint64_t target, std::uint64_t staging, ByteSpan out);

  OwnedCipher cipher_;
  OwnedCipher iv_cipher_;
};

class ReplayView final : public BlockView {
 public:
  // Keeps a reference to `below`.
  explicit ReplayView(BlockView& below) : below_(below) {}

  // `writes` are sorted by target and stay where they are. Errors: as StagingDisguise::Init().
  Status Init(std::span<const ApplyRecord> writes, const DisguiseKeys* disguise,
              std::size_t block_bytes, const crypto::Symmetric& symmetric, Allocator& allocator);

  Status Read(std::uint64_t first, ByteSpan out) override;

 private:
  // The first record that ends behind the block.
  std::size_t FirstEndingBehind(std::uint64_t block) const;

  BlockView& below_;
  std::span<const ApplyRecord> writes_;
  std::size_t block_bytes_ = 0;
  bool disguised_ = false;
  StagingDisguise disguise_;
};

}  // namespace svsm::cocoonfs

#endif  // SVSM_SRC_COCOONFS_REPLAY_VIEW_H_
