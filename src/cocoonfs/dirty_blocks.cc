#include "cocoonfs/dirty_blocks.h"

#include "svsm/core/panic.h"

namespace svsm::cocoonfs {

std::size_t DirtyBlocks::Search(std::uint64_t block) const {
  std::size_t low = 0;
  std::size_t high = runs_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (runs_[middle].extent.end() <= block) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<ByteSpan> DirtyBlocks::Add(const Extent& extent) {
  Vec<std::uint8_t> bytes(runs_.allocator());
  SVSM_TRY(bytes.Reserve(static_cast<std::size_t>(extent.count) * block_bytes_));
  SVSM_TRY(bytes.Resize(static_cast<std::size_t>(extent.count) * block_bytes_));
  SVSM_TRY(Take(extent.first, std::move(bytes), Vec<std::uint8_t>(runs_.allocator())));
  return RunAt(extent.first);
}

Status DirtyBlocks::Take(std::uint64_t first, Vec<std::uint8_t>&& bytes,
                         Vec<std::uint8_t>&& digests) {
  const Extent extent{first, bytes.size() / block_bytes_};
  SVSM_CHECK(extent.count * block_bytes_ == bytes.size() && extent.count != 0);
  const std::size_t at = Search(first);
  SVSM_CHECK(at == runs_.size() || runs_[at].extent.first >= extent.end());
  return runs_.Insert(at, Run{extent, std::move(bytes), std::move(digests)});
}

// From behind, so that each run moves once.
Status DirtyBlocks::AddMany(std::span<const Extent> extents) {
  std::size_t left = runs_.size();
  for (const Extent& extent : extents) {
    Vec<std::uint8_t> bytes(runs_.allocator());
    SVSM_TRY(bytes.Reserve(static_cast<std::size_t>(extent.count) * block_bytes_));
    SVSM_TRY(bytes.Resize(static_cast<std::size_t>(extent.count) * block_bytes_));
    SVSM_TRY(runs_.PushBack(Run{extent, std::move(bytes), Vec<std::uint8_t>(runs_.allocator())}));
  }
  Vec<Run> added(runs_.allocator());
  SVSM_TRY(added.Reserve(extents.size()));
  for (std::size_t i = left; i < runs_.size(); ++i) {
    SVSM_TRY(added.PushBack(std::move(runs_[i])));
  }
  std::size_t to = runs_.size();
  while (!added.empty()) {
    const bool is_added = left == 0 || runs_[left - 1].extent.first < added.back().extent.first;
    runs_[--to] = std::move(is_added ? added.back() : runs_[--left]);
    if (is_added) added.PopBack();
  }
  return OkStatus();
}

void DirtyBlocks::Remove(std::uint64_t first) {
  const std::size_t at = Search(first);
  SVSM_CHECK(at < runs_.size() && runs_[at].extent.first == first);
  runs_.Erase(at, 1);
}

ByteSpan DirtyBlocks::RunAt(std::uint64_t first) {
  const std::size_t at = Search(first);
  if (at == runs_.size() || runs_[at].extent.first != first) return {};
  return runs_[at].bytes.view();
}

ByteView DirtyBlocks::Block(std::uint64_t block) const {
  const std::size_t at = Search(block);
  if (at == runs_.size() || runs_[at].extent.first > block) return {};
  const auto offset = static_cast<std::size_t>(block - runs_[at].extent.first);
  return ByteView(runs_[at].bytes.view()).subspan(offset * block_bytes_, block_bytes_);
}

const DirtyBlocks::Run* DirtyBlocks::RunOf(std::uint64_t block) const {
  const std::size_t at = Search(block);
  return at == runs_.size() || runs_[at].extent.first > block ? nullptr : &runs_[at];
}

ByteView DirtyBlocks::ViewFrom(std::uint64_t block) const {
  const Run* const run = RunOf(block);
  if (run == nullptr) return {};
  const auto offset = static_cast<std::size_t>(block - run->extent.first);
  return ByteView(run->bytes.view()).subspan(offset * block_bytes_);
}

std::uint64_t DirtyBlocks::Mask(std::uint64_t first, std::uint32_t count) const {
  std::uint64_t mask = 0;
  for (std::size_t i = Search(first); i < runs_.size(); ++i) {
    const Extent& extent = runs_[i].extent;
    if (extent.first >= first + count) break;
    const std::uint64_t from = extent.first > first ? extent.first - first : 0;
    const std::uint64_t to = extent.end() < first + count ? extent.end() - first : count;
    const std::uint64_t ones =
        to - from >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (to - from)) - 1;
    mask |= ones << from;
  }
  return mask;
}

void DirtyBlocks::Overlay(std::uint64_t first, ByteSpan out) const {
  const std::uint64_t end = first + out.size() / block_bytes_;
  for (std::size_t i = Search(first); i < runs_.size(); ++i) {
    const Extent& extent = runs_[i].extent;
    if (extent.first >= end) break;
    const std::uint64_t from = extent.first > first ? extent.first : first;
    const std::uint64_t to = extent.end() < end ? extent.end() : end;
    const auto size = static_cast<std::size_t>(to - from) * block_bytes_;
    Copy(out.subspan(static_cast<std::size_t>(from - first) * block_bytes_, size),
         ByteView(runs_[i].bytes.view())
             .subspan(static_cast<std::size_t>(from - extent.first) * block_bytes_, size));
  }
}

}  // namespace svsm::cocoonfs
