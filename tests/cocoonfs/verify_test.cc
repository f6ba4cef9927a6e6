#include "svsm/cocoonfs/verify.h"

#include "cocoonfs/file_system_state.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/null_symmetric.h"
#include "tests/cocoonfs/test_image.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

TEST(VerifyTest, NeedsAnOpenImage) {
  TestImage image(LinkedBackend(), 65536);
  FileSystem fs(image.device(), LinkedBackend(), image.rng(), image.allocator());
  VerifyReport report;
  EXPECT_THAT(Verify(fs, report), IsStatus(Code::kFailedPrecondition, Source::kCocoonfs));
}

class CountingProgress final : public VerifyProgress {
 public:
  Status OnProgress(std::uint64_t done, std::uint64_t total) override {
    EXPECT_GE(done, last);
    EXPECT_LE(done, total);
    last = done;
    ++calls;
    return status;
  }
  std::uint64_t last = 0;
  std::uint64_t calls = 0;
  Status status;
};

TEST(VerifyTest, CountsWhatItSees) {
  TestImage image(LinkedBackend(), 262144);
  std::map<std::uint64_t, std::size_t> sizes;
  for (std::uint64_t i = 0; i < 40; ++i) sizes[100 + i] = static_cast<std::size_t>(i * i);
  sizes[16] = 60000;
  image.Write(sizes);
  FileSystem fs(image.device(), LinkedBackend(), image.rng(), image.allocator());
  ASSERT_THAT(fs.Open(kImageKey, OpenOptions{}), IsOk());
  VerifyReport report;
  CountingProgress progress;
  ASSERT_THAT(Verify(fs, report, &progress), IsOk());
  EXPECT_EQ(report.num_findings, 0u);
  EXPECT_TRUE(report.listed().empty());
  EXPECT_EQ(report.num_files, 41u);
  EXPECT_GE(report.num_index_leaves, 9u);
  EXPECT_GE(report.num_index_internals, 2u);
  EXPECT_GE(report.num_tree_nodes, 16u);
  EXPECT_GT(report.num_data_blocks, 450u);
  EXPECT_EQ(report.num_allocated_blocks, fs.usage().num_blocks - fs.usage().num_free_blocks);
  EXPECT_FALSE(report.aux_torn);
  EXPECT_EQ(progress.last, 2048u);
  EXPECT_GT(progress.calls, 1u);
  progress.last = 0;
  progress.status = Status(Code::kBusy, Source::kCaller);
  EXPECT_THAT(Verify(fs, report, &progress), IsStatus(Code::kBusy, Source::kCaller));
}

TEST(VerifyTest, FindsEveryChangedByteOutsideFreeSpace) {
  TestImage image(LinkedBackend(), 32768);
  image.Write({{16, 2000}, {17, 9000}, {18, 0}});
  FileSystem fs(image.device(), LinkedBackend(), image.rng(), image.allocator());
  ASSERT_THAT(fs.Open(kImageKey, OpenOptions{}), IsOk());
  const ByteVec good(image.device().image().begin(), image.device().image().end());
  const Allocation& allocation = FileSystemAccess::StateOf(fs)->volume.allocation;
  const HeaderPlaces& places = FileSystemAccess::StateOf(fs)->volume.places;
  for (std::size_t at = 3; at < good.size(); at += 61) {
    const std::uint64_t block = at / 128;
    const ByteVec changed(1, static_cast<std::uint8_t>(good[at] ^ 0x10));
    image.device().Poke(at, changed);
    VerifyReport report;
    const Status status = Verify(fs, report);
    // An idle journal's head and free blocks may hold anything.
    const bool counts = allocation.bitmap().Test(block) && !places.journal_head.Contains(block);
    if (counts) {
      EXPECT_EQ(status.code(), Code::kDataLoss) << at;
      EXPECT_EQ(status.detail(), report.num_findings);
      EXPECT_FALSE(report.listed().empty());
    } else {
      EXPECT_THAT(status, IsOk()) << at;
    }
    image.device().Poke(at, ByteVec(1, good[at]));
  }
  VerifyReport report;
  EXPECT_THAT(Verify(fs, report), IsOk());
}

TEST(VerifyTest, SaysWhereTheDeviceRefuses) {
  TestImage image(LinkedBackend(), 32768);
  image.Write({{16, 2000}});
  FileSystem fs(image.device(), LinkedBackend(), image.rng(), image.allocator());
  ASSERT_THAT(fs.Open(kImageKey, OpenOptions{}), IsOk());
  image.device().FailNth(testing::kFailReads, 3, testing::Failing::kFromThenOn);
  VerifyReport report;
  EXPECT_EQ(Verify(fs, report).code(), Code::kDataLoss);
  ASSERT_FALSE(report.listed().empty());
  EXPECT_EQ(report.list[0].problem, Problem::kUnreadable);
  image.device().FailNth(0, 0, testing::Failing::kOnce);
  EXPECT_THAT(Verify(fs, report), IsOk());
}

