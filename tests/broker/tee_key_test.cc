#include "svsm/broker/tee_key.h"

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"

namespace svsm::broker {
namespace {

using testing::FakeRng;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

class TeeKeyTest : public ::testing::TestWithParam<crypto::Curve> {
 protected:
  void SetUp() override {
    FakeRng rng;
    crypto::OpensslEcdh ecdh(GetParam());
    const std::size_t size = crypto::CoordinateSize(GetParam());
    ByteVector scalar(size);
    x_.resize(size);
    y_.resize(size);
    ASSERT_THAT(ecdh.GenerateKey(rng, scalar), IsOk());
    ASSERT_THAT(ecdh.PublicKey(x_, y_), IsOk());
  }
  Result<TeeKey> Check() const { return CheckTeeKey(GetParam(), {x_, y_}); }
  std::size_t size() const { return crypto::CoordinateSize(GetParam()); }

  ByteVector x_;
  ByteVector y_;
};

TEST_P(TeeKeyTest, TakesAPointOfTheCurve) {
  SVSM_ASSERT_OK_AND_ASSIGN(const TeeKey key, Check());
  EXPECT_EQ(key.curve, GetParam());
  EXPECT_THAT(key.point().x, SameBytes(x_));
  EXPECT_THAT(key.jwk().point.y, SameBytes(y_));
}

TEST_P(TeeKeyTest, RefusesAPointBesideTheCurve) {
  y_.back() ^= 1;
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kBroker));
}

TEST_P(TeeKeyTest, RefusesNumbersThatAreNoCoordinates) {
  x_.assign(size(), 0xFF);
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kBroker));
  x_.assign(size(), 0);
  y_.assign(size(), 0);
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kBroker));
}

TEST_P(TeeKeyTest, RefusesOtherWidths) {
  const ByteVector whole = x_;
  x_.pop_back();
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kBroker, size()));
  x_ = whole;
  y_.insert(y_.begin(), 0);
  EXPECT_THAT(Check(), IsStatus(Code::kMalformed, Source::kBroker, size()));
}

INSTANTIATE_TEST_SUITE_P(Curves, TeeKeyTest,
                         ::testing::Values(crypto::Curve::kP256, crypto::Curve::kP521));

TEST(TeeKeyCurveTest, RefusesP384) {
  const ByteVector number(48, 1);
  EXPECT_THAT(CheckTeeKey(crypto::Curve::kP384, {number, number}),
              IsStatus(Code::kUnsupported, Source::kBroker));
}

}  // namespace
}  // namespace svsm::broker
