#include "svsm/snp/tsc_info.h"

#include "svsm/snp/guest_message.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsStatus;

TEST(TscInfoTest, BytesAreWhereTheSpecificationPutsThem) {
  const TscInfo info{0x0102030405060708, 0x1112131415161718, 0x21222324};
  const Bytes<128> bytes = EncodeTscInfo(kMessageSuccess, info);
  EXPECT_TRUE(IsZero(ByteView(bytes).first(8)));
  for (std::uint8_t i = 0; i < 8; ++i) {
    EXPECT_EQ(bytes[0x08 + i], 0x08 - i);
    EXPECT_EQ(bytes[0x10 + i], 0x18 - i);
  }
  for (std::uint8_t i = 0; i < 4; ++i) EXPECT_EQ(bytes[0x18 + i], 0x24 - i);
  EXPECT_TRUE(IsZero(ByteView(bytes).subspan(0x1C)));
  SVSM_ASSERT_OK_AND_ASSIGN(const TscInfo read, DecodeTscInfo(bytes));
  EXPECT_EQ(read, info);
}

TEST(TscInfoTest, ARefusalSaysNothingElse) {
  const Bytes<128> bytes = EncodeTscInfo(kMessageInvalidParam, {1, 2, 3});
  EXPECT_EQ(bytes[0], 0x16);
  EXPECT_TRUE(IsZero(ByteView(bytes).subspan(4)));
  EXPECT_THAT(DecodeTscInfo(bytes), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
}

TEST(TscInfoTest, RefusesOtherForms) {
  Bytes<129> bytes{};
  const auto wrong_size = IsStatus(Code::kMalformed, Source::kSnp, 128);
  EXPECT_THAT(DecodeTscInfo(bytes), wrong_size);
  EXPECT_THAT(DecodeTscInfo(ByteView(bytes).first(127)), wrong_size);
  EXPECT_THAT(DecodeTscInfo({}), wrong_size);
  for (const std::size_t at : {4u, 7u}) {
    Bytes<128> page{};
    page[at] = 1;
    EXPECT_THAT(DecodeTscInfo(page), IsStatus(Code::kMalformed, Source::kSnp, 4));
  }
  for (const std::size_t at : {0x1Cu, 0x7Fu}) {
    Bytes<128> page{};
    page[at] = 1;
    EXPECT_THAT(DecodeTscInfo(page), IsStatus(Code::kMalformed, Source::kSnp, 0x1C));
  }
}

}  // namespace
}  // namespace svsm::snp
