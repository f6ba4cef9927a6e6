#include "svsm/cocoonfs/layout.h"

#include "svsm/cocoonfs/region.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::BytesAre;
using svsm::testing::IsOk;
using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using ::testing::Eq;

constexpr auto kHeaderRegion = static_cast<std::uint32_t>(Region::kStaticHeader);

TEST(LayoutTest, EncodesTheDefault) {
  const ImageLayout layout;
  EXPECT_THAT(layout.Validate(), IsOk());
  EXPECT_THAT(layout.Encode(), BytesAre("00020102020000"
                                        "000b000b000b000b000b"
                                        "00060080"));
  const auto bytes = layout.Encode();
  EXPECT_THAT(ImageLayout::Decode(bytes), IsOkAnd(Eq(layout)));
}

TEST(LayoutTest, KnowsItsSizes) {
  ImageLayout layout;
  layout.allocation_block_log2 = 1;
  layout.data_block_log2 = 3;
  EXPECT_EQ(layout.allocation_block_bytes(), 256u);
  EXPECT_EQ(layout.io_block_bytes(), 1024u);
  EXPECT_EQ(layout.tree_node_bytes(), 2048u);
  EXPECT_EQ(layout.data_block_bytes(), 2048u);
  EXPECT_EQ(layout.bitmap_block_bytes(), 1024u);
  EXPECT_EQ(layout.bitmap_words_per_block(), 126u);
  EXPECT_EQ(layout.index_leaf_bytes(), 256u);
  EXPECT_EQ(layout.journal_block(), 8u);
  EXPECT_EQ(layout.tree_node(), 8u);
  EXPECT_EQ(layout.BlocksFor(0), 0u);
  EXPECT_EQ(layout.BlocksFor(1), 1u);
  EXPECT_EQ(layout.BlocksFor(256), 1u);
  EXPECT_EQ(layout.BlocksFor(257), 2u);
  EXPECT_EQ(layout.cipher_key_bytes(), 16u);
}

TEST(LayoutTest, RefusesEachParameterOutOfRange) {
  const auto expect = [](auto change, Code code, std::uint32_t offset) {
    ImageLayout layout;
    change(layout);
    EXPECT_THAT(layout.Validate(), IsStatus(code, Source::kCocoonfs, offset));
  };
  expect([](ImageLayout& l) { l.allocation_block_log2 = 57; }, Code::kInvalidArgument, 0);
  expect([](ImageLayout& l) { l.io_block_log2 = 7; }, Code::kInvalidArgument, 1);
  expect([](ImageLayout& l) { l.tree_node_log2 = 60; }, Code::kInvalidArgument, 2);
  expect([](ImageLayout& l) { l.data_block_log2 = 7; }, Code::kInvalidArgument, 3);
  expect([](ImageLayout& l) { l.bitmap_block_log2 = 60; }, Code::kInvalidArgument, 4);
  expect([](ImageLayout& l) { l.index_leaf_log2 = 7; }, Code::kInvalidArgument, 5);
  expect([](ImageLayout& l) { l.index_internal_log2 = 7; }, Code::kInvalidArgument, 6);
  expect([](ImageLayout& l) { l.key_bits = 127; }, Code::kInvalidArgument, 19);
  expect([](ImageLayout& l) { l.key_bits = 512; }, Code::kInvalidArgument, 19);
  expect(
      [](ImageLayout& l) {
        l.cipher = crypto::BlockCipherAlg::kSm4;
        l.key_bits = 256;
      },
      Code::kInvalidArgument, 19);
  expect([](ImageLayout& l) { l.allocation_block_log2 = 24; }, Code::kUnsupported, 0);
  expect([](ImageLayout& l) { l.bitmap_block_log2 = 24; }, Code::kUnsupported, 4);
}

TEST(LayoutTest, ANodeHoldsTwoDigestsAtLeast) {
  ImageLayout layout;
  layout.io_block_log2 = layout.tree_node_log2 = 0;
  layout.data_hash = crypto::HashAlg::kSha512;
  EXPECT_THAT(layout.Validate(), IsOk());  // just so
}

TEST(LayoutTest, DecodeRefuses) {
  auto bytes = ImageLayout().Encode();
  bytes[1] = 7;
  EXPECT_THAT(ImageLayout::Decode(bytes),
              IsStatus(Code::kMalformed, Source::kCocoonfs, kHeaderRegion));
  bytes = ImageLayout().Encode();
  bytes[8] = 0x99;
  EXPECT_THAT(ImageLayout::Decode(bytes), IsStatus(Code::kUnsupported, Source::kCocoonfs, 0x99));
  bytes = ImageLayout().Encode();
  bytes[18] = 0x03;
  EXPECT_THAT(ImageLayout::Decode(bytes), IsStatus(Code::kUnsupported, Source::kCocoonfs, 0x03));
  bytes = ImageLayout().Encode();
  bytes[0] = 24;
  EXPECT_THAT(ImageLayout::Decode(bytes), IsStatus(Code::kUnsupported, Source::kCocoonfs, 0));
}

TEST(LayoutTest, NamesAlgorithms) {
  for (const std::uint16_t id :
       std::initializer_list<std::uint16_t>{0x04, 0x0B, 0x0C, 0x0D, 0x12, 0x27, 0x28, 0x29}) {
    const Result<crypto::HashAlg> hash = HashFromTcg(id);
    ASSERT_THAT(hash, IsOk());
    EXPECT_EQ(TcgId(*hash), id);
  }
  for (const std::uint16_t id : std::initializer_list<std::uint16_t>{0x06, 0x13, 0x26}) {
    const Result<crypto::BlockCipherAlg> cipher = CipherFromTcg(id);
    ASSERT_THAT(cipher, IsOk());
    EXPECT_EQ(TcgId(*cipher), id);
  }
  EXPECT_THAT(HashFromTcg(0x05), IsStatus(Code::kUnsupported, Source::kCocoonfs, 5));
  EXPECT_THAT(CipherFromTcg(0x03), IsStatus(Code::kUnsupported, Source::kCocoonfs, 3));
}

TEST(LayoutTest, WorkspaceOfTheDefaultImage) {
  EXPECT_LE(WorkspaceSize(ImageLayout(), 65536), 96u * 1024);
  EXPECT_GT(WorkspaceSize(ImageLayout(), 65536), WorkspaceSize(ImageLayout(), 1024));
}

}  // namespace
}  // namespace svsm::cocoonfs