TEST(VerifyTest, OutOfMemorySaysNothingAboutTheImage) {
  TestImage image(LinkedBackend(), 32768);
  image.Write({{16, 2000}, {17, 100}});
  FileSystem fs(image.device(), LinkedBackend(), image.rng(), image.allocator());
  ASSERT_THAT(fs.Open(kImageKey, OpenOptions{}), IsOk());
  VerifyReport report;
  for (std::size_t n = 1; n < 1000; ++n) {
    image.allocator().FailAt(n);
    const Status status = Verify(fs, report);
    image.allocator().FailAt(0);
    if (status.ok()) return;
    EXPECT_EQ(status.code(), Code::kOutOfMemory);
    EXPECT_EQ(report.num_findings, 0u);
  }
  FAIL();
}

// Without digests, so that the image can be bent at will.
class BentImageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    image_.Write({{16, 2000}, {17, 9000}});
    ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  }
  Bitmap& bitmap() { return FileSystemAccess::StateOf(fs_)->volume.allocation.bitmap(); }
  Extent ExtentOf(std::uint64_t inode) {
    EXPECT_THAT(fs_.Stat(inode), IsOk());
    return FileSystemAccess::StateOf(fs_)->reader.extents()[0];
  }
  // Verify() has this finding first.
  void ExpectFinding(const Finding& expected) {
    VerifyReport report;
    EXPECT_EQ(Verify(fs_, report).code(), Code::kDataLoss);
    ASSERT_FALSE(report.listed().empty());
    const Finding& first = report.list[0];
    EXPECT_EQ(first.problem, expected.problem) << ProblemName(first.problem);
    EXPECT_EQ(first.region, expected.region) << RegionName(first.region);
    EXPECT_EQ(first.inode, expected.inode);
    EXPECT_EQ(first.first_block, expected.first_block);
    EXPECT_EQ(first.num_blocks, expected.num_blocks);
  }

  NullSymmetric symmetric_;
  TestImage image_{symmetric_, 65536};
  FileSystem fs_{image_.device(), symmetric_, image_.rng(), image_.allocator()};
};

TEST_F(BentImageTest, IsCleanAsItIs) {
  VerifyReport report;
  EXPECT_THAT(Verify(fs_, report), IsOk());
}

TEST_F(BentImageTest, OrphanedBlocks) {
  const std::uint64_t free = bitmap().Next(300, false);
  bitmap().Set({free, 2});
  ExpectFinding({Problem::kOrphaned, Region::kBitmap, 0, free, 2});
}

TEST_F(BentImageTest, BlocksInUseThatAreFree) {
  const Extent extent = ExtentOf(17);
  bitmap().Clear({extent.first + 3, 1});
  ExpectFinding({Problem::kMalformed, Region::kExtentsList, 17, 0, 0});
  bitmap().Set({extent.first + 3, 1});
  // A tree node: found by the bitmap alone.
  const Extent tree = FileSystemAccess::StateOf(fs_)->volume.shape.extents()[0];
  bitmap().Clear({tree.first + 1, 1});
  ExpectFinding({Problem::kNotAllocated, Region::kBitmap, 0, tree.first + 1, 1});
}

TEST_F(BentImageTest, BlocksWithTwoOwners) {
  // Both files' entries are in the entry leaf; that of 17 gets the extent of 16.
  const Extent extent = ExtentOf(16);
  const std::uint64_t leaf = FileSystemAccess::StateOf(fs_)->volume.header.entry_leaf;
  ByteVec block(image_.device().image().begin() + static_cast<std::ptrdiff_t>(leaf * 128),
                image_.device().image().begin() + static_cast<std::ptrdiff_t>(leaf * 128 + 128));
  LeafNode node(ByteSpan(block).subspan(16));
  for (std::size_t i = 0; i < node.count(); ++i) {
    if (node.key(i) == 17) node.set_entry(i, {17, EncodeExtentPointer(extent, false), 17});
  }
  image_.device().Poke(leaf * 128, block);
  FileSystemAccess::StateOf(fs_)->volume.tree.ForgetData();
  ExpectFinding({Problem::kDoublyUsed, Region::kFileData, 17, extent.first, extent.count});
}

TEST(VerifyNamesTest, EachHasItsName) {
  EXPECT_STREQ(ProblemName(Problem::kDoublyUsed), "doubly used");
  EXPECT_STREQ(ProblemName(Problem{99}), "?");
}

}  // namespace
}  // namespace svsm::cocoonfs
