#include "svsm/crypto/ecdh.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"
#include "tests/crypto/backends.h"

namespace svsm::crypto {
namespace {

using testing::IsOk;
using testing::IsStatus;

constexpr Curve kCurves[] = {Curve::kP256, Curve::kP384, Curve::kP521};

// Gives `first` once, then `next` for ever.
class FakeRng final : public Rng {
 public:
  FakeRng(std::uint8_t first, std::uint8_t next) : value_(first), next_(next) {}
  Status Generate(ByteSpan out) override {
    ++calls;
    Fill(out, value_);
    value_ = next_;
    return status;
  }
  int calls = 0;
  Status status;

 private:
  std::uint8_t value_;
  std::uint8_t next_;
};

template <typename Backend>
class EcdhTest : public ::testing::Test {};
TYPED_TEST_SUITE(EcdhTest, Backends);

template <typename Backend>
struct Party {
  Party(Curve curve, std::uint8_t seed)
      : ecdh(curve),
        scalar(CoordinateSize(curve)),
        x(scalar.size()),
        y(scalar.size()),
        z(scalar.size()) {
    FakeRng rng(seed, seed);
    EXPECT_THAT(ecdh.GenerateKey(rng, scalar), IsOk());
    EXPECT_THAT(ecdh.PublicKey(x, y), IsOk());
  }
  typename Backend::EcdhType ecdh;
  ByteVector scalar, x, y, z;
};

TYPED_TEST(EcdhTest, BothSidesAgree) {
  for (const Curve curve : kCurves) {
    Party<TypeParam> a(curve, 0x11);
    Party<TypeParam> b(curve, 0x23);
    EXPECT_EQ(a.ecdh.curve(), curve);
    EXPECT_NE(a.x, b.x);
    ASSERT_THAT(a.ecdh.Agree({b.x, b.y}, a.z), IsOk());
    ASSERT_THAT(b.ecdh.Agree({a.x, a.y}, b.z), IsOk());
    EXPECT_EQ(a.z, b.z);
    EXPECT_FALSE(IsZero(a.z));
    // An imported scalar is the same key.
    typename TypeParam::EcdhType again(curve);
    ASSERT_THAT(again.SetPrivateKey(a.scalar), IsOk());
    ByteVector z(a.z.size());
    ASSERT_THAT(again.Agree({b.x, b.y}, z), IsOk());
    EXPECT_EQ(z, a.z);
  }
}

TYPED_TEST(EcdhTest, RefusesPointsThatAreNotOnTheCurve) {
  for (const Curve curve : kCurves) {
    Party<TypeParam> a(curve, 0x11);
    const auto malformed = IsStatus(Code::kMalformed, Source::kCrypto);
    const ByteVector zero(a.x.size());
    const ByteVector large(a.x.size(), 0xFF);
    for (const EcPointView& point :
         {EcPointView{a.y, a.x}, EcPointView{zero, zero}, EcPointView{large, a.y}}) {
      Fill(a.z, 0xAA);
      EXPECT_THAT(a.ecdh.Agree(point, a.z), malformed);
      EXPECT_TRUE(IsZero(a.z));
    }
  }
}

TYPED_TEST(EcdhTest, RefusesOtherSizes) {
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  for (const Curve curve : kCurves) {
    Party<TypeParam> a(curve, 0x11);
    const ByteView shorter = ByteView(a.x).subspan(1);
    ByteVector longer(a.x.size() + 1, 0xAA);
    EXPECT_THAT(a.ecdh.Agree({shorter, a.y}, a.z), invalid);
    EXPECT_THAT(a.ecdh.Agree({a.x, shorter}, a.z), invalid);
    EXPECT_THAT(a.ecdh.Agree({a.x, a.y}, longer), invalid);
    EXPECT_TRUE(IsZero(longer));
    Fill(longer, 0xAA);
    Fill(a.z, 0xAA);
    EXPECT_THAT(a.ecdh.PublicKey(longer, a.z), invalid);
    EXPECT_TRUE(IsZero(longer));
    EXPECT_TRUE(IsZero(a.z));
    EXPECT_THAT(a.ecdh.PublicKey(a.z, longer), invalid);
    EXPECT_THAT(a.ecdh.SetPrivateKey(shorter), invalid);
    EXPECT_THAT(a.ecdh.Agree({a.x, a.y}, a.z),
                IsStatus(Code::kFailedPrecondition, Source::kCrypto));
    FakeRng rng(0x11, 0x11);
    Fill(longer, 0xAA);
    EXPECT_THAT(a.ecdh.GenerateKey(rng, longer), invalid);
    EXPECT_TRUE(IsZero(longer));
    EXPECT_EQ(rng.calls, 0);
  }
}

TYPED_TEST(EcdhTest, RefusesScalarsOutOfRange) {
  for (const Curve curve : kCurves) {
    typename TypeParam::EcdhType ecdh(curve);
    const auto malformed = IsStatus(Code::kMalformed, Source::kCrypto);
    EXPECT_THAT(ecdh.SetPrivateKey(ByteVector(CoordinateSize(curve))), malformed);
    EXPECT_THAT(ecdh.SetPrivateKey(ByteVector(CoordinateSize(curve), 0xFF)), malformed);
  }
}

TYPED_TEST(EcdhTest, RefusesWithoutAKey) {
  const auto no_key = IsStatus(Code::kFailedPrecondition, Source::kCrypto);
  const Party<TypeParam> made(Curve::kP256, 0x11);
  typename TypeParam::EcdhType ecdh(Curve::kP256);
  Bytes<32> z;
  Bytes<32> y;
  for (int round = 0; round < 2; ++round) {
    Fill(z, 0xAA);
    EXPECT_THAT(ecdh.Agree({made.x, made.y}, z), no_key);
    EXPECT_TRUE(IsZero(z));
    EXPECT_THAT(ecdh.PublicKey(z, y), no_key);
    ASSERT_THAT(ecdh.SetPrivateKey(made.scalar), IsOk());
    ecdh.Wipe();
  }
}

TYPED_TEST(EcdhTest, GenerateKeyDrawsUntilAScalarIsInRange) {
  for (const Curve curve : kCurves) {
    typename TypeParam::EcdhType ecdh(curve);
    ByteVector scalar(CoordinateSize(curve));
    FakeRng rng(0xFF, 0x11);
    ASSERT_THAT(ecdh.GenerateKey(rng, scalar), IsOk());
    EXPECT_EQ(rng.calls, 2);
    FakeRng zeros(0, 0);
    EXPECT_THAT(ecdh.GenerateKey(zeros, scalar), IsStatus(Code::kExhausted, Source::kCrypto));
    EXPECT_EQ(zeros.calls, 128);
    EXPECT_TRUE(IsZero(scalar));
    ByteVector x(scalar.size());
    ByteVector y(scalar.size());
    EXPECT_THAT(ecdh.PublicKey(x, y), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
    FakeRng broken(0x11, 0x11);
    broken.status = Status(Code::kExhausted, Source::kCaller, 5);
    EXPECT_THAT(ecdh.GenerateKey(broken, scalar), IsStatus(Code::kExhausted, Source::kCaller, 5));
    EXPECT_TRUE(IsZero(scalar));
  }
}

}  // namespace
}  // namespace svsm::crypto
