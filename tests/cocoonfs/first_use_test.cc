// Covers: svsm/cocoonfs/format.h
#include "cocoonfs/first_use.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cocoonfs/creation_header.h"
#include "svsm/cocoonfs/file_system.h"
#include "svsm/cocoonfs/format.h"
#include "svsm/cocoonfs/metadata.h"
#include "svsm/cocoonfs/verify.h"
#include "svsm/cocoonfs_file/memory_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/backend.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

constexpr Bytes<16> kUuid = Ascii("0123456789abcdef");
constexpr Bytes<4> kSalt = Ascii("salt");

// Stops for good after a number of writes.
class DyingDevice final : public BlockDevice {
 public:
  DyingDevice(MemoryDevice& below, int writes) : below_(below), writes_(writes) {}
  BlockGeometry Geometry() const override { return below_.Geometry(); }
  Status Read(std::uint64_t first, ByteSpan out) override { return below_.Read(first, out); }
  Status Write(std::uint64_t first, ByteView in) override {
    if (writes_ == 0) return Status(Code::kIoError, Source::kCaller, 3);
    --writes_;
    return below_.Write(first, in);
  }
  Status Flush() override { return OkStatus(); }
  Status Trim(std::uint64_t first, std::uint64_t count) override {
    return below_.Trim(first, count);
  }
  int left() const { return writes_; }

 private:
  MemoryDevice& below_;
  int writes_;
};

class FirstUse : public ::testing::Test {
 protected:
  FirstUse() : aux_(allocator_) {
    EXPECT_THAT(aux_.Add(kUuid, ByteVector(300, 9)), IsOk());
    aux_.SetExtraReserve(1024);
    options_.salt = kSalt;
    options_.aux = &aux_;
  }
  Status Open(BlockDevice& device, OpenOptions options) {
    FileSystem fs(device, symmetric_, rng_, allocator_);
    SVSM_TRY(fs.Open(Ascii("key"), options));
    VerifyReport report;
    EXPECT_THAT(Verify(fs, report), IsOk());
    EXPECT_TRUE(Equal(fs.salt(), kSalt));
    EXPECT_EQ(fs.usage().num_blocks, 131072u / 128);
    return OkStatus();
  }

  const crypto::Symmetric& symmetric_ = LinkedBackend();
  TestRng rng_;
  TestAllocator allocator_;
  AuxMetadata aux_;
  FormatOptions options_;
  const OpenOptions format_{.format_on_open = true};
};

TEST_F(FirstUse, MakesTheImageThatTheHeaderAsksFor) {
  for (const bool trim : {false, true}) {
    MemoryDevice device(512, ByteVector(131072, 0xA5));
    ASSERT_THAT(WriteCreationHeader(device, allocator_, options_), IsOk());
    EXPECT_EQ(Open(device, {}), Status(Code::kFailedPrecondition, Source::kCocoonfs,
                                       static_cast<std::uint32_t>(Region::kCreationHeader)));
    OpenOptions options = format_;
    options.trim = trim;
    ASSERT_THAT(Open(device, options), IsOk());
    ASSERT_THAT(Open(device, {}), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(const Metadata metadata, ReadMetadata(device, allocator_));
    EXPECT_EQ(metadata.aux.num_entries(), 1u);
    EXPECT_EQ(metadata.aux.extra_reserve(), 1024u);
    // The backup is gone.
    ByteVector head(512);
    ASSERT_THAT(device.Read(BackupHeaderOffset(131072) / 512, head), IsOk());
    EXPECT_EQ(PeekCreationHeader(head).status().code(), Code::kDataLoss);
  }
}

// Cut after every write: a header, its backup, or the image is always there, and the next use ends
// well.
TEST_F(FirstUse, SurvivesEveryCut) {
  MemoryDevice start(512, ByteVector(131072, 0xA5));
  ASSERT_THAT(WriteCreationHeader(start, allocator_, options_), IsOk());
  bool done = false;
  for (int cut = 0; !done; ++cut) {
    MemoryDevice device(512, ByteVector(start.image().begin(), start.image().end()));
    DyingDevice dying(device, cut);
    done = Open(dying, format_).ok();
    // A second cut soon after.
    DyingDevice again(device, cut % 7);
    (void)Open(again, format_);
    ASSERT_THAT(Open(device, format_), IsOk()) << cut;
    ASSERT_THAT(Open(device, {}), IsOk()) << cut;
    ASSERT_LT(cut, 1000);
  }
}

TEST_F(FirstUse, RefusesDevicesThatAreTooSmall) {
  MemoryDevice device(512, ByteVector(131072, 0xA5));
  ASSERT_THAT(WriteCreationHeader(device, allocator_, options_), IsOk());
  device.Resize(65536);
  EXPECT_EQ(Open(device, format_), Status(Code::kInvalidArgument, Source::kCocoonfs, kBadSize));
  device.Resize(4096);
  EXPECT_EQ(Open(device, format_), Malformed(Region::kDevice));
}

TEST_F(FirstUse, RefusesChangedMetadata) {
  MemoryDevice device(512, ByteVector(131072, 0xA5));
  ASSERT_THAT(WriteCreationHeader(device, allocator_, options_), IsOk());
  ByteVector block(512);
  ASSERT_THAT(device.Read(1, block), IsOk());
  block[100] = static_cast<std::uint8_t>(block[100] ^ 1);
  ASSERT_THAT(device.Write(1, block), IsOk());
  EXPECT_EQ(Open(device, format_), Malformed(Region::kAux));
}

TEST_F(FirstUse, HeaderRefusesWhatCannotBe) {
  MemoryDevice device(512, ByteVector(131072, 0xA5));
  FormatOptions options = options_;
  options.layout.io_block_log2 = 7;
  EXPECT_EQ(WriteCreationHeader(device, allocator_, options),
            Status(Code::kInvalidArgument, Source::kCocoonfs, 1));
  options = options_;
  const ByteVector salt(256);
  options.salt = salt;
  EXPECT_EQ(WriteCreationHeader(device, allocator_, options),
            Status(Code::kInvalidArgument, Source::kCocoonfs, 47));
  options = options_;
  options.size_bytes = 1000;
  EXPECT_EQ(WriteCreationHeader(device, allocator_, options),
            Status(Code::kInvalidArgument, Source::kCocoonfs, kBadSize));
  DyingDevice dying(device, 1);
  EXPECT_EQ(WriteCreationHeader(dying, allocator_, options_),
            Status(Code::kIoError, Source::kCaller, 3));
}

}  // namespace
}  // namespace svsm::cocoonfs
