#include "cocoonfs/block_view.h"

#include "svsm/cocoonfs/region.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::DeviceCall;
using svsm::testing::FaultDevice;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;

TEST(DeviceViewTest, ReadsAnyBlocksOfAnyDevice) {
  TestRng rng(1);
  const std::vector<std::uint8_t> image = RandomBytes(rng, 16384);
  for (const std::uint32_t device_block : {128u, 512u, 4096u}) {
    for (const std::uint8_t log2 : std::initializer_list<std::uint8_t>{0, 2, 4}) {
      TestAllocator allocator;
      FaultDevice device(device_block, image);
      DeviceView view(device, allocator);
      ASSERT_THAT(view.Init(log2, 4096), IsOk());
      const std::size_t block = std::size_t{128} << log2;
      const std::uint64_t blocks = image.size() / block;
      EXPECT_EQ(view.num_blocks(), blocks);
      for (std::uint64_t first = 0; first <= blocks; ++first) {
        for (const std::uint64_t count : {0u, 1u, 3u, 8u}) {
          if (count > blocks - first) continue;
          std::vector<std::uint8_t> out(count * block);
          ASSERT_THAT(view.Read(first, out), IsOk());
          EXPECT_TRUE(Equal(out, ByteView(image).subspan(first * block, out.size())));
        }
      }
      std::vector<std::uint8_t> out(block);
      EXPECT_EQ(view.Read(blocks, out), Malformed(Region::kDevice));
      EXPECT_EQ(view.Read(~std::uint64_t{0}, out), Malformed(Region::kDevice));
    }
  }
}

TEST(DeviceViewTest, GathersWholeBlocks) {
  TestAllocator allocator;
  FaultDevice device(512, std::vector<std::uint8_t>(16384));
  DeviceView view(device, allocator);
  ASSERT_THAT(view.Init(0, 512), IsOk());
  std::vector<std::uint8_t> out(128 * 40);
  ASSERT_THAT(view.Read(3, out), IsOk());
  EXPECT_EQ(device.count(DeviceCall::kRead), 3u);  // a part, all that is whole, a part
}

TEST(DeviceViewTest, Refuses) {
  TestAllocator allocator;
  FaultDevice device(4096, std::vector<std::uint8_t>(16384));
  DeviceView view(device, allocator);
  EXPECT_THAT(view.Init(0, 512), IsStatus(Code::kUnsupported, Source::kCocoonfs,
                                          static_cast<std::uint32_t>(Region::kDevice)));
  ASSERT_THAT(view.Init(0, 4096), IsOk());
  device.FailNth(testing::kFailReads, 1, testing::Failing::kOnce);
  std::vector<std::uint8_t> out(128);
  EXPECT_THAT(view.Read(0, out),
              IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError));
}

class OddDevice final : public BlockDevice {
 public:
  explicit OddDevice(std::uint32_t size) : size_(size) {}
  BlockGeometry Geometry() const override { return {size_, ~std::uint64_t{0}}; }
  Status Read(std::uint64_t, ByteSpan) override { return OkStatus(); }
  Status Write(std::uint64_t, ByteView) override { return OkStatus(); }
  Status Flush() override { return OkStatus(); }
  Status Trim(std::uint64_t, std::uint64_t) override { return OkStatus(); }

 private:
  std::uint32_t size_;
};

TEST(DeviceViewTest, RefusesOddGeometry) {
  TestAllocator allocator;
  for (const std::uint32_t size : {0u, 64u, 384u}) {
    OddDevice device(size);
    DeviceView view(device, allocator);
    EXPECT_THAT(view.Init(0, 4096), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
  }
  OddDevice huge(512);
  DeviceView view(huge, allocator);
  EXPECT_THAT(view.Init(0, 4096), IsOk());
  EXPECT_LT(view.num_blocks(), std::uint64_t{1} << 58);
}

}  // namespace
}  // namespace svsm::cocoonfs
