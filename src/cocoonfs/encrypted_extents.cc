#include "cocoonfs/encrypted_extents.h"

#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::size_t kBlock = crypto::kCipherBlockSize;

}  // namespace

std::uint64_t FileBlocks(const ImageLayout& layout, std::uint64_t size_bytes) {
  return layout.BlocksFor((size_bytes / kBlock + 2) * kBlock);
}

Result<std::uint64_t> PaddingFinder::Feed(ByteView piece, std::uint64_t offset) {
  std::size_t end = piece.size();
  while (end != 0 && piece[end - 1] == 0) --end;
  if (end == 0) return kNotYet;
  const std::size_t padding = piece[end - 1];
  if (end % kBlock != 0 || padding > kBlock) return Malformed(Region::kFileData);
  for (std::size_t i = end - padding; i < end; ++i) {
    if (piece[i] != padding) return Malformed(Region::kFileData);
  }
  return offset + end - padding;
}

Status FileEncryptor::Begin(FixedSpan<kBlock> iv) {
  SVSM_TRY(rng_.Generate(carry_));
  Copy(iv, carry_);
  tail_size_ = 0;
  return OkStatus();
}

Result<std::size_t> FileEncryptor::FillTail(ByteView& data, ByteSpan out) {
  if (tail_size_ == 0) return std::size_t{0};
  const std::size_t wanted = kBlock - tail_size_;
  const std::size_t taken = data.size() < wanted ? data.size() : wanted;
  Copy(ByteSpan(tail_).subspan(tail_size_), data.first(taken));
  data = data.subspan(taken);
  tail_size_ += taken;
  if (tail_size_ < kBlock) return std::size_t{0};
  const ByteSpan block = out.first(kBlock);
  SVSM_TRY(cipher_.EncryptCbc(carry_, tail_, block));
  Copy(carry_, block);
  tail_size_ = 0;
  return kBlock;
}

Status FileEncryptor::Finish(ByteSpan out) {
  Copy(out, ByteView(tail_).first(tail_size_));
  Fill(out.subspan(tail_size_, kBlock - tail_size_),
       static_cast<std::uint8_t>(kBlock - tail_size_));
  Fill(out.subspan(kBlock), 0);
  const Status status = cipher_.EncryptCbc(carry_, out, out);
  if (!status.ok()) return status;
  Copy(carry_, out.last(kBlock));
  Wipe(tail_);
  tail_size_ = 0;
  return OkStatus();
}

}  // namespace svsm::cocoonfs
