#include "svsm/cocoonfs/file_system.h"

#include "cocoonfs/file_system_state.h"
#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/test_image.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::DeviceCall;
using svsm::testing::IsOk;
using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using ::testing::Eq;
using ByteVec = std::vector<std::uint8_t>;

constexpr std::uint32_t Detail(Region region) { return static_cast<std::uint32_t>(region); }
constexpr Status kNotNow(Code::kFailedPrecondition, Source::kCocoonfs);

class FileSystemTest : public ::testing::Test {
 protected:
  void SetUp() override {
    image_.Write({{16, 0}, {17, 1}, {18, 15}, {19, 16}, {20, 5000}, {4294967296, 40000}});
  }

  TestImage image_{LinkedBackend(), 131072};
  FileSystem fs_{image_.device(), LinkedBackend(), image_.rng(), image_.allocator()};
};

TEST_F(FileSystemTest, NothingWorksWhileItIsClosed) {
  ByteVec out(4);
  FileEntry entry[1];
  EXPECT_EQ(fs_.Stat(16).status(), kNotNow);
  EXPECT_EQ(fs_.Read(16, 0, out).status(), kNotNow);
  EXPECT_EQ(fs_.ReadAll(16, out).status(), kNotNow);
  EXPECT_EQ(fs_.List(0, entry).status(), kNotNow);
  EXPECT_EQ(fs_.Begin().status(), kNotNow);
  EXPECT_EQ(fs_.ReadAuxMetadata().status(), kNotNow);
  EXPECT_FALSE(fs_.is_open());
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  EXPECT_EQ(fs_.Open(kImageKey, OpenOptions{}), kNotNow);
  EXPECT_TRUE(fs_.is_open());
  fs_.Close();
  EXPECT_FALSE(fs_.is_open());
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
}

TEST_F(FileSystemTest, ReadsEveryRange) {
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  for (const auto& [inode, data] : image_.files()) {
    const Result<FileInfo> info = fs_.Stat(inode);
    ASSERT_THAT(info, IsOk());
    EXPECT_EQ(info->size_bytes, data.size());
    EXPECT_EQ(info->flags, inode & 0xFF);
    EXPECT_GE(info->num_blocks * 128, data.size() + 17);
    const std::size_t step = data.size() / 37 + 1;
    for (std::size_t offset = 0; offset <= data.size() + 20; offset += step) {
      for (const std::size_t size : {0u, 1u, 16u, 17u, 511u, 20000u}) {
        ByteVec out(size, 0xEE);
        const std::size_t begin = offset < data.size() ? offset : data.size();
        const std::size_t expected = size < data.size() - begin ? size : data.size() - begin;
        ASSERT_THAT(fs_.Read(inode, offset, out), IsOkAnd(Eq(expected)));
        ASSERT_TRUE(Equal(ByteView(out).first(expected), ByteView(data).subspan(begin, expected)))
            << inode << " " << offset << " " << size;
      }
    }
  }
}

TEST_F(FileSystemTest, PiecesReadNoMoreThanTheWhole) {
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  ByteVec out(40000);
  image_.device().ResetCounts();
  ASSERT_THAT(fs_.ReadAll(4294967296, out), IsOk());
  const std::uint64_t whole = image_.device().read_bytes();
  ASSERT_THAT(fs_.Stat(16), IsOk());
  image_.device().ResetCounts();
  for (std::size_t at = 0; at < out.size(); at += 100) {
    ASSERT_THAT(fs_.Read(4294967296, at, ByteSpan(out).subspan(at, 100)), IsOk());
  }
  EXPECT_LE(image_.device().read_bytes(), whole * 5 / 4);
  EXPECT_EQ(out, image_.files().at(4294967296));
}

TEST_F(FileSystemTest, NamesWhatIsNotThere) {
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  ByteVec out(4999, 0xEE);
  for (const std::uint64_t inode : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{3},
                                    std::uint64_t{21}, ~std::uint64_t{0}}) {
    EXPECT_THAT(fs_.Stat(inode), IsStatus(Code::kNotFound, Source::kCocoonfs));
    EXPECT_THAT(fs_.Read(inode, 0, out), IsStatus(Code::kNotFound, Source::kCocoonfs));
    EXPECT_TRUE(IsZero(out));
  }
  EXPECT_THAT(fs_.ReadAll(20, out), IsStatus(Code::kBufferTooSmall, Source::kCocoonfs, 5000));
  EXPECT_THAT(fs_.List(0, {}), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
}

TEST_F(FileSystemTest, ListsFromAnywhere) {
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  FileEntry entries[4];
  ASSERT_THAT(fs_.List(0, entries), IsOkAnd(Eq(4u)));
  EXPECT_EQ(entries[0].inode, 16u);
  EXPECT_EQ(entries[3].inode, 19u);
  ASSERT_THAT(fs_.List(20, entries), IsOkAnd(Eq(2u)));
  EXPECT_EQ(entries[1].inode, 4294967296u);
  EXPECT_THAT(fs_.List(4294967297, entries), IsOkAnd(Eq(0u)));
}

