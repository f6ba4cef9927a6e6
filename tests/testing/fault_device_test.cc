#include "svsm/testing/fault_device.h"

#include "svsm/testing/matchers.h"

namespace svsm::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAreArray;

constexpr std::uint32_t kBlock = 256;

FaultDevice NewDevice() { return FaultDevice(kBlock, ByteVector(16 * kBlock, 0x11)); }

TEST(FaultDevice, ReadsWhatWasWritten) {
  FaultDevice device = NewDevice();
  EXPECT_EQ(device.Geometry().block_size_bytes, kBlock);
  EXPECT_EQ(device.Geometry().num_blocks, 16u);
  EXPECT_THAT(device.Write(3, ByteVector(2 * kBlock, 0x22)), IsOk());
  ByteVector out(kBlock);
  EXPECT_THAT(device.Read(4, out), IsOk());
  EXPECT_THAT(out, Each(0x22));
  EXPECT_THAT(device.Read(5, out), IsOk());
  EXPECT_THAT(out, Each(0x11));
  EXPECT_EQ(device.count(DeviceCall::kRead), 2u);
  EXPECT_EQ(device.written_bytes(), 2 * kBlock);
  EXPECT_EQ(device.read_bytes(), 2 * kBlock);
}

TEST(FaultDevice, RefusesWhatIsNoRangeOfBlocks) {
  FaultDevice device = NewDevice();
  ByteVector odd(kBlock + 1), two(2 * kBlock);
  EXPECT_THAT(device.Read(0, odd), IsStatus(Code::kInvalidArgument, Source::kSystem));
  EXPECT_THAT(device.Write(0, odd), IsStatus(Code::kInvalidArgument, Source::kSystem));
  EXPECT_THAT(device.Read(15, two), IsStatus(Code::kOutOfRange, Source::kSystem));
  EXPECT_THAT(device.Write(~std::uint64_t{0}, two), IsStatus(Code::kOutOfRange, Source::kSystem));
  EXPECT_THAT(device.Trim(15, 2), IsStatus(Code::kOutOfRange, Source::kSystem));
  EXPECT_THAT(device.Trim(0, ~std::uint64_t{0}), IsStatus(Code::kOutOfRange, Source::kSystem));
}

TEST(FaultDevice, RecordsWritesTrimsBarriersAndFlushes) {
  FaultDevice device = NewDevice();
  DeviceLog log;
  device.Record(&log);
  ASSERT_THAT(device.Write(1, ByteVector(kBlock, 0x33)), IsOk());
  ASSERT_THAT(device.Barrier(), IsOk());
  ASSERT_THAT(device.Trim(2, 1), IsOk());
  ASSERT_THAT(device.Flush(), IsOk());
  device.Record(nullptr);
  ASSERT_THAT(device.Flush(), IsOk());
  ASSERT_EQ(log.events.size(), 4u);
  EXPECT_EQ(log.events[0].call, DeviceCall::kWrite);
  EXPECT_EQ(log.events[0].offset_bytes, kBlock);
  EXPECT_THAT(log.DataOf(log.events[0]), Each(0x33));
  EXPECT_EQ(log.events[1].call, DeviceCall::kBarrier);
  EXPECT_EQ(log.events[2].call, DeviceCall::kTrim);
  EXPECT_EQ(log.events[3].call, DeviceCall::kFlush);
}

TEST(FaultDevice, FailsOnceOrForGood) {
  FaultDevice device = NewDevice();
  const ByteVector block(kBlock, 0x44);
  const auto injected = IsStatus(Code::kIoError, Source::kSystem, kInjectedError);
  device.FailNth(kFailWrites, 2, Failing::kOnce);
  EXPECT_THAT(device.Write(0, block), IsOk());
  EXPECT_FALSE(device.has_failed());
  EXPECT_THAT(device.Write(1, block), injected);
  EXPECT_TRUE(device.has_failed());
  EXPECT_EQ(device.image()[kBlock], 0x11);
  EXPECT_THAT(device.Write(1, block), IsOk());

  device.FailNth(kFailSyncs, 1, Failing::kFromThenOn);
  EXPECT_THAT(device.Write(2, block), IsOk());
  EXPECT_THAT(device.Flush(), injected);
  EXPECT_THAT(device.Barrier(), injected);
  device.FailNth(0, 0, Failing::kOnce);
  EXPECT_THAT(device.Flush(), IsOk());

  device.FailNth(kFailReads, 1, Failing::kOnce);
  ByteVector out(kBlock);
  EXPECT_THAT(device.Read(0, out), injected);
}

TEST(FaultDevice, LeavesTheFirstHalfOfAWriteThatFails) {
  FaultDevice device = NewDevice();
  device.FailNth(kFailWrites, 1, Failing::kOnce);
  EXPECT_THAT(device.Write(0, ByteVector(kBlock, 0x55)),
              IsStatus(Code::kIoError, Source::kSystem, kInjectedError));
  EXPECT_THAT(device.image().subspan(0, 128), Each(0x55));
  EXPECT_THAT(device.image().subspan(128, 128), Each(0x11));
}

TEST(FaultDevice, TellsImagesApart) {
  FaultDevice device = NewDevice();
  const std::uint64_t before = device.Fingerprint();
  ByteVector one = {0x12};
  device.Poke(1000, one);
  EXPECT_NE(device.Fingerprint(), before);
  device.Rewind();
  EXPECT_EQ(device.Fingerprint(), before);
  device.SetBase(ByteVector(33));
  const std::uint64_t shorter = device.Fingerprint();
  device.Poke(32, one);
  EXPECT_NE(device.Fingerprint(), shorter);
}

TEST(FaultDevice, GoesBack) {
  FaultDevice device = NewDevice();
  const ByteVector before = ToVector(device.image());
  ASSERT_THAT(device.Write(3, ByteVector(3 * kBlock, 0x66)), IsOk());
  ASSERT_THAT(device.Trim(15, 1), IsOk());
  const ByteVector two = {1, 2};
  device.Poke(127, two);
  EXPECT_EQ(device.image()[128], 2);
  device.Rewind();
  EXPECT_THAT(device.image(), ElementsAreArray(before));
  device.SetBase(ByteVector(kBlock, 0x77));
  EXPECT_EQ(device.Geometry().num_blocks, 1u);
  device.Rewind();
  EXPECT_THAT(device.image(), Each(0x77));
}

}  // namespace
}  // namespace svsm::testing
