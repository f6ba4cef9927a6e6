#include <bit>

#include "cocoonfs/auth_tree.h"
#include "cocoonfs/file_reader.h"
#include "cocoonfs/journal_replay.h"
#include "cocoonfs/node_cache.h"
#include "svsm/cocoonfs/layout.h"

namespace svsm::cocoonfs {
namespace {

// Lists, keyed objects of the backend, and what a HeapAllocator loses to rounding and gaps.
constexpr std::size_t kSmallThings = 24 * 1024;

// Of the tree, one for a tree that is larger than it must be.
std::size_t Levels(const ImageLayout& layout, std::uint64_t num_blocks) {
  const std::size_t leaf = layout.tree_node_bytes() / crypto::DigestSize(layout.data_hash);
  const std::size_t inner = layout.tree_node_bytes() / crypto::DigestSize(layout.node_hash);
  std::uint64_t nodes = (num_blocks >> layout.data_block_log2) >> (std::bit_width(leaf) - 1);
  std::size_t levels = 2;
  for (; nodes != 0; nodes >>= std::bit_width(inner) - 1) ++levels;
  return levels;
}

std::size_t Max(std::size_t a, std::size_t b) { return a > b ? a : b; }

// A Vec that grows has its old and its new memory for a moment.
constexpr std::size_t kGrowing = 3;
// Ciphers and HMACs that only replay needs.
constexpr std::size_t kReplayKeys = 8 * 1024;
constexpr std::size_t kApplyBufferBytes = 32 * 1024;
constexpr std::size_t kReplayBufferBytes = 16 * 1024;

}  // namespace

std::size_t ReplayBytes(const ImageLayout& layout, const JournalLog& log, std::size_t chain_bytes,
                        std::size_t num_nodes) {
  // An extent of the chain is in memory only while there are no caches yet.
  const std::size_t extents = log.tree_extents.size() + log.bitmap_extents.size() +
                              log.digest_ranges.size() + log.trims.size();
  const std::size_t lists = extents * sizeof(Extent) + log.writes.size() * sizeof(ApplyRecord) +
                            log.fragments.size() * sizeof(std::uint64_t) +
                            log.fragment_digests.size();
  const std::size_t node = layout.tree_node_bytes();
  const std::size_t nodes = num_nodes * (node + kGrowing * sizeof(TreeNode));
  const std::size_t buffers = Max(kReplayBufferBytes, Max(node, layout.data_block_bytes())) +
                              Max(layout.data_block_bytes(), layout.bitmap_block_bytes()) +
                              Max(kApplyBufferBytes, node) + layout.io_block_bytes();
  return kGrowing * (chain_bytes + lists) + nodes + buffers + kReplayKeys;
}

std::size_t WorkspaceSize(const ImageLayout& layout, std::uint64_t num_blocks) {
  const std::size_t block = layout.allocation_block_bytes();
  const auto bitmap = static_cast<std::size_t>((num_blocks + 63) / 64 * 8);
  const std::size_t data_block = layout.data_block_bytes();
  const std::size_t cache =
      Max(TreeCacheNodes(layout), 2 * Levels(layout, num_blocks)) * layout.tree_node_bytes();
  const std::size_t kept = bitmap + cache + Max(data_block, kTreeReadBytes) +
                           layout.index_leaf_bytes() + layout.index_internal_bytes() +
                           NodeCache::SizeBytes(layout.index_leaf_bytes()) +
                           NodeCache::SizeBytes(layout.index_internal_bytes());
  // Not all at once: a second bitmap and a part of its file while opening; later a part of a file
  // and an extent of its list.
  const std::size_t opening = bitmap + BitmapBufferBytes(layout);
  const std::size_t reading =
      Max(data_block, kFileBufferBytes) + static_cast<std::size_t>(kMaxPointerBlocks) * block;
  return kept + Max(opening, reading) + sizeof(Volume) + sizeof(JournalReplay) +
         sizeof(FileReader) + kSmallThings;
}

}  // namespace svsm::cocoonfs
