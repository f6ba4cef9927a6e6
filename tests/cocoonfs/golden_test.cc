// Images that another implementation made, in SVSM_VECTORS_DIR: contents, root digest, counter and
// state are as its tables say.
#include "tests/cocoonfs/golden.h"

#include <cstdio>

#include "cocoonfs/image_header.h"
#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/metadata.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/core/heap_allocator.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::DeviceCall;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;

class GoldenTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (GoldenImages().empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no images";
  }
};

void ExpectAux(const AuxMetadata& aux, const GoldenImage& golden) {
  ASSERT_EQ(aux.num_entries(), golden.aux.size());
  for (std::size_t i = 0; i < golden.aux.size(); ++i) {
    const AuxMetadata::Entry entry = aux.entry(i);
    EXPECT_EQ(ByteVector(entry.uuid.begin(), entry.uuid.end()), golden.aux[i].uuid);
    EXPECT_EQ(ByteVector(entry.data.begin(), entry.data.end()), golden.aux[i].data);
  }
}

// The image shows exactly what the table lists, and the device has not been written.
void ExpectContents(const GoldenImage& golden) {
  SCOPED_TRACE(golden.name);
  TestAllocator allocator;
  TestRng rng(1);
  testing::FaultDevice device(static_cast<std::uint32_t>(golden.device_block_bytes), golden.Load());
  FileSystem fs(device, LinkedBackend(), rng, allocator);
  const Status status = fs.Open(golden.key, OpenOptions{});
  ASSERT_THAT(status, IsOk()) << (status.code() == Code::kAuthFailed ||
                                          status.code() == Code::kMalformed
                                      ? RegionName(Region{status.detail()})
                                      : "");
  EXPECT_EQ(ByteVector(fs.salt().begin(), fs.salt().end()), golden.salt);
  const auto counter = fs.update_counter();
  if (golden.state.find("auxiliary") == std::string::npos) {
    EXPECT_EQ(ByteVector(fs.root_digest().begin(), fs.root_digest().end()), golden.root_digest);
    EXPECT_EQ(ByteVector(counter.begin(), counter.end()), golden.counter);
    EXPECT_EQ(fs.usage().num_blocks - fs.usage().num_free_blocks, golden.allocated_blocks);
  } else {
    // The tables show these after the other implementation's open, which may commit a new place for
    // them.
    ByteVector next(counter.begin(), counter.end());
    IncrementCounter(ByteSpan(next).first<kCounterBytes>());
    EXPECT_THAT(golden.counter, ::testing::AnyOf(ByteVector(counter.begin(), counter.end()), next));
  }

  std::vector<FileEntry> entries(golden.files.size() + 1);
  const Result<std::size_t> count = fs.List(0, entries);
  ASSERT_THAT(count, IsOk());
  ASSERT_EQ(*count, golden.files.size());
  for (std::size_t i = 0; i < golden.files.size(); ++i) {
    const GoldenFile& file = golden.files[i];
    EXPECT_EQ(entries[i].inode, file.inode);
    EXPECT_EQ(entries[i].flags, file.flags);
    const Result<FileInfo> info = fs.Stat(file.inode);
    ASSERT_THAT(info, IsOk()) << file.inode;
    ASSERT_EQ(info->size_bytes, file.data.size());
    ByteVector data(file.data.size());
    const Result<std::size_t> size = fs.ReadAll(file.inode, data);
    ASSERT_THAT(size, IsOk()) << file.inode;
    EXPECT_EQ(data, file.data) << file.inode;
  }
  VerifyReport report;
  EXPECT_THAT(Verify(fs, report), IsOk());
  for (const Finding& finding : report.listed()) {
    ADD_FAILURE() << ProblemName(finding.problem) << ": " << RegionName(finding.region)
                  << ", inode " << finding.inode << ", block " << finding.first_block << " + "
                  << finding.num_blocks;
  }
  EXPECT_EQ(report.num_files, golden.files.size());
  const Result<AuxMetadata> aux = fs.ReadAuxMetadata();
  ASSERT_THAT(aux, IsOk());
  ExpectAux(*aux, golden);
  EXPECT_EQ(device.count(DeviceCall::kWrite), 0u);
}

// The first algorithm of the image that the backend has not, as its TCG number; 0 if it has them
// all.
std::uint32_t MissingAlgorithm(const GoldenImage& golden) {
  TestAllocator allocator;
  testing::FaultDevice device(static_cast<std::uint32_t>(golden.device_block_bytes), golden.Load());
  const Result<Metadata> metadata = ReadMetadata(device, allocator);
  if (!metadata.ok()) return 0;
  const ImageLayout& layout = metadata->layout;
  for (const crypto::HashAlg hash : {layout.node_hash, layout.data_hash, layout.root_hash,
                                     layout.preauth_hash, layout.kdf_hash}) {
    if (!LinkedBackend().Supports(hash)) return TcgId(hash);
  }
  return LinkedBackend().Supports(layout.cipher) ? 0 : TcgId(layout.cipher);
}

