#include "cocoonfs/bitmap.h"

#include <bit>

#include "svsm/cocoonfs/region.h"
#include "svsm/core/panic.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"

namespace svsm::cocoonfs {
namespace {

constexpr std::uint64_t Mask(std::uint64_t count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

constexpr std::uint64_t CountOnes(std::uint64_t word) {
  word -= word >> 1 & 0x5555555555555555;
  word = (word & 0x3333333333333333) + (word >> 2 & 0x3333333333333333);
  word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0F;
  return (word * 0x0101010101010101) >> 56;
}

// The moves are instructions of the processor, not calls.
std::uint64_t GetLe64(FixedView<8> in) {
  wire::Le64 field;
  __builtin_memcpy(&field, in.data(), sizeof(field));
  return field.get();
}

void PutLe64(ByteSpan out, std::uint64_t value) {
  const wire::Le64 field(value);
  __builtin_memcpy(out.first<sizeof(field)>().data(), &field, sizeof(field));
}

}  // namespace

Status Bitmap::Init(std::uint64_t num_blocks) {
  words_.Clear();
  changed_.Clear();
  num_blocks_ = 0;
  const std::uint64_t words = num_blocks / 64 + (num_blocks % 64 != 0 ? 1 : 0);
  if (words > ~std::size_t{0} / 8) return Status(Code::kOutOfMemory, Source::kCocoonfs);
  SVSM_TRY(words_.Reserve(static_cast<std::size_t>(words)));
  SVSM_TRY(words_.Resize(static_cast<std::size_t>(words)));
  num_blocks_ = num_blocks;
  return OkStatus();
}

Status Bitmap::CopyFrom(const Bitmap& other) {
  words_.Clear();
  changed_.Clear();
  num_blocks_ = 0;
  SVSM_TRY(words_.Reserve(other.words_.size()));
  SVSM_TRY(words_.Append(other.words_.view()));
  num_blocks_ = other.num_blocks_;
  return OkStatus();
}

Status Bitmap::Follow(const Bitmap& base) {
  if (num_blocks_ == base.num_blocks_ && !changed_.empty()) {
    CopyPieces(base, *this);
    for (std::uint64_t& pieces : changed_) pieces = 0;
    return OkStatus();
  }
  SVSM_TRY(CopyFrom(base));
  const std::size_t size = (words_.size() + kGroupWords - 1) / kGroupWords;
  SVSM_TRY(changed_.Reserve(size));
  return changed_.Resize(size);
}

void Bitmap::TakeChanges(const Bitmap& follower) {
  SVSM_CHECK(num_blocks_ == follower.num_blocks_);
  CopyPieces(follower, follower);
}

void Bitmap::CopyPieces(const Bitmap& from, const Bitmap& follower) {
  for (std::size_t i = 0; i < follower.changed_.size(); ++i) {
    if (follower.changed_[i] == 0) continue;
    for (std::uint64_t left = follower.changed_[i]; left != 0; left &= left - 1) {
      const auto piece = 64 * i + static_cast<std::size_t>(std::countr_zero(left));
      const std::size_t first = piece * kPieceWords;
      const std::size_t end =
          first + kPieceWords < words_.size() ? first + kPieceWords : words_.size();
      const std::uint64_t* const source = from.words_.data();
      std::uint64_t* const target = words_.data();
      for (std::size_t word = first; word < end; ++word) target[word] = source[word];
    }
  }
}

std::uint64_t Bitmap::Bits(std::uint64_t first, std::uint32_t count) const {
  const std::uint64_t word = first / 64;
  const std::uint64_t shift = first % 64;
  std::uint64_t bits = word < words_.size() ? words_[word] >> shift : 0;
  if (shift != 0 && word + 1 < words_.size()) bits |= words_[word + 1] << (64 - shift);
  return bits & Mask(count);
}

bool Bitmap::AllSet(const Extent& range) const {
  return range.end() <= num_blocks_ && Holds(range, ~std::uint64_t{0});
}

// Whether all bits of the range are those of `word`.
bool Bitmap::Holds(const Extent& range, std::uint64_t word) const {
  for (std::uint64_t at = range.first; at < range.end();) {
    const std::uint64_t shift = at % 64;
    std::uint64_t count = 64 - shift;
    if (count > range.end() - at) count = range.end() - at;
    if (((words_[at / 64] ^ word) & Mask(count) << shift) != 0) return false;
    at += count;
  }
  return true;
}

bool Bitmap::AllClear(const Extent& range) const {
  return range.end() <= num_blocks_ && Holds(range, 0);
}

std::uint64_t Bitmap::NextDifference(const Bitmap& other, std::uint64_t from) const {
  const std::uint64_t* const a = words_.data();
  const std::uint64_t* const b = other.words_.data();
  for (std::uint64_t i = from / 64; i < words_.size(); ++i) {
    if (!changed_.empty() && !IsChanged(i)) {
      // To the end of what is not changed, or of 64 pieces.
      const std::uint64_t piece = i / kPieceWords;
      const std::uint64_t behind = changed_[piece / 64] >> (piece % 64);
      const std::uint64_t skip =
          behind == 0 ? 64 - piece % 64 : CountOnes((behind & (0 - behind)) - 1);
      i = (piece + skip) * kPieceWords - 1;
      continue;
    }
    if (a[i] != b[i]) return i * 64;
  }
  return num_blocks_;
}

std::uint64_t Bitmap::CountAllocated() const {
  std::uint64_t count = 0;
  for (const std::uint64_t word : words_) count += CountOnes(word);
  return count;
}

std::uint64_t Bitmap::Next(std::uint64_t from, bool value) const {
  const std::uint64_t flip = value ? 0 : ~std::uint64_t{0};
  std::uint64_t skip = from % 64;
  for (std::uint64_t i = from / 64; i < words_.size(); ++i, skip = 0) {
    const std::uint64_t word = (words_[i] ^ flip) & (~std::uint64_t{0} << skip);
    if (word == 0) continue;
    const std::uint64_t found = i * 64 + CountOnes((word & (0 - word)) - 1);
    return found < num_blocks_ ? found : num_blocks_;
  }
  return num_blocks_;
}

void Bitmap::Change(const Extent& range, bool value) {
  SVSM_CHECK(range.count <= num_blocks_ && range.first <= num_blocks_ - range.count);
  for (std::uint64_t at = range.first; at < range.end();) {
    const std::uint64_t shift = at % 64;
    std::uint64_t count = 64 - shift;
    if (count > range.end() - at) count = range.end() - at;
    const std::uint64_t mask = Mask(count) << shift;
    std::uint64_t& word = words_[at / 64];
    word = value ? word | mask : word & ~mask;
    if (!changed_.empty()) {
      const std::uint64_t piece = at / 64 / kPieceWords;
      changed_[piece / 64] |= std::uint64_t{1} << (piece % 64);
    }
    at += count;
  }
}

Status Bitmap::Decode(std::uint64_t index, std::size_t words_per_block, ByteView payload) {
  // Words that are full of the image's blocks.
  const std::uint64_t full = num_blocks_ / 64;
  std::size_t i = 0;
  for (; i < words_per_block && index * words_per_block + i < full; ++i) {
    words_[index * words_per_block + i] = GetLe64(payload.subspan(8 * i).first<8>());
  }
  for (; i < words_per_block; ++i) {
    const std::uint64_t at = index * words_per_block + i;
    const std::uint64_t word = GetLe64(payload.subspan(8 * i).first<8>());
    const std::uint64_t legal = at * 64 >= num_blocks_ ? 0 : Mask(num_blocks_ - at * 64);
    if ((word & ~legal) != 0) return Malformed(Region::kBitmap);
    if (at < words_.size()) words_[at] = word;
  }
  return OkStatus();
}

void Bitmap::Encode(std::uint64_t index, std::size_t words_per_block, ByteSpan payload) const {
  for (std::size_t i = 0; i < words_per_block; ++i) {
    const std::uint64_t at = index * words_per_block + i;
    PutLe64(payload.subspan(8 * i, 8), at < words_.size() ? words_[at] : 0);
  }
  Fill(payload.subspan(8 * words_per_block), 0);
}

}  // namespace svsm::cocoonfs
