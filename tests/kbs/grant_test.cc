#include "svsm/kbs/grant.h"

#include <string>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail) { return IsStatus(code, Source::kKbs, detail); }

Grant Example() {
  Grant grant;
  Fill(grant.key_seed.writable(), 0x11);
  Fill(grant.vm_id, 0x22);
  grant.boot = {0x0807060504030201};
  static constexpr auto kResource = Ascii("a/b/c");
  grant.resource = kResource;
  return grant;
}

ByteVector Encoded(const Grant& grant) {
  ByteVector out(kGrantSize);
  const auto text = EncodeGrant(grant, out);
  EXPECT_THAT(text, IsOk());
  return text.ok() ? ToVector(*text) : ByteVector();
}

Status Decode(const ByteVector& bytes) {
  Grant grant;
  const Status status = DecodeGrant(bytes, grant);
  EXPECT_EQ(status.ok(), !IsZero(grant.key_seed.view()));
  return status;
}

TEST(GrantTest, LayoutIsFixed) {
  const ByteVector bytes = Encoded(Example());
  EXPECT_THAT(bytes, BytesAre("7376736d2d6772616e74000000000000"
                              "01000000"
                              "65000000"
                              "01002000"
                              "1111111111111111111111111111111111111111111111111111111111111111"
                              "02001000"
                              "22222222222222222222222222222222"
                              "03000800"
                              "0102030405060708"
                              "04000500"
                              "612f622f63"));
  Grant back;
  ASSERT_THAT(DecodeGrant(bytes, back), IsOk());
  EXPECT_THAT(back.key_seed.view(), SameBytes(ByteVector(32, 0x11)));
  EXPECT_THAT(back.vm_id, SameBytes(ByteVector(16, 0x22)));
  EXPECT_EQ(back.boot, BootNumber{0x0807060504030201});
  EXPECT_THAT(back.resource, SameBytes(AsBytes("a/b/c")));
}

TEST(GrantTest, EncoderNamesBounds) {
  Grant grant = Example();
  ByteVector out(kGrantSize);
  EXPECT_THAT(EncodeGrant(grant, ByteSpan(out).first(100)), Is(Code::kBufferTooSmall, 101));
  grant.resource = {};
  EXPECT_THAT(EncodeGrant(grant, out), Is(Code::kInvalidArgument, kMaxResourceSize));
  const ByteVector name(kMaxResourceSize + 1, 'r');
  grant.resource = name;
  EXPECT_THAT(EncodeGrant(grant, out), Is(Code::kInvalidArgument, kMaxResourceSize));
  grant.resource = ByteView(name).first(kMaxResourceSize);
  EXPECT_EQ(Encoded(grant).size(), kGrantSize);
  EXPECT_THAT(Decode(Encoded(grant)), IsOk());
}

TEST(GrantTest, EveryOtherFormIsRefused) {
  const ByteVector good = Encoded(Example());
  for (std::size_t size = 0; size < good.size(); ++size) {
    ByteVector cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    if (size >= 24) cut[20] = static_cast<std::uint8_t>(size);
    EXPECT_THAT(Decode(cut), ::testing::Not(IsOk())) << size;
  }
  EXPECT_THAT(Decode({}), Is(Code::kTruncated, 0));
  EXPECT_THAT(Decode(ByteVector(kMaxGrantSize + 1)), Is(Code::kOutOfRange, kMaxGrantSize));
  const struct {
    std::size_t at;
    std::uint8_t value;
    Code code;
    std::size_t detail;
  } kCases[] = {
      {0, 'S', Code::kMalformed, 0},     {15, 1, Code::kMalformed, 0},
      {16, 2, Code::kUnsupported, 16},   {20, 0x64, Code::kMalformed, 20},
      {24, 0, Code::kMalformed, 24},     {24, 2, Code::kMalformed, 24},
      {24, 5, Code::kUnsupported, 24},   {26, 31, Code::kMalformed, 24},
      {60, 1, Code::kMalformed, 60},     {80, 5, Code::kUnsupported, 80},
      {94, 6, Code::kTruncated, 96},     {92, 3, Code::kMalformed, 92},
      {93, 0x80, Code::kMalformed, 101},
  };
  for (const auto& c : kCases) {
    ByteVector bytes = good;
    bytes[c.at] = c.value;
    EXPECT_THAT(Decode(bytes), Is(c.code, c.detail)) << c.at;
  }
}

TEST(GrantTest, OnlyIgnorableRecordsAreIgnored) {
  const auto with = [](std::uint8_t low, std::uint8_t high) {
    ByteVector bytes = Encoded(Example());
    bytes[20] = static_cast<std::uint8_t>(bytes.size() + 6);
    const ByteVector more = {low, high, 2, 0, 7, 7};
    bytes.insert(bytes.end(), more.begin(), more.end());
    return Decode(bytes);
  };
  EXPECT_THAT(with(0, 0x80), IsOk());
  EXPECT_THAT(with(0xFF, 0xFF), IsOk());
  EXPECT_THAT(with(5, 0), Is(Code::kUnsupported, 101));
  EXPECT_THAT(with(0xFF, 0x7F), Is(Code::kUnsupported, 101));
  EXPECT_THAT(with(4, 0), Is(Code::kMalformed, 101));
}

// HMAC-SHA-256(seed, be32 1 || "svsm root key 1" || 00 || vm id || resource || be32 256).
TEST(GrantTest, RootKeyIsDerivedOfSeedGuestAndResource) {
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha256);
  Grant grant = Example();
  Bytes<32> key{};
  ASSERT_THAT(DeriveRootKey(hmac, grant, key), IsOk());
  ByteVector text = {0, 0, 0, 1};
  for (const std::string& part : {std::string("svsm root key 1") + '\0', std::string(16, '\x22'),
                                  std::string("a/b/c"), std::string("\0\0\1\0", 4)}) {
    text.insert(text.end(), part.begin(), part.end());
  }
  Bytes<32> expected{};
  ASSERT_THAT(hmac.SetKey(grant.key_seed.view()), IsOk());
  ASSERT_THAT(hmac.Compute(text, expected), IsOk());
  EXPECT_THAT(key, SameBytes(expected));
  grant.boot = {1};
  ASSERT_THAT(DeriveRootKey(hmac, grant, key), IsOk());
  EXPECT_THAT(key, SameBytes(expected));
  grant.vm_id[0] ^= 1;
  ASSERT_THAT(DeriveRootKey(hmac, grant, key), IsOk());
  EXPECT_THAT(key, ::testing::Not(SameBytes(expected)));
  crypto::OpensslHmac other(crypto::HashAlg::kSha384);
  EXPECT_THAT(DeriveRootKey(other, grant, key), Is(Code::kInvalidArgument, 0));
  EXPECT_TRUE(IsZero(key));
}

}  // namespace
}  // namespace svsm::kbs