void ExpectUnsupported(const GoldenImage& golden, std::uint32_t missing) {
  SCOPED_TRACE(golden.name);
  TestAllocator allocator;
  TestRng rng(1);
  testing::FaultDevice device(static_cast<std::uint32_t>(golden.device_block_bytes), golden.Load());
  FileSystem fs(device, LinkedBackend(), rng, allocator);
  EXPECT_THAT(fs.Open(golden.key, OpenOptions{}),
              IsStatus(Code::kUnsupported, Source::kCocoonfs, missing));
  EXPECT_FALSE(fs.is_open());
}

void ExpectAll(const char* state, std::size_t expected) {
  std::size_t count = 0;
  for (const GoldenImage& image : GoldenImagesIn(state)) {
    ++count;
    const std::uint32_t missing = MissingAlgorithm(image);
    if (missing == 0) {
      ExpectContents(image);
    } else {
      ExpectUnsupported(image, missing);
    }
  }
  EXPECT_EQ(count, expected);
}

// What can be read without the key, of all images.
TEST_F(GoldenTest, Metadata) {
  for (const GoldenImage& golden : GoldenImages()) {
    SCOPED_TRACE(golden.name);
    TestAllocator allocator;
    testing::FaultDevice device(static_cast<std::uint32_t>(golden.device_block_bytes),
                                golden.Load());
    const Result<Metadata> metadata = ReadMetadata(device, allocator);
    ASSERT_THAT(metadata, IsOk());
    const bool creation = golden.state.find("creation") != std::string::npos;
    EXPECT_EQ(metadata->state != ImageState::kFormatted, creation);
    EXPECT_EQ(metadata->journal_pending, golden.state.rfind("journal pending", 0) == 0);
    const ByteView salt = metadata->salt();
    EXPECT_EQ(ByteVector(salt.begin(), salt.end()), golden.salt);
    EXPECT_EQ(metadata->size_bytes, creation ? 131072 : device.image().size());
    ExpectAux(metadata->aux, golden);
    EXPECT_EQ(device.count(DeviceCall::kWrite), 0u);
  }
}

// Opens, lists, reads all, in memory of that size; gives what was used of it.
std::size_t ReadWithin(const GoldenImage& golden, std::size_t size) {
  SCOPED_TRACE(golden.name);
  ByteVector memory(size);
  HeapAllocator heap(memory);
  TestRng rng(1);
  testing::FaultDevice device(static_cast<std::uint32_t>(golden.device_block_bytes), golden.Load());
  FileSystem fs(device, LinkedBackend(), rng, heap);
  EXPECT_THAT(fs.Open(golden.key, OpenOptions{}), IsOk());
  if (!fs.is_open()) return 0;
  std::vector<FileEntry> entries(golden.files.size() + 1);
  EXPECT_THAT(fs.List(0, entries), IsOk());
  for (const GoldenFile& file : golden.files) {
    ByteVector data(file.data.size());
    EXPECT_THAT(fs.ReadAll(file.inode, data), IsOk());
    EXPECT_EQ(data, file.data);
  }
  return heap.high_water_bytes();
}

TEST_F(GoldenTest, WorkspaceSizeSuffices) {
  for (const GoldenImage& golden : GoldenImagesIn("clean")) {
    if (MissingAlgorithm(golden) != 0) continue;
    TestAllocator allocator;
    testing::FaultDevice device(static_cast<std::uint32_t>(golden.device_block_bytes),
                                golden.Load());
    const Result<Metadata> metadata = ReadMetadata(device, allocator);
    ASSERT_THAT(metadata, IsOk());
    const std::uint64_t blocks = metadata->size_bytes / metadata->layout.allocation_block_bytes();
    const std::size_t size = WorkspaceSize(metadata->layout, blocks);
    const std::size_t used = ReadWithin(golden, size);
    if (golden.name.find("svsm-8m") == std::string::npos) continue;
    printf("8 MiB image: workspace of %zu bytes, %zu used\n", size, used);
    EXPECT_LE(size, 96u * 1024);
  }
}

// With a commit pending, the nodes that it makes anew are kept besides, and its log.
TEST_F(GoldenTest, MemoryWithAPendingCommit) {
  std::size_t most = 0;
  std::string name;
  for (const GoldenImage& golden : GoldenImagesIn("journal pending")) {
    if (MissingAlgorithm(golden) != 0) continue;
    const std::size_t used = ReadWithin(golden, std::size_t{1} << 20);
    if (used > most) name = golden.name;
    if (used > most) most = used;
  }
  printf("pending commits: %zu bytes at most (%s)\n", most, name.c_str());
  EXPECT_LE(most, 400u * 1024);
}

TEST_F(GoldenTest, CleanImages) { ExpectAll("clean", 46); }
TEST_F(GoldenTest, JournalPending) { ExpectAll("journal pending", 41); }
TEST_F(GoldenTest, JournalNotBegun) { ExpectAll("journal not begun", 3); }
TEST_F(GoldenTest, JournalHeadTorn) { ExpectAll("journal head torn", 3); }
TEST_F(GoldenTest, AuxiliaryUpdateUnfinished) { ExpectAll("auxiliary update", 6); }

}  // namespace
}  // namespace svsm::cocoonfs
