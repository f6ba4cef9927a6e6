#include "cocoonfs/device_writer.h"

#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::DeviceCall;
using svsm::testing::FaultDevice;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;

// Blocks of 128 bytes on a device of 512, gathered in 2 KiB.
class DeviceWriterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(view_.Init(0, 512), IsOk());
    ASSERT_THAT(writer_.Init(512, 1600), IsOk());
    ASSERT_EQ(writer_.buffer_bytes(), 2048u);
    device_.ResetCounts();
  }
  std::uint64_t writes() const { return device_.count(DeviceCall::kWrite); }
  ByteVector At(std::uint64_t block, std::size_t size) {
    return ToVector(device_.image().subspan(block * 128, size));
  }

  TestAllocator allocator_;
  FaultDevice device_{512, ByteVector(64 * 1024)};
  DeviceView view_{device_, allocator_};
  DeviceWriter writer_{view_, allocator_};
};

TEST_F(DeviceWriterTest, GathersWhatLiesSideBySide) {
  ASSERT_THAT(writer_.Put(4, ByteVector(512, 1)), IsOk());
  ASSERT_THAT(writer_.Put(8, ByteVector(256, 2)), IsOk());  // half a block of the device
  ASSERT_THAT(writer_.Put(10, ByteVector(256, 3)), IsOk());
  EXPECT_EQ(writes(), 0u);
  ASSERT_THAT(writer_.Drain(), IsOk());
  EXPECT_EQ(writes(), 1u);
  EXPECT_EQ(At(4, 512), ByteVector(512, 1));
  EXPECT_EQ(At(8, 256), ByteVector(256, 2));
  EXPECT_EQ(At(10, 256), ByteVector(256, 3));
  ASSERT_THAT(writer_.Drain(), IsOk());
  EXPECT_EQ(writes(), 1u);
}

TEST_F(DeviceWriterTest, BeginsAnewElsewhereAndWhenItIsFull) {
  ASSERT_THAT(writer_.Put(4, ByteVector(512, 1)), IsOk());
  ASSERT_THAT(writer_.Put(40, ByteVector(512, 2)), IsOk());
  EXPECT_EQ(writes(), 1u);
  ASSERT_THAT(writer_.Put(44, ByteVector(4096, 3)), IsOk());
  ASSERT_THAT(writer_.Drain(), IsOk());
  EXPECT_EQ(At(4, 512), ByteVector(512, 1));
  EXPECT_EQ(At(40, 512), ByteVector(512, 2));
  EXPECT_EQ(At(44, 4096), ByteVector(4096, 3));
}

TEST_F(DeviceWriterTest, ReservesAndDiscards) {
  Result<ByteSpan> room = writer_.Reserve(16, 512);
  ASSERT_THAT(room, IsOk());
  Fill(*room, 7);
  room = writer_.Reserve(20, 512);
  ASSERT_THAT(room, IsOk());
  Fill(*room, 8);
  EXPECT_EQ(writes(), 0u);
  ASSERT_THAT(writer_.Flush(), IsOk());
  EXPECT_EQ(writes(), 1u);
  EXPECT_EQ(device_.num_syncs(), 1u);
  EXPECT_EQ(At(16, 512), ByteVector(512, 7));
  EXPECT_EQ(At(20, 512), ByteVector(512, 8));
  room = writer_.Reserve(24, 512);
  ASSERT_THAT(room, IsOk());
  Fill(*room, 9);
  writer_.Discard();
  ASSERT_THAT(writer_.Barrier(), IsOk());
  EXPECT_EQ(writes(), 1u);
  EXPECT_EQ(At(24, 512), ByteVector(512));
}

TEST_F(DeviceWriterTest, SaysWhatFails) {
  device_.FailNth(testing::kFailAllWriting, 1, testing::Failing::kFromThenOn);
  ASSERT_THAT(writer_.Put(4, ByteVector(512, 1)), IsOk());
  EXPECT_THAT(writer_.Barrier(),
              IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError));
  device_.FailNth(0, 0, testing::Failing::kOnce);
  DeviceWriter other(view_, allocator_);
  allocator_.FailAt(1);
  EXPECT_EQ(other.Init(512, 2048).code(), Code::kOutOfMemory);
  allocator_.FailAt(0);
}

}  // namespace
}  // namespace svsm::cocoonfs
