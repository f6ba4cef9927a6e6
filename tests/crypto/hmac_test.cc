#include "svsm/crypto/hmac.h"

#include <gtest/gtest.h>

#include <array>

#include "svsm/testing/matchers.h"
#include "tests/crypto/backends.h"

namespace svsm::crypto {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;

template <typename T>
class HmacTest : public ::testing::Test {};
TYPED_TEST_SUITE(HmacTest, Backends);

constexpr auto kJefe = Ascii("Jefe");
constexpr auto kQuestion = Ascii("what do ya want for nothing?");
constexpr char kJefeMac[] = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

// RFC 4231, test case 2.
TYPED_TEST(HmacTest, IsKeyedOnceAndUsedManyTimes) {
  typename TypeParam::HmacType hmac(HashAlg::kSha256);
  EXPECT_EQ(hmac.algorithm(), HashAlg::kSha256);
  ASSERT_THAT(hmac.SetKey(kJefe), IsOk());
  const ByteView parts[] = {ByteView(kQuestion).first(5), ByteView(),
                            ByteView(kQuestion).subspan(5)};
  for (int i = 0; i < 3; ++i) {
    Bytes<32> mac{};
    ASSERT_THAT(hmac.Compute(kQuestion, mac), IsOk());
    EXPECT_THAT(mac, BytesAre(kJefeMac));
    ASSERT_THAT(hmac.Compute(parts, mac), IsOk());
    EXPECT_THAT(mac, BytesAre(kJefeMac));
  }
}

TYPED_TEST(HmacTest, TakesAnEmptyKeyAsAKey) {
  typename TypeParam::HmacType hmac(HashAlg::kSha256);
  Bytes<32> mac{};
  ASSERT_THAT(hmac.SetKey(kJefe), IsOk());
  ASSERT_THAT(hmac.SetKey(ByteView()), IsOk());
  ASSERT_THAT(hmac.Compute(ByteView(), mac), IsOk());
  EXPECT_THAT(mac, BytesAre("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"));
}

TYPED_TEST(HmacTest, RefusesWithoutAKey) {
  typename TypeParam::HmacType hmac(HashAlg::kSha256);
  Bytes<32> mac;
  Fill(mac, 0xAA);
  EXPECT_THAT(hmac.Compute(kQuestion, mac), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  EXPECT_TRUE(IsZero(mac));
  ASSERT_THAT(hmac.SetKey(kJefe), IsOk());
  hmac.Wipe();
  EXPECT_THAT(hmac.Compute(kQuestion, mac), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  ASSERT_THAT(hmac.SetKey(kJefe), IsOk());
  ASSERT_THAT(hmac.Compute(kQuestion, mac), IsOk());
  EXPECT_THAT(mac, BytesAre(kJefeMac));
}

TYPED_TEST(HmacTest, RefusesAnotherSizeAndZeroesTheOutput) {
  typename TypeParam::HmacType hmac(HashAlg::kSha1);
  ASSERT_THAT(hmac.SetKey(kJefe), IsOk());
  Bytes<32> mac;
  Fill(mac, 0xAA);
  EXPECT_THAT(hmac.Compute(kQuestion, mac), IsStatus(Code::kInvalidArgument, Source::kCrypto));
  EXPECT_TRUE(IsZero(mac));
}

// Messages of several parts, cut anywhere, next to ones of other lengths.
TYPED_TEST(HmacTest, ComputesManyAsOneByOne) {
  constexpr std::size_t kMost = 700;
  constexpr std::size_t kMessages = 7;
  Bytes<kMost + kMessages> data{};
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 31 >> 3);
  for (const HashAlg alg : {HashAlg::kSha1, HashAlg::kSha256, HashAlg::kSha384}) {
    typename TypeParam::HmacType hmac(alg);
    ASSERT_THAT(hmac.SetKey(kJefe), IsOk());
    for (std::size_t size = 0; size < kMost; ++size) {
      std::array<std::array<ByteView, 3>, kMessages> parts;
      std::array<Bytes<kMaxDigestSize>, kMessages> macs{};
      std::array<HmacMessage, kMessages> messages;
      for (std::size_t i = 0; i < kMessages; ++i) {
        // The last three of them have other lengths.
        const ByteView all = ByteView(data).subspan(i, i < 4 ? size : size * i % kMost);
        const std::size_t cut = i % 2 == 0 ? all.size() - all.size() % 64 : all.size() * i / 9;
        const std::size_t rest = all.size() - cut;
        parts[i] = {all.first(cut), all.subspan(cut, rest / 3), all.subspan(cut + rest / 3)};
        messages[i] = {parts[i], ByteSpan(macs[i]).first(DigestSize(alg))};
      }
      ASSERT_THAT(hmac.ComputeMany(messages), IsOk());
      for (std::size_t i = 0; i < kMessages; ++i) {
        Bytes<kMaxDigestSize> one{};
        ASSERT_THAT(hmac.Compute(parts[i], ByteSpan(one).first(DigestSize(alg))), IsOk());
        ASSERT_EQ(macs[i], one) << size << " bytes, message " << i;
      }
    }
  }
}

TYPED_TEST(HmacTest, ComputesManyOfNothing) {
  typename TypeParam::HmacType hmac(HashAlg::kSha256);
  ASSERT_THAT(hmac.SetKey(kJefe), IsOk());
  EXPECT_THAT(hmac.ComputeMany({}), IsOk());
  Bytes<32> mac{}, a{}, b{};
  ASSERT_THAT(hmac.Compute(ByteView(), mac), IsOk());
  const HmacMessage messages[] = {{{}, a}, {{}, b}};
  ASSERT_THAT(hmac.ComputeMany(messages), IsOk());
  EXPECT_EQ(a, mac);
  EXPECT_EQ(b, mac);
}

TYPED_TEST(HmacTest, ZeroesAllOfManyWhenItRefuses) {
  typename TypeParam::HmacType hmac(HashAlg::kSha256);
  const ByteView parts[] = {kQuestion};
  Bytes<32> a, b;
  Bytes<31> small;
  const HmacMessage messages[] = {{parts, a}, {parts, b}, {parts, small}};
  const auto fill = [&] {
    for (const HmacMessage& message : messages) Fill(message.out, 0xAA);
  };
  fill();
  EXPECT_THAT(hmac.ComputeMany(messages), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  for (const HmacMessage& message : messages) EXPECT_TRUE(IsZero(message.out));
  ASSERT_THAT(hmac.SetKey(kJefe), IsOk());
  fill();
  EXPECT_THAT(hmac.ComputeMany(messages), IsStatus(Code::kInvalidArgument, Source::kCrypto));
  for (const HmacMessage& message : messages) EXPECT_TRUE(IsZero(message.out));
}

}  // namespace
}  // namespace svsm::crypto
