#include "cocoonfs/creation_header.h"

#include <gtest/gtest.h>

#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

CreationHeader MakeCreation() {
  CreationHeader header;
  header.salt.size = 5;
  Fill(ByteSpan(header.salt.bytes).first(5), 0x37);
  header.aux_bytes = 300;
  header.num_blocks = 1024;
  return header;
}

TEST(CreationHeaderTest, RoundTrip) {
  const CreationHeader header = MakeCreation();
  ByteVec bytes(CreationHeaderBytes(header.layout, 5), 0xEE);
  ASSERT_THAT(EncodeCreationHeader(header, bytes), IsOk());
  const Result<CreationHeader> decoded = DecodeCreationHeader(bytes);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->layout, header.layout);
  EXPECT_TRUE(Equal(decoded->salt.view(), header.salt.view()));
  EXPECT_EQ(decoded->aux_bytes, 300u);
  EXPECT_EQ(decoded->num_blocks, 1024u);
}

TEST(CreationHeaderTest, Refuses) {
  ByteVec bytes(CreationHeaderBytes(ImageLayout(), 5));
  EXPECT_THAT(PeekCreationHeader(bytes), IsStatus(Code::kDataLoss, Source::kCocoonfs));
  const auto decode = [&](auto change) {
    CreationHeader header = MakeCreation();
    change(header);
    EXPECT_THAT(EncodeCreationHeader(header, bytes), IsOk());
    return PeekCreationHeader(bytes).status();
  };
  const Status bad = Malformed(Region::kCreationHeader);
  EXPECT_EQ(decode([](CreationHeader& h) { h.num_blocks = 1023; }), bad);
  EXPECT_EQ(decode([](CreationHeader& h) { h.num_blocks = ~std::uint64_t{3}; }), bad);
  EXPECT_EQ(decode([](CreationHeader& h) { h.aux_bytes = ~std::uint64_t{0}; }), bad);
  EXPECT_EQ(decode([](CreationHeader& h) { h.layout.data_block_log2 = 9; }), bad);
}

TEST(CreationHeaderTest, BackupLiesNearTheEnd) {
  EXPECT_EQ(BackupHeaderOffset(8191), 0u);
  EXPECT_EQ(BackupHeaderOffset(8192), 8192u - 512);
  EXPECT_EQ(BackupHeaderOffset(131072), 131072u - 8192);
  EXPECT_EQ(BackupHeaderOffset(131072 + 8191), 131072u - 8192);
  EXPECT_EQ(BackupHeaderOffset(131072 + 8192), 131072u);
  ImageLayout layout;
  layout.io_block_log2 = 5;  // 4 KiB
  EXPECT_FALSE(DeviceTakesCreationHeader(layout, 65535));
  EXPECT_TRUE(DeviceTakesCreationHeader(layout, 65536));
  EXPECT_EQ(CreationAuxBytes(layout, 0), 0u);
  EXPECT_EQ(CreationAuxBytes(layout, 1), 4096u);
  EXPECT_EQ(CreationAuxBytes(layout, 4089), 8192u);
}

}  // namespace
}  // namespace svsm::cocoonfs
