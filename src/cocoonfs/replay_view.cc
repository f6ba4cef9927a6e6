#include "cocoonfs/replay_view.h"

#include "svsm/cocoonfs/layout.h"
#include "svsm/core/wire.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kIv = crypto::kCipherBlockSize;

Result<OwnedCipher> NewCipher(const DisguiseKeys& keys, ByteView key,
                              const crypto::Symmetric& symmetric, Allocator& allocator) {
  SVSM_ASSIGN_OR_RETURN(const crypto::BlockCipherAlg alg, CipherFromTcg(keys.cipher));
  if (!symmetric.Supports(alg)) return Status(Code::kUnsupported, Source::kCocoonfs, keys.cipher);
  SVSM_ASSIGN_OR_RETURN(crypto::BlockCipher* const cipher,
                        symmetric.NewBlockCipher(alg, allocator));
  OwnedCipher owned(cipher, symmetric, allocator);
  SVSM_TRY(cipher->SetKey(key.first(keys.key_size())));
  return owned;
}

}  // namespace

Status StagingDisguise::Init(const DisguiseKeys& keys, const crypto::Symmetric& symmetric,
                             Allocator& allocator) {
  SVSM_ASSIGN_OR_RETURN(cipher_, NewCipher(keys, keys.key.view(), symmetric, allocator));
  SVSM_ASSIGN_OR_RETURN(iv_cipher_, NewCipher(keys, keys.iv_key.view(), symmetric, allocator));
  return OkStatus();
}

Status StagingDisguise::Iv(std::uint64_t target, std::uint64_t staging, FixedSpan<kIv> out) {
  struct Places {
    wire::Le64 target;
    wire::Le64 staging;
  };
  static_assert(wire::Struct<Places> && sizeof(Places) == kIv);
  const auto places = wire::ToBytes(Places{wire::Le64(target), wire::Le64(staging)});
  return iv_cipher_->EncryptEcb(places, out);
}

Status StagingDisguise::Apply(std::uint64_t target, std::uint64_t staging, std::size_t block_bytes,
                              ByteSpan blocks) {
  Bytes<kIv> iv{};
  for (; !blocks.empty(); blocks = blocks.subspan(block_bytes)) {
    const ByteSpan block = blocks.first(block_bytes);
    SVSM_TRY(Iv(target++, staging++, iv));
    SVSM_TRY(cipher_->EncryptCbc(iv, block, block));
  }
  return OkStatus();
}

Status StagingDisguise::Remove(std::uint64_t target, std::uint64_t staging, std::size_t block_bytes,
                               ByteSpan blocks) {
  Bytes<kIv> iv{};
  for (; !blocks.empty(); blocks = blocks.subspan(block_bytes)) {
    const ByteSpan block = blocks.first(block_bytes);
    SVSM_TRY(Iv(target++, staging++, iv));
    SVSM_TRY(cipher_->DecryptCbc(iv, block, block));
  }
  return OkStatus();
}

Status ReplayView::Init(std::span<const ApplyRecord> writes, const DisguiseKeys* disguise,
                        std::size_t block_bytes, const crypto::Symmetric& symmetric,
                        Allocator& allocator) {
  writes_ = writes;
  block_bytes_ = block_bytes;
  disguised_ = disguise != nullptr;
  return disguised_ ? disguise_.Init(*disguise, symmetric, allocator) : OkStatus();
}

std::size_t ReplayView::FirstEndingBehind(std::uint64_t block) const {
  std::size_t low = 0;
  std::size_t high = writes_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (writes_[middle].target + writes_[middle].count > block) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Status ReplayView::Read(std::uint64_t first, ByteSpan out) {
  std::size_t at = FirstEndingBehind(first);
  while (!out.empty()) {
    std::uint64_t count = out.size() / block_bytes_;
    std::uint64_t source = first;
    if (at < writes_.size()) {
      const ApplyRecord& record = writes_[at];
      if (record.target <= first) {
        source = record.source + (first - record.target);
        const std::uint64_t left = record.target + record.count - first;
        if (count >= left) {
          count = left;
          ++at;
        }
      } else if (count > record.target - first) {
        count = record.target - first;
      }
    }
    const ByteSpan piece = out.first(static_cast<std::size_t>(count) * block_bytes_);
    SVSM_TRY(below_.Read(source, piece));
    if (source != first && disguised_) {
      SVSM_TRY(disguise_.Remove(first, source, block_bytes_, piece));
    }
    first += count;
    out = out.subspan(piece.size());
  }
  return OkStatus();
}

}  // namespace svsm::cocoonfs
