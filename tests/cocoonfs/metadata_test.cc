#include "svsm/cocoonfs/metadata.h"

#include <gtest/gtest.h>

#include <optional>

#include "svsm/cocoonfs/region.h"
#include "svsm/core/heap_allocator.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/crash_states.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/golden.h"

namespace svsm::cocoonfs {
namespace {

using testing::FaultDevice;
using testing::IsOk;
using testing::IsStatus;

constexpr std::uint32_t Detail(Region region) { return static_cast<std::uint32_t>(region); }

// Entries and reserve, for comparison.
ByteVector Encoded(const AuxMetadata& aux) {
  ByteVector bytes(aux.encoded_size());
  EXPECT_THAT(aux.Encode(bytes), IsOk());
  return bytes;
}

class MetadataTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (GoldenImages().empty()) GTEST_SKIP() << "no recorded images";
  }
  ByteVector Load(const std::string& name) const { return FindGolden(name)->Load(); }
  Status Add(FaultDevice& device, std::uint8_t mark, std::size_t size) {
    Result<Metadata> metadata = ReadMetadata(device, heap_);
    if (!metadata.ok()) return metadata.status();
    Bytes<kUuidSize> uuid{};
    Fill(uuid, mark);
    SVSM_TRY(metadata->aux.Add(uuid, ByteVector(size, mark)));
    return WriteAuxInPlace(device, heap_, metadata->aux);
  }
  std::optional<ByteVector> Contents(FaultDevice& device) {
    const Result<Metadata> metadata = ReadMetadata(device, heap_);
    if (!metadata.ok()) return std::nullopt;
    return Encoded(metadata->aux);
  }

  MallocAllocator heap_;
};

TEST_F(MetadataTest, ReadsEveryRecordedImageWithoutTheKey) {
  for (const GoldenImage& golden : GoldenImages()) {
    FaultDevice device(128, golden.Load());
    const Result<Metadata> metadata = ReadMetadata(device, heap_);
    ASSERT_THAT(metadata, IsOk()) << golden.name;
    EXPECT_EQ(ToVector(metadata->salt()), golden.salt) << golden.name;
    EXPECT_EQ(metadata->journal_pending, golden.state.starts_with("journal pending"))
        << golden.name;
    if (golden.state == "clean") {
      EXPECT_EQ(metadata->state, ImageState::kFormatted) << golden.name;
      EXPECT_EQ(metadata->size_bytes, device.image().size()) << golden.name;
    }
    if (golden.state == "creation header") {
      EXPECT_EQ(metadata->state, ImageState::kToBeCreated) << golden.name;
      EXPECT_EQ(metadata->size_bytes, 131072u) << golden.name;
    }
    ASSERT_EQ(metadata->aux.num_entries(), golden.aux.size()) << golden.name;
    for (std::size_t i = 0; i < golden.aux.size(); ++i) {
      const AuxMetadata::Entry entry = metadata->aux.entry(i);
      EXPECT_EQ(ToVector(entry.uuid), golden.aux[i].uuid) << golden.name;
      EXPECT_EQ(ToVector(entry.data), golden.aux[i].data) << golden.name;
    }
  }
}

TEST_F(MetadataTest, SaysWhereTheHeadersEnd) {
  FaultDevice header(128, Load("creation/header-only.img"));
  EXPECT_EQ(ReadMetadata(header, heap_)->header_bytes, header.image().size());
  FaultDevice image(4096, Load("basic/fresh.img.gz"));
  EXPECT_EQ(ReadMetadata(image, heap_)->header_bytes, 640u);
}

TEST_F(MetadataTest, ReadsThroughBlocksLargerThanTheIoBlock) {
  FaultDevice device(4096, Load("aux/offline.img.gz"));
  EXPECT_EQ(ReadMetadata(device, heap_)->aux.num_entries(), 5u);
  const AuxMetadata none(heap_);
  EXPECT_THAT(WriteAuxInPlace(device, heap_, none),
              IsStatus(Code::kUnsupported, Source::kCocoonfs, Detail(Region::kDevice)));
}

TEST_F(MetadataTest, RefusesWhatIsNoImage) {
  FaultDevice zeros(512, ByteVector(65536));
  EXPECT_THAT(ReadMetadata(zeros, heap_), IsStatus(Code::kDataLoss, Source::kCocoonfs));
  EXPECT_THAT(WriteAuxInPlace(zeros, heap_, AuxMetadata(heap_)),
              IsStatus(Code::kDataLoss, Source::kCocoonfs));
  ByteVector cut = Load("basic/fresh.img.gz");
  cut.resize(cut.size() / 2);
  FaultDevice half(512, cut);
  EXPECT_THAT(ReadMetadata(half, heap_),
              IsStatus(Code::kMalformed, Source::kCocoonfs, Detail(Region::kDevice)));
}

