#include "svsm/crypto/hmac.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace svsm::crypto
