#include "svsm/kbs/base64.h"

#include <string>
#include <string_view>
#include <vector>

#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::BytesAre;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Malformed(std::size_t offset) { return IsStatus(Code::kMalformed, Source::kKbs, offset); }

Result<ByteView> Decode(Base64 variant, std::string_view text, ByteSpan out) {
  return DecodeBase64(variant, AsBytes(text), out);
}

TEST(Base64Test, KnownAnswers) {
  // RFC 4648, 10.
  const std::string_view plain = "foobar";
  const std::string_view encoded[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                      "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (std::size_t n = 0; n <= 6; ++n) {
    Bytes<8> buffer{};
    EXPECT_THAT(EncodeBase64(Base64::kStandard, AsBytes(plain.substr(0, n)), buffer),
                IsOkAnd(SameBytes(AsBytes(encoded[n]))));
    EXPECT_THAT(Decode(Base64::kStandard, encoded[n], buffer),
                IsOkAnd(SameBytes(AsBytes(plain.substr(0, n)))));
    const std::string_view bare = encoded[n].substr(0, encoded[n].find('='));
    EXPECT_EQ(EncodedSize(Base64::kUrl, n), bare.size());
    EXPECT_THAT(EncodeBase64(Base64::kUrl, AsBytes(plain.substr(0, n)), buffer),
                IsOkAnd(SameBytes(AsBytes(bare))));
    EXPECT_THAT(Decode(Base64::kUrl, bare, buffer),
                IsOkAnd(SameBytes(AsBytes(plain.substr(0, n)))));
  }
}

TEST(Base64Test, AlphabetsDifferInTwoCharacters) {
  const Bytes<3> bytes = {0xfb, 0xef, 0xff};
  Bytes<4> buffer{};
  EXPECT_THAT(EncodeBase64(Base64::kStandard, bytes, buffer), IsOkAnd(SameBytes(Ascii("++//"))));
  EXPECT_THAT(EncodeBase64(Base64::kUrl, bytes, buffer), IsOkAnd(SameBytes(Ascii("--__"))));
  EXPECT_THAT(Decode(Base64::kUrl, "--__", buffer), IsOkAnd(BytesAre("fbefff")));
  EXPECT_THAT(Decode(Base64::kUrl, "-+__", buffer), Malformed(1));
  EXPECT_THAT(Decode(Base64::kStandard, "++/_", buffer), Malformed(3));
}

TEST(Base64Test, RefusesOtherSpellings) {
  Bytes<16> out{};
  const struct {
    Base64 variant;
    std::string_view text;
    std::size_t offset;
  } kCases[] = {
      {Base64::kStandard, "Zg", 2},
      {Base64::kStandard, "Zg=", 3},
      {Base64::kStandard, "Zg===", 5},
      {Base64::kStandard, "Z===", 1},
      {Base64::kStandard, "====", 0},
      {Base64::kStandard, "Zg==Zg==", 2},
      {Base64::kStandard, "Zh==", 1},
      {Base64::kStandard, "Zm9=", 2},
      {Base64::kStandard, "Zm 9", 2},
      {Base64::kStandard, "Zm9v\n", 5},
      {Base64::kStandard, "Zm9\xc3", 3},
      {Base64::kUrl, "Zg==", 2},
      {Base64::kUrl, "Z", 1},
      {Base64::kUrl, "Zm9vZ", 5},
      {Base64::kUrl, "Zh", 1},
      {Base64::kUrl, "Zm9", 2},
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(Decode(c.variant, c.text, out), Malformed(c.offset)) << c.text;
  }
}

TEST(Base64Test, SmallBuffersSayWhatIsNeeded) {
  Bytes<3> out{};
  EXPECT_THAT(EncodeBase64(Base64::kUrl, Ascii("foo"), out),
              IsStatus(Code::kBufferTooSmall, Source::kKbs, 4));
  EXPECT_THAT(Decode(Base64::kStandard, "Zm9vYg==", out),
              IsStatus(Code::kBufferTooSmall, Source::kKbs, 4));
}

}  // namespace
}  // namespace svsm::kbs