TEST_F(MetadataTest, SaysWhatFailsBelow) {
  FaultDevice device(512, Load("aux/several-extents.img.gz"));
  for (std::uint64_t nth = 1;; ++nth) {
    device.FailNth(testing::kFailReads, nth, testing::Failing::kOnce);
    const Result<Metadata> metadata = ReadMetadata(device, heap_);
    if (!device.has_failed()) break;
    EXPECT_THAT(metadata, IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError));
  }
  device.FailNth(0, 0, testing::Failing::kOnce);
  for (std::size_t size = 256; size < 65536; size += 1024) {
    ByteVector memory(size);
    HeapAllocator heap(memory);
    const Result<Metadata> metadata = ReadMetadata(device, heap);
    if (metadata.ok()) break;
    EXPECT_THAT(metadata, IsStatus(Code::kOutOfMemory, Source::kCore));
    ASSERT_LT(size, 60000u);
  }
}

TEST_F(MetadataTest, WritesNothingThatDoesNotFit) {
  FaultDevice without(512, Load("basic/no-reserve.img.gz"));
  EXPECT_THAT(Add(without, 1, 1), IsStatus(Code::kExhausted, Source::kCocoonfs, 0));
  FaultDevice with(512, Load("basic/fresh.img.gz"));
  const ByteVector before = ToVector(with.image());
  const Status status = Add(with, 1, 5000);
  EXPECT_EQ(status.code(), Code::kExhausted);
  EXPECT_GE(status.detail(), 1024u);
  EXPECT_EQ(ToVector(with.image()), before);
  FaultDevice header(512, Load("creation/header-only.img"));
  EXPECT_THAT(Add(header, 1, 1), IsStatus(Code::kExhausted, Source::kCocoonfs, 0));
}

TEST_F(MetadataTest, FailedWritesLeaveTheOldOrTheNew) {
  const ByteVector base = Load("aux/several-extents.img.gz");
  FaultDevice device(512, base);
  const ByteVector before = *Contents(device);
  ASSERT_THAT(Add(device, 0x55, 700), IsOk());
  const ByteVector after = *Contents(device);
  for (std::uint64_t nth = 1;; ++nth) {
    device.SetBase(base);
    device.FailNth(testing::kFailAllWriting, nth, testing::Failing::kFromThenOn);
    const Status status = Add(device, 0x55, 700);
    if (!device.has_failed()) break;
    device.FailNth(0, 0, testing::Failing::kOnce);
    EXPECT_THAT(status, IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError));
    const std::optional<ByteVector> found = Contents(device);
    ASSERT_TRUE(found == before || found == after) << nth;
  }
}

// A cut at every write, torn and reordered; and from every such state a second update, cut again.
TEST_F(MetadataTest, EveryCutAndCutOfACutShowsTheOldOrTheNew) {
  for (const char* const name :
       {"aux/offline.img.gz", "aux/several-extents.img.gz", "creation/header-aux.img.gz"}) {
    const ByteVector base = Load(name);
    FaultDevice device(512, base);
    testing::DeviceLog log;
    const ByteVector before = *Contents(device);
    device.Record(&log);
    ASSERT_THAT(Add(device, 0x55, 600), IsOk());
    device.Record(nullptr);
    const ByteVector after = *Contents(device);
    std::size_t again = 0;
    testing::CrashOptions options;
    options.tear_everywhere = false;
    testing::CrashStates states(base, log, options);
    FaultDevice cut(512, base);
    const std::size_t count = states.ForEach(cut, [&](const testing::CrashState&) {
      const std::optional<ByteVector> found = Contents(cut);
      EXPECT_TRUE(found == before || found == after) << name;
      if (!found || ++again % 5 != 0) return found.has_value();
      const ByteVector second_base = ToVector(cut.image());
      FaultDevice second(512, second_base);
      testing::DeviceLog second_log;
      second.Record(&second_log);
      EXPECT_THAT(Add(second, 0x66, 50), IsOk());
      second.Record(nullptr);
      const ByteVector second_after = *Contents(second);
      testing::CrashOptions few;
      few.write_samples = few.piece_samples = 1;
      few.tear_everywhere = false;
      testing::CrashStates second_states(second_base, second_log, few);
      second_states.ForEach(second, [&](const testing::CrashState&) {
        const std::optional<ByteVector> last = Contents(second);
        EXPECT_TRUE(last == found || last == second_after) << name;
        return !::testing::Test::HasFailure();
      });
      return !::testing::Test::HasFailure();
    });
    EXPECT_GT(count, 30u);
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
