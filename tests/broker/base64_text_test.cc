#include "broker/base64_text.h"

#include "svsm/testing/matchers.h"

namespace svsm::broker {
namespace {

using kbs::Base64;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

TEST(Base64TextTest, GoesBothWays) {
  const ByteVector bytes = {0xfb, 0xff, 0xfe, 'a'};
  EXPECT_EQ(ToBase64(Base64::kStandard, bytes), "+//+YQ==");
  EXPECT_EQ(ToBase64(Base64::kUrl, bytes), "-__-YQ");
  EXPECT_EQ(ToBase64(Base64::kStandard, {}), "");
  EXPECT_THAT(FromBase64(Base64::kStandard, "+//+YQ=="), IsOkAnd(SameBytes(bytes)));
  EXPECT_THAT(FromBase64(Base64::kUrl, "-__-YQ"), IsOkAnd(SameBytes(bytes)));
  EXPECT_THAT(FromBase64(Base64::kUrl, ""), IsOkAnd(SameBytes(ByteView())));
}

TEST(Base64TextTest, RefusesTheOtherVariantAndOtherText) {
  const auto malformed = [](std::size_t offset) {
    return IsStatus(Code::kMalformed, Source::kKbs, offset);
  };
  EXPECT_THAT(FromBase64(Base64::kStandard, "-__-"), malformed(0));
  EXPECT_THAT(FromBase64(Base64::kUrl, "+//+"), malformed(0));
  EXPECT_THAT(FromBase64(Base64::kStandard, "YQ"), malformed(2));
  EXPECT_THAT(FromBase64(Base64::kUrl, "YQ=="), malformed(2));
  EXPECT_THAT(FromBase64(Base64::kUrl, "YR"), malformed(1));
}

TEST(Base64TextTest, BytesAreText) {
  const ByteVector bytes = {'a', 0, 'b'};
  EXPECT_EQ(ToText(bytes), std::string("a\0b", 3));
  EXPECT_EQ(AsText(bytes), std::string_view("a\0b", 3));
  EXPECT_EQ(AsText({}), "");
}

}  // namespace
}  // namespace svsm::broker