TEST_F(FileSystemTest, TellsAWrongKey) {
  EXPECT_THAT(fs_.Open(Ascii("another key"), OpenOptions{}),
              IsStatus(Code::kAuthFailed, Source::kCocoonfs, Detail(Region::kEntryLeaf)));
  EXPECT_FALSE(fs_.is_open());
}

TEST_F(FileSystemTest, TellsWhatIsNoImage) {
  testing::FaultDevice empty(512, ByteVec(16384));
  FileSystem fs(empty, LinkedBackend(), image_.rng(), image_.allocator());
  EXPECT_THAT(fs.Open(kImageKey, OpenOptions{}), IsStatus(Code::kDataLoss, Source::kCocoonfs));
  testing::FaultDevice tiny(128, ByteVec(0));
  FileSystem none(tiny, LinkedBackend(), image_.rng(), image_.allocator());
  EXPECT_THAT(none.Open(kImageKey, OpenOptions{}), IsStatus(Code::kDataLoss, Source::kCocoonfs));
}

TEST_F(FileSystemTest, TellsACreationHeader) {
  testing::FaultDevice device(512, ByteVec(65536));
  FormatOptions options;
  ASSERT_THAT(WriteCreationHeader(device, image_.allocator(), options), IsOk());
  FileSystem fs(device, LinkedBackend(), image_.rng(), image_.allocator());
  device.ResetCounts();
  EXPECT_THAT(
      fs.Open(kImageKey, OpenOptions{}),
      IsStatus(Code::kFailedPrecondition, Source::kCocoonfs, Detail(Region::kCreationHeader)));
  EXPECT_EQ(device.count(DeviceCall::kWrite), 0u);
}

TEST_F(FileSystemTest, RefusesDevicesWithLargerBlocks) {
  testing::FaultDevice device(
      4096, ByteVec(image_.device().image().begin(), image_.device().image().end()));
  FileSystem fs(device, LinkedBackend(), image_.rng(), image_.allocator());
  EXPECT_THAT(fs.Open(kImageKey, OpenOptions{}),
              IsStatus(Code::kUnsupported, Source::kCocoonfs, Detail(Region::kDevice)));
}

TEST_F(FileSystemTest, RefusesATruncatedDevice) {
  const ByteView image = image_.device().image();
  testing::FaultDevice device(128, ByteVec(image.begin(), image.end() - 512));
  FileSystem fs(device, LinkedBackend(), image_.rng(), image_.allocator());
  EXPECT_THAT(fs.Open(kImageKey, OpenOptions{}),
              IsStatus(Code::kMalformed, Source::kCocoonfs, Detail(Region::kDevice)));
}

TEST_F(FileSystemTest, RefusesAnotherVersion) {
  ByteVec header(image_.device().image().begin(), image_.device().image().begin() + 512);
  ASSERT_TRUE(RemoveIntegrity(StaticHeaderIntegrity(2), header));
  header[8] = 2;
  ApplyIntegrity(StaticHeaderIntegrity(2), header);
  image_.device().Poke(0, header);
  EXPECT_THAT(fs_.Open(kImageKey, OpenOptions{}),
              IsStatus(Code::kUnsupported, Source::kCocoonfs, 2));
}

// Open, list and read, with the n-th allocation or read of the device failing.
Status LookAtAll(FileSystem& fs, const TestImage::Files& files) {
  SVSM_TRY(fs.Open(kImageKey, OpenOptions{}));
  FileEntry entries[8];
  SVSM_TRY(fs.List(0, entries).status());
  for (const auto& [inode, data] : files) {
    ByteVec out(data.size());
    SVSM_TRY(fs.ReadAll(inode, out).status());
    EXPECT_EQ(out, data);
  }
  SVSM_TRY(fs.ReadAuxMetadata().status());
  return OkStatus();
}

TEST_F(FileSystemTest, OutOfMemoryAnywhere) {
  std::size_t n = 1;
  for (;; ++n) {
    image_.allocator().FailAt(n);
    const Status status = LookAtAll(fs_, image_.files());
    image_.allocator().FailAt(0);
    if (status.ok()) break;
    EXPECT_EQ(status.code(), Code::kOutOfMemory) << n;
    // What is open stays whole.
    if (fs_.is_open()) {
      ByteVec out(5000);
      EXPECT_THAT(fs_.ReadAll(20, out), IsOk());
      EXPECT_EQ(out, image_.files().at(20));
    }
    fs_.Close();
    ASSERT_LT(n, 1000u);
  }
  EXPECT_GT(n, 20u);
}

TEST_F(FileSystemTest, ReadErrorAnywhere) {
  std::uint64_t n = 1;
  for (;; ++n) {
    image_.device().FailNth(testing::kFailReads, n, testing::Failing::kOnce);
    const Status status = LookAtAll(fs_, image_.files());
    image_.device().FailNth(0, 0, testing::Failing::kOnce);
    if (status.ok()) break;
    EXPECT_THAT(status, IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError)) << n;
    if (fs_.is_open()) {
      ByteVec out(5000);
      EXPECT_THAT(fs_.ReadAll(20, out), IsOk());
      EXPECT_EQ(out, image_.files().at(20));
    }
    fs_.Close();
    ASSERT_LT(n, 1000u);
  }
  EXPECT_GT(n, 10u);
}

