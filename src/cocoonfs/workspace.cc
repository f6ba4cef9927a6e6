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

}  // namespace

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
