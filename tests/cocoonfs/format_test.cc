#include "svsm/cocoonfs/format.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs_file/memory_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/layouts.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

class FormatEach : public ::testing::TestWithParam<LayoutCase> {};

TEST_P(FormatEach, OpensAndIsEmpty) {
  const LayoutCase& test = GetParam();
  const crypto::Symmetric& symmetric = LinkedBackend();
  TestRng rng(3);
  TestAllocator allocator;
  for (const FreeSpace free_space : {FreeSpace::kRandom, FreeSpace::kTrim, FreeSpace::kLeave}) {
    for (const int aux_bytes : {-1, 0, 3000}) {
      MemoryDevice device(test.device_block, ByteVector(test.image_bytes, 0xA5));
      AuxMetadata aux(allocator);
      if (aux_bytes > 0) {
        ASSERT_THAT(aux.Add(FixedView<16>(Ascii("0123456789abcdef")), ByteVector(500, 7)), IsOk());
      }
      aux.SetExtraReserve(static_cast<std::uint64_t>(aux_bytes));
      FormatOptions options;
      options.layout = test.layout;
      const Bytes<3> salt = Ascii("abc");
      options.salt = salt;
      options.free_space = free_space;
      if (aux_bytes >= 0) options.aux = &aux;
      const Status status = Format(device, symmetric, rng, allocator, Ascii("key"), options);
      if (test.image_bytes == 16384 && aux_bytes > 0) {
        EXPECT_EQ(status, OkStatus());
      }
      ASSERT_THAT(status, IsOk());
      FileSystem fs(device, symmetric, rng, allocator);
      ASSERT_THAT(fs.Open(Ascii("key"), OpenOptions{}), IsOk());
      EXPECT_EQ(fs.layout(), test.layout);
      EXPECT_EQ(fs.usage().num_blocks, test.image_bytes / test.layout.allocation_block_bytes());
      FileEntry entries[4];
      SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t count, fs.List(kMinUserInode, entries));
      EXPECT_EQ(count, 0u);
      if (const char* dir = std::getenv("SVSM_KEEP_IMAGES"); dir != nullptr) {
        const std::string path = std::string(dir) + "/" + test.name + "-" +
                                 std::to_string(static_cast<int>(free_space)) + "-" +
                                 std::to_string(aux_bytes) + ".img";
        FILE* const file = std::fopen(path.c_str(), "wb");
        std::fwrite(device.image().data(), 1, device.image().size(), file);
        std::fclose(file);
      }
      FileSystem other(device, symmetric, rng, allocator);
      EXPECT_THAT(other.Open(Ascii("kez"), OpenOptions{}),
                  IsStatus(Code::kAuthFailed, Source::kCocoonfs,
                           static_cast<std::uint32_t>(Region::kEntryLeaf)));
    }
  }
}

std::string NameOf(const ::testing::TestParamInfo<LayoutCase>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(Layouts, FormatEach, ::testing::ValuesIn(EmptyLayoutCases()), NameOf);

Status FormatWith(const FormatOptions& options, std::size_t device_bytes = 65536,
                  std::uint32_t device_block = 512) {
  const crypto::Symmetric& symmetric = LinkedBackend();
  TestRng rng;
  TestAllocator allocator;
  MemoryDevice device(device_block, ByteVector(device_bytes, 0xA5));
  return Format(device, symmetric, rng, allocator, Ascii("key"), options);
}

TEST(Format, RefusesWhatCannotBe) {
  FormatOptions options;
  options.layout.io_block_log2 = 7;
  EXPECT_EQ(FormatWith(options), Status(Code::kInvalidArgument, Source::kCocoonfs, 1));
  options = {};
  const ByteVector salt(256);
  options.salt = salt;
  EXPECT_EQ(FormatWith(options), Status(Code::kInvalidArgument, Source::kCocoonfs, 31));
  const Status bad_size(Code::kInvalidArgument, Source::kCocoonfs, kBadSize);
  options = {};
  options.size_bytes = 65536 + 512;
  EXPECT_EQ(FormatWith(options), bad_size);
  options.size_bytes = 32768 + 128;
  EXPECT_EQ(FormatWith(options), bad_size);
  options.size_bytes = 0;
  EXPECT_EQ(FormatWith(options, 2048), Status(Code::kExhausted, Source::kCocoonfs));
  EXPECT_EQ(FormatWith(options, 65536, 1024), Status(Code::kUnsupported, Source::kCocoonfs,
                                                     static_cast<std::uint32_t>(Region::kDevice)));
  TestAllocator allocator;
  AuxMetadata aux(allocator);
  aux.SetExtraReserve(~std::uint64_t{0});
  options.aux = &aux;
  EXPECT_EQ(FormatWith(options), Status(Code::kExhausted, Source::kCocoonfs));
}

TEST(Format, SaysWhenMemoryOrTheDeviceFails) {
  const crypto::Symmetric& symmetric = LinkedBackend();
  TestRng rng;
  TestAllocator allocator;
  FormatOptions options;
  for (std::size_t n = 1;; ++n) {
    MemoryDevice device(512, ByteVector(65536, 0xA5));
    allocator.FailAt(n);
    const Status status = Format(device, symmetric, rng, allocator, Ascii("key"), options);
    if (status.ok()) break;
    EXPECT_EQ(status.code(), Code::kOutOfMemory) << n;
    FileSystem fs(device, symmetric, rng, allocator);
    EXPECT_THAT(fs.Open(Ascii("key"), {}), IsStatus(Code::kDataLoss, Source::kCocoonfs));
    ASSERT_LT(n, 1000u);
  }
  allocator.FailAt(0);
}

class Count final : public FormatProgress {
 public:
  Status OnProgress(std::uint64_t done, std::uint64_t total) override {
    EXPECT_GT(done, last);
    EXPECT_EQ(total, 4u << 20);
    last = done;
    ++calls;
    return calls == stop_at ? Status(Code::kUnavailable, Source::kCaller, 5) : OkStatus();
  }
  std::uint64_t last = 0;
  int calls = 0;
  int stop_at = 0;
};

TEST(Format, TellsHowFarItIsAndStops) {
  FormatOptions options;
  Count count;
  options.progress = &count;
  EXPECT_THAT(FormatWith(options, 4 << 20), IsOk());
  EXPECT_GE(count.calls, 4);
  EXPECT_EQ(count.last, 4u << 20);
  Count stop;
  stop.stop_at = 2;
  options.progress = &stop;
  EXPECT_EQ(FormatWith(options, 4 << 20), Status(Code::kUnavailable, Source::kCaller, 5));
  EXPECT_EQ(stop.calls, 2);
}

}  // namespace
}  // namespace svsm::cocoonfs
