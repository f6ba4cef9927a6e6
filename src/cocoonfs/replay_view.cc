#include "cocoonfs/replay_view.h"

#include "svsm/cocoonfs/layout.h"
#include "svsm/core/wire.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kIv = crypto::kCipherBlockSize;
constexpr std::size_t kMostIvs = 16;  // that are made at once

// Of a block; encrypted, they are its IV.
struct Places {
  wire::Le64 target;
  wire::Le64 staging;
};
static_assert(wire::Struct<Places> && sizeof(Places) == kIv);

// To the cipher that there is, if it is the right one.
Status GiveKey(const DisguiseKeys& keys, ByteView key, const crypto::Symmetric& symmetric,
               Allocator& allocator, OwnedCipher& cipher) {
  SVSM_ASSIGN_OR_RETURN(const crypto::BlockCipherAlg alg, CipherFromTcg(keys.cipher));
  if (!symmetric.Supports(alg)) return Status(Code::kUnsupported, Source::kCocoonfs, keys.cipher);
  if (!cipher || cipher->algorithm() != alg) {
    SVSM_ASSIGN_OR_RETURN(crypto::BlockCipher* const made,
                          symmetric.NewBlockCipher(alg, allocator));
    cipher = OwnedCipher(made, symmetric, allocator);
  }
  return cipher->SetKey(key.first(keys.key_size()));
}

}  // namespace

Status StagingDisguise::Init(const DisguiseKeys& keys, const crypto::Symmetric& symmetric,
                             Allocator& allocator) {
  SVSM_TRY(GiveKey(keys, keys.key.view(), symmetric, allocator, cipher_));
  return GiveKey(keys, keys.iv_key.view(), symmetric, allocator, iv_cipher_);
}

Status StagingDisguise::MakeIvs(std::uint64_t target, std::uint64_t staging, ByteSpan out) {
  for (std::size_t at = 0; at < out.size(); at += kIv) {
    Copy(out.subspan(at), wire::ToBytes(Places{wire::Le64(target++), wire::Le64(staging++)}));
  }
  return iv_cipher_->EncryptEcb(out, out);
}

Status StagingDisguise::Convert(Direction direction, std::uint64_t target, std::uint64_t staging,
                                std::size_t block_bytes, ByteSpan blocks) {
  Bytes<kMostIvs * kIv> ivs{};
  while (!blocks.empty()) {
    std::size_t count = blocks.size() / block_bytes;
    if (count > kMostIvs) count = kMostIvs;
    SVSM_TRY(MakeIvs(target, staging, ByteSpan(ivs).first(count * kIv)));
    for (std::size_t i = 0; i < count; ++i) {
      const ByteSpan block = blocks.subspan(i * block_bytes, block_bytes);
      const FixedView<kIv> iv = ByteView(ivs).subspan(i * kIv).first<kIv>();
      SVSM_TRY(direction == Direction::kOn ? cipher_->EncryptCbc(iv, block, block)
                                           : cipher_->DecryptCbc(iv, block, block));
    }
    blocks = blocks.subspan(count * block_bytes);
    target += count;
    staging += count;
  }
  return OkStatus();
}

Status StagingDisguise::Apply(std::uint64_t target, std::uint64_t staging, std::size_t block_bytes,
                              ByteSpan blocks) {
  return Convert(Direction::kOn, target, staging, block_bytes, blocks);
}

Status StagingDisguise::Remove(std::uint64_t target, std::uint64_t staging, std::size_t block_bytes,
                               ByteSpan blocks) {
  return Convert(Direction::kOff, target, staging, block_bytes, blocks);
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
