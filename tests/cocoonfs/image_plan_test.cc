#include "cocoonfs/image_plan.h"

#include <gtest/gtest.h>

#include <string>

#include "cocoonfs/bitmap.h"
#include "cocoonfs/tree_shape.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/layouts.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;

class ImagePlanEach : public ::testing::TestWithParam<LayoutCase> {};

// Nothing overlaps, all is aligned, the tree covers the rest and the bitmap all that its last leaf
// stands for.
TEST_P(ImagePlanEach, KeepsToTheFormat) {
  const ImageLayout& layout = GetParam().layout;
  TestAllocator allocator;
  AuxMetadata aux(allocator);
  aux.SetExtraReserve(3000);
  const std::uint64_t num_blocks = layout.BlocksFor(GetParam().image_bytes);
  for (const AuxMetadata* const metadata :
       {static_cast<const AuxMetadata*>(nullptr), static_cast<const AuxMetadata*>(&aux)}) {
    ImagePlan plan(allocator);
    ASSERT_THAT(PlanImage(layout, 3, num_blocks, metadata, plan), IsOk());
    Bitmap used(allocator);
    ASSERT_THAT(used.Init(num_blocks), IsOk());
    const auto claim = [&](const Extent& extent, std::uint64_t alignment, const char* what) {
      if (extent.count == 0) return;
      ASSERT_LE(extent.end(), num_blocks) << what;
      EXPECT_EQ(extent.first % alignment, 0u) << what;
      EXPECT_TRUE(used.AllClear(extent)) << what;
      used.Set(extent);
      EXPECT_LE(extent.end(), plan.end) << what;
    };
    claim({0, plan.places.end}, 1, "headers");
    claim(plan.places.journal_head, layout.journal_block(), "journal head");
    claim(plan.entry_leaf, 1, "entry leaf");
    claim(plan.tree, layout.journal_block(), "tree");
    claim(plan.bitmap, layout.data_block(), "bitmap");
    claim(plan.tree_list, 1, "list of the tree");
    claim(plan.bitmap_list, 1, "list of the bitmap");
    for (const Extent& extent : plan.aux.extents) claim(extent, layout.journal_block(), "aux");
    EXPECT_EQ(plan.aux.extents.empty(), metadata == nullptr);
    EXPECT_EQ(plan.tree.count % layout.tree_node(), 0u);
    EXPECT_EQ(plan.bitmap.count % layout.bitmap_block(), 0u);
    TreeShape shape(allocator);
    ASSERT_THAT(shape.Init(layout, {&plan.tree, 1}, num_blocks), IsOk());
    const std::uint64_t last = shape.num_data_blocks() - 1;
    const std::uint64_t leaf_end =
        (shape.NodeAbove(0, last) + 1) * shape.entries(0) * layout.data_block();
    const std::uint64_t covered =
        (plan.bitmap.count >> layout.bitmap_block_log2) * layout.bitmap_words_per_block() * 64;
    EXPECT_GE(covered, num_blocks);
    EXPECT_GE(covered + plan.tree.count, leaf_end);
  }
}

// What a creation header asks for is anybody's: to find out how much tree there must be takes no
// longer for a huge image.
TEST(ImagePlan, IsDoneAtOnceForAnyImage) {
  TestAllocator allocator;
  ImageLayout layout;
  layout.io_block_log2 = 0;
  layout.tree_node_log2 = 1;  // of two digests
  layout.data_block_log2 = 0;
  layout.node_hash = layout.data_hash = crypto::HashAlg::kSha512;
  for (std::uint64_t num_blocks = std::uint64_t{1} << 12; num_blocks < std::uint64_t{1} << 56;
       num_blocks <<= 4) {
    ImagePlan plan(allocator);
    const Status status = PlanImage(layout, 0, num_blocks, nullptr, plan);
    EXPECT_TRUE(status.ok() || status.code() == Code::kExhausted) << num_blocks;
  }
}

INSTANTIATE_TEST_SUITE_P(Layouts, ImagePlanEach, ::testing::ValuesIn(EmptyLayoutCases()),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(ImagePlanTest, RefusesWhatDoesNotFit) {
  TestAllocator allocator;
  ImagePlan plan(allocator);
  for (std::uint64_t blocks = 4; blocks < 24; blocks += 4) {
    EXPECT_THAT(PlanImage(ImageLayout(), 0, blocks, nullptr, plan),
                IsStatus(Code::kExhausted, Source::kCocoonfs))
        << blocks;
  }
  AuxMetadata aux(allocator);
  aux.SetExtraReserve(1 << 20);
  EXPECT_THAT(PlanImage(ImageLayout(), 0, 512, &aux, plan),
              IsStatus(Code::kExhausted, Source::kCocoonfs));
}

}  // namespace
}  // namespace svsm::cocoonfs
