// Covers: svsm/core/block_device.h
#include "svsm/cocoonfs_file/memory_device.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

TEST(MemoryDevice, KeepsWhatIsWritten) {
  MemoryDevice device(128, ByteVector(1000));
  EXPECT_EQ(device.Geometry().block_size_bytes, 128u);
  EXPECT_EQ(device.Geometry().num_blocks, 7u);
  const ByteVector in(256, 0x5A);
  ASSERT_THAT(device.Write(5, in), IsOk());
  ByteVector out(256);
  ASSERT_THAT(device.Read(5, out), IsOk());
  EXPECT_EQ(out, in);
  ASSERT_THAT(device.Trim(5, 1), IsOk());
  ASSERT_THAT(device.Read(5, out), IsOk());
  EXPECT_TRUE(IsZero(ByteView(out).first(128)));
  EXPECT_EQ(out[128], 0x5A);
  EXPECT_EQ(device.image()[6 * 128], 0x5A);
}

TEST(MemoryDevice, RefusesOtherSizesAndPlaces) {
  MemoryDevice device(128, ByteVector(1024));
  ByteVector bytes(256);
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCocoonfs);
  const auto out_of_range = IsStatus(Code::kOutOfRange, Source::kCocoonfs);
  EXPECT_THAT(device.Read(0, ByteSpan(bytes).first(127)), invalid);
  EXPECT_THAT(device.Write(0, ByteSpan(bytes).first(129)), invalid);
  EXPECT_THAT(device.Read(7, bytes), out_of_range);
  EXPECT_THAT(device.Write(7, bytes), out_of_range);
  EXPECT_THAT(device.Trim(8, 1), out_of_range);
  EXPECT_THAT(device.Read(~std::uint64_t{0}, bytes), out_of_range);
  EXPECT_THAT(device.Trim(1, ~std::uint64_t{0}), out_of_range);
  EXPECT_THAT(device.Read(8, ByteSpan()), IsOk());
}

TEST(MemoryDevice, CountsAndResizes) {
  MemoryDevice device(512, ByteVector(512));
  ByteVector bytes(1024);
  device.Resize(1024);
  ASSERT_THAT(device.Read(0, bytes), IsOk());
  ASSERT_THAT(device.Write(1, ByteView(bytes).first(512)), IsOk());
  ASSERT_THAT(device.Barrier(), IsOk());
  ASSERT_THAT(device.Flush(), IsOk());
  ASSERT_THAT(device.Trim(0, 2), IsOk());
  EXPECT_EQ(device.traffic(), (DeviceTraffic{1, 1024, 1, 512, 2, 1}));
  device.ResetTraffic();
  EXPECT_EQ(device.traffic(), DeviceTraffic());
}

}  // namespace
}  // namespace svsm::cocoonfs
