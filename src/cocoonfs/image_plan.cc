#include "cocoonfs/image_plan.h"

#include "cocoonfs/aux_ring.h"
#include "cocoonfs/bitmap.h"
#include "cocoonfs/chained_extents.h"
#include "cocoonfs/extents_list.h"
#include "cocoonfs/index_node.h"
#include "cocoonfs/tree_shape.h"

namespace svsm::cocoonfs {
namespace {

constexpr Status TooSmall() { return Status(Code::kExhausted, Source::kCocoonfs); }

constexpr std::uint64_t RoundUp(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

// Hands out blocks from the front to the back.
class Cursor {
 public:
  Cursor(std::uint64_t at, std::uint64_t end) : at_(at), end_(end) {}
  Result<Extent> Take(std::uint64_t count, std::uint64_t alignment) {
    const std::uint64_t first = RoundUp(at_, alignment);
    if (first > end_ || count > end_ - first) return TooSmall();
    at_ = first + count;
    return Extent{first, count};
  }
  std::uint64_t at() const { return at_; }

 private:
  std::uint64_t at_;
  std::uint64_t end_;
};

// The least number of tree blocks, in whole nodes and aligned units, that covers the rest.
std::uint64_t TreeBlocks(const ImageLayout& layout, std::uint64_t num_blocks) {
  const std::uint64_t unit =
      layout.tree_node() > layout.journal_block() ? layout.tree_node() : layout.journal_block();
  const auto needed = [&](std::uint64_t tree) {
    const std::uint64_t data = RoundUp(num_blocks - tree, layout.data_block());
    const std::uint64_t nodes = TreeShape::NodesFor(layout, data >> layout.data_block_log2);
    return RoundUp(nodes * layout.tree_node(), unit);
  };
  // The more tree there is, the less is left to cover: the least number of units that are enough,
  // or that are the whole image and more.
  std::uint64_t too_few = 0;
  std::uint64_t enough = num_blocks / unit + 1;
  while (enough - too_few > 1) {
    const std::uint64_t middle = too_few + (enough - too_few) / 2;
    const std::uint64_t tree = middle * unit;
    if (tree >= num_blocks || needed(tree) <= tree) {
      enough = middle;
    } else {
      too_few = middle;
    }
  }
  return enough * unit;
}

// Blocks of the bitmap's file. A replay looks at whole leaves of the tree, so the bitmap covers
// what the last leaf reaches to, also beyond the image.
std::uint64_t BitmapBlocks(const ImageLayout& layout, std::uint64_t num_blocks) {
  const std::uint64_t leaf =
      static_cast<std::uint64_t>(layout.tree_node_bytes() / crypto::DigestSize(layout.data_hash))
      << layout.data_block_log2;
  const std::uint64_t file_blocks =
      Bitmap::FileBlocks(num_blocks + leaf, layout.bitmap_words_per_block());
  const std::uint64_t unit =
      layout.bitmap_block() > layout.data_block() ? layout.bitmap_block() : layout.data_block();
  return RoundUp(file_blocks << layout.bitmap_block_log2, unit);
}

// The extent for the list of a file that has the one extent `file`.
Result<Extent> TakeList(const ImageLayout& layout, std::uint64_t inode, const Extent& file,
                        Cursor& cursor) {
  if (file.count <= kMaxPointerBlocks) return Extent{};
  const ChainFormat format = ListChainFormat(layout, inode);
  const std::size_t size = EncodedExtentsListSize({&file, 1});
  std::uint64_t count = 1;
  while (format.Capacity(count, true) < size + 1) ++count;
  return cursor.Take(count, 1);
}

Status TakeAux(const ImageLayout& layout, const AuxMetadata& aux, Cursor& cursor, AuxExtents& out) {
  const AuxNeed need = NeedOf(aux);
  Vec<std::uint64_t> counts(out.extents.allocator());
  for (int group = 0; group < need.groups; ++group) {
    if (group == 1) out.group1 = out.extents.size();
    counts.Clear();
    SVSM_TRY(PlanAuxGroup(layout, need.capacity, counts));
    for (const std::uint64_t count : counts) {
      if (out.extents.size() == kMaxAuxExtents) return TooSmall();
      SVSM_ASSIGN_OR_RETURN(const Extent extent, cursor.Take(count, layout.journal_block()));
      SVSM_TRY(out.extents.PushBack(extent));
    }
  }
  if (need.groups < 2) out.group1 = out.extents.size();
  return OkStatus();
}

}  // namespace

Status PlanImage(const ImageLayout& layout, std::size_t salt_size, std::uint64_t num_blocks,
                 const AuxMetadata* aux, ImagePlan& out) {
  out.num_blocks = num_blocks;
  SVSM_ASSIGN_OR_RETURN(out.places, PlacesOf(layout, salt_size));
  out.static_header = {0, StaticHeaderBytes(layout, salt_size) / layout.allocation_block_bytes()};
  // The entry leaf goes between the headers and the journal's head if it can: what each commit
  // writes then lies together.
  const std::uint64_t leaf = layout.index_leaf();
  const bool leaf_fits = out.places.journal_head.first - out.places.end >= leaf;
  if (leaf_fits) out.entry_leaf = {out.places.end, leaf};
  Cursor cursor(out.places.journal_head.end(), num_blocks);
  if (cursor.at() > num_blocks) return TooSmall();
  const std::uint64_t tree_unit = layout.journal_block();
  SVSM_ASSIGN_OR_RETURN(out.tree, cursor.Take(TreeBlocks(layout, num_blocks), tree_unit));
  if (aux != nullptr) SVSM_TRY(TakeAux(layout, *aux, cursor, out.aux));
  SVSM_ASSIGN_OR_RETURN(out.bitmap,
                        cursor.Take(BitmapBlocks(layout, num_blocks), layout.data_block()));
  if (!leaf_fits) {
    SVSM_ASSIGN_OR_RETURN(out.entry_leaf, cursor.Take(leaf, 1));
  }
  SVSM_ASSIGN_OR_RETURN(out.tree_list, TakeList(layout, kTreeInode, out.tree, cursor));
  SVSM_ASSIGN_OR_RETURN(out.bitmap_list, TakeList(layout, kBitmapInode, out.bitmap, cursor));
  out.end = cursor.at();
  return OkStatus();
}

}  // namespace svsm::cocoonfs
