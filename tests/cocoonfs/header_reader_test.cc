#include "cocoonfs/header_reader.h"

#include <gtest/gtest.h>

#include "svsm/cocoonfs/region.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::FaultDevice;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;

class HeaderReaderTest : public ::testing::Test {
 protected:
  void PutImage() {
    StaticHeader header;
    header.salt.size = 200;  // longer than what is looked at first
    ByteVector bytes(StaticHeaderBytes(header.layout, 200));
    ASSERT_THAT(EncodeStaticHeader(header, bytes), IsOk());
    device_.Poke(0, bytes);
  }
  void PutCreation(std::uint64_t at, std::uint64_t num_blocks) {
    CreationHeader header;
    header.num_blocks = num_blocks;
    ByteVector bytes(CreationHeaderBytes(header.layout, 0));
    ASSERT_THAT(EncodeCreationHeader(header, bytes), IsOk());
    device_.Poke(at, bytes);
  }
  Status Find() { return FindHeader(device_, allocator_, found_); }

  TestAllocator allocator_;
  FaultDevice device_{4096, ByteVector(65536)};
  FoundHeader found_;
};

TEST_F(HeaderReaderTest, FindsEachKind) {
  EXPECT_THAT(Find(), IsStatus(Code::kDataLoss, Source::kCocoonfs));
  PutCreation(BackupHeaderOffset(65536), 256);
  ASSERT_THAT(Find(), IsOk());
  EXPECT_EQ(found_.kind, HeaderKind::kCreationBackup);
  EXPECT_EQ(found_.creation.num_blocks, 256u);
  PutCreation(0, 128);
  ASSERT_THAT(Find(), IsOk());
  EXPECT_EQ(found_.kind, HeaderKind::kCreation);
  EXPECT_EQ(found_.creation.num_blocks, 128u);
  PutImage();
  ASSERT_THAT(Find(), IsOk());
  EXPECT_EQ(found_.kind, HeaderKind::kImage);
  EXPECT_EQ(found_.image.salt.size, 200u);
}

TEST_F(HeaderReaderTest, ATornHeaderIsNone) {
  PutImage();
  device_.Poke(300, ByteVector(8, 0xEE));
  EXPECT_THAT(Find(), IsStatus(Code::kDataLoss, Source::kCocoonfs));
}

// Nobody has authenticated it: a header that the device has no room for costs no memory.
TEST_F(HeaderReaderTest, AHeaderLargerThanTheDeviceCostsNothing) {
  for (const bool is_image : {true, false}) {
    ImageLayout layout;
    layout.allocation_block_log2 = 13;
    layout.io_block_log2 = 6;  // 64 MiB
    layout.tree_node_log2 = 0;
    StaticHeader image;
    image.layout = layout;
    CreationHeader creation;
    creation.layout = layout;
    ByteVector bytes(is_image ? StaticHeaderBytes(layout, 0) : CreationHeaderBytes(layout, 0));
    ASSERT_THAT(is_image ? EncodeStaticHeader(image, bytes) : EncodeCreationHeader(creation, bytes),
                IsOk());
    device_.Poke(0, ByteView(bytes).first(65536));
    allocator_.ResetHighWater();
    EXPECT_EQ(Find(), Malformed(Region::kDevice));
    EXPECT_LE(allocator_.high_water(), 65536u);
  }
}

TEST_F(HeaderReaderTest, ReadsAnyPartOfTheDevice) {
  TestRng rng;
  const ByteVector bytes = RandomBytes(rng, 65536);
  device_.Poke(0, bytes);
  for (const auto& [at, size] : {std::pair{0u, 1u}, {4095u, 2u}, {1u, 9000u}, {65535u, 1u}}) {
    ByteVector out(size);
    ASSERT_THAT(ReadDeviceBytes(device_, allocator_, at, out), IsOk());
    EXPECT_TRUE(Equal(out, ByteView(bytes).subspan(at, size)));
  }
  ByteVector out(2);
  EXPECT_EQ(ReadDeviceBytes(device_, allocator_, 65535, out), Malformed(Region::kDevice));
  EXPECT_EQ(ReadDeviceBytes(device_, allocator_, ~std::uint64_t{0}, out),
            Malformed(Region::kDevice));
}

TEST_F(HeaderReaderTest, SaysWhatFailsBelow) {
  PutImage();
  device_.FailNth(testing::kFailReads, 1, testing::Failing::kOnce);
  EXPECT_THAT(Find(), IsStatus(Code::kIoError, Source::kSystem, testing::kInjectedError));
  device_.FailNth(0, 0, testing::Failing::kOnce);
  allocator_.FailAt(1);
  EXPECT_EQ(Find().code(), Code::kOutOfMemory);
  allocator_.FailAt(0);
  EXPECT_EQ(DeviceBytes({1U << 20, ~std::uint64_t{0}}), std::uint64_t{1} << 63);
}

}  // namespace
}  // namespace svsm::cocoonfs