TEST_F(FileSystemTest, ChangedDataAreRefusedAndOthersRead) {
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  ASSERT_THAT(fs_.Stat(4294967296), IsOk());
  const Extent extent = FileSystemAccess::StateOf(fs_)->reader.extents()[0];
  ASSERT_THAT(fs_.Stat(16), IsOk());
  const ByteVec flipped(
      1, static_cast<std::uint8_t>(image_.device().image()[(extent.first + 5) * 128] ^ 1));
  image_.device().Poke((extent.first + 5) * 128, flipped);
  ByteVec out(40000, 0xEE);
  EXPECT_THAT(fs_.ReadAll(4294967296, out),
              IsStatus(Code::kAuthFailed, Source::kCocoonfs, Detail(Region::kTreeData)));
  EXPECT_TRUE(IsZero(out));
  out.resize(5000);
  EXPECT_THAT(fs_.ReadAll(20, out), IsOkAnd(Eq(5000u)));
  EXPECT_EQ(out, image_.files().at(20));
}

// Blocks of the device that are smaller than allocation blocks, as large, and larger.
TEST(FileSystemLayoutTest, AnyBlocksOfTheDevice) {
  for (const std::uint8_t allocation : std::initializer_list<std::uint8_t>{0, 1, 2, 5}) {
    for (const std::uint8_t io : std::initializer_list<std::uint8_t>{0, 2, 3}) {
      for (std::uint32_t device_block = 128; device_block <= 128U << (allocation + io);
           device_block *= 2) {
        SCOPED_TRACE(::testing::Message()
                     << int{allocation} << " " << int{io} << " " << device_block);
        ImageLayout layout;
        layout.allocation_block_log2 = allocation;
        layout.io_block_log2 = io;
        const std::size_t size = (std::size_t{32768} << allocation) + 65536;
        TestImage image(LinkedBackend(), size, layout, device_block);
        image.Write({{16, 3000}, {17, 70}});
        image.Write({{16, 3100}, {18, 9000}});
        FileSystem fs(image.device(), LinkedBackend(), image.rng(), image.allocator());
        ASSERT_THAT(fs.Open(kImageKey, OpenOptions{}), IsOk());
        for (const auto& [inode, data] : image.files()) {
          ByteVec out(data.size());
          EXPECT_THAT(fs.ReadAll(inode, out), IsOk());
          EXPECT_EQ(out, data);
        }
        // A commit that is found in the journal.
        const Result<Transaction*> transaction = fs.Begin();
        ASSERT_THAT(transaction, IsOk());
        const ByteVec data(5000, 7);
        ASSERT_THAT((*transaction)->Write(17, data, 3), IsOk());
        const Result<PendingCommit*> commit = (*transaction)->Prepare();
        ASSERT_THAT(commit, IsOk());
        ASSERT_THAT((*commit)->WriteJournal(), IsOk());
        const ByteView new_root = (*commit)->new_root();
        const ByteVec root(new_root.begin(), new_root.end());
        fs.Close();
        ASSERT_THAT(fs.Open(kImageKey, OpenOptions{}), IsOk());
        EXPECT_NE(fs.pending_commit(), nullptr);
        EXPECT_TRUE(Equal(fs.root_digest(), root));
        ByteVec out(5000);
        EXPECT_THAT(fs.ReadAll(17, out), IsOk());
        EXPECT_EQ(out, data);
        VerifyReport report;
        EXPECT_THAT(Verify(fs, report), IsOk());
      }
    }
  }
}

TEST_F(FileSystemTest, OneTransactionAtATime) {
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  const Result<Transaction*> first = fs_.Begin();
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(fs_.Begin(), IsStatus(Code::kBusy, Source::kCocoonfs));
  (*first)->Abandon();
  EXPECT_THAT(fs_.Begin(), IsOk());
  fs_.Close();
  OpenOptions read_only;
  read_only.read_only = true;
  ASSERT_THAT(fs_.Open(kImageKey, read_only), IsOk());
  EXPECT_EQ(fs_.Begin().status(), kNotNow);
}

TEST_F(FileSystemTest, DescribesItself) {
  ASSERT_THAT(fs_.Open(kImageKey, OpenOptions{}), IsOk());
  EXPECT_EQ(fs_.layout(), ImageLayout());
  EXPECT_TRUE(Equal(fs_.salt(), kImageKey));
  EXPECT_EQ(fs_.root_digest().size(), 32u);
  EXPECT_FALSE(IsZero(fs_.update_counter()));
  EXPECT_EQ(fs_.usage().block_size_bytes, 128u);
  EXPECT_EQ(fs_.usage().num_blocks, 1024u);
  EXPECT_GT(fs_.usage().num_free_blocks, 300u);
  EXPECT_EQ(fs_.pending_commit(), nullptr);
}

}  // namespace
}  // namespace svsm::cocoonfs
