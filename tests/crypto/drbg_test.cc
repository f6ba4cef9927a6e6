// Covers: svsm/crypto/rng.h
#include "svsm/crypto/drbg.h"

#include <gtest/gtest.h>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::crypto {
namespace {

using testing::IsOk;
using testing::IsStatus;

class DrbgTest : public ::testing::Test {
 protected:
  ByteVector Draw(Drbg& drbg, std::size_t size) {
    ByteVector out(size);
    EXPECT_THAT(drbg.Generate(out), IsOk());
    return out;
  }
  OpensslHmac hmac_{HashAlg::kSha512};
  Drbg drbg_{hmac_};
  Bytes<32> first_{1};
  Bytes<16> second_{2};
  ByteView inputs_[2] = {first_, second_};
};

// Fails from the n-th call on.
class FailingHmac final : public Hmac {
 public:
  HashAlg algorithm() const override { return HashAlg::kSha256; }
  Status SetKey(ByteView key) override {
    return Step().ok() ? inner_.SetKey(key) : Status(Code::kInternal, Source::kCaller, 7);
  }
  Status Compute(std::span<const ByteView> parts, ByteSpan out) override {
    return Step().ok() ? inner_.Compute(parts, out) : Status(Code::kInternal, Source::kCaller, 7);
  }
  void Wipe() override { inner_.Wipe(); }
  int calls_left = 1 << 20;

 private:
  Status Step() {
    return --calls_left >= 0 ? OkStatus() : Status(Code::kInternal, Source::kCaller, 7);
  }
  OpensslHmac inner_{HashAlg::kSha256};
};

TEST_F(DrbgTest, EqualInputsGiveEqualOutput) {
  OpensslHmac other_hmac(HashAlg::kSha512);
  Drbg other(other_hmac);
  ASSERT_THAT(drbg_.Seed(inputs_), IsOk());
  ASSERT_THAT(other.Seed(inputs_), IsOk());
  EXPECT_EQ(Draw(drbg_, 100), Draw(other, 100));
  EXPECT_EQ(Draw(drbg_, 1), Draw(other, 1));
  EXPECT_NE(Draw(drbg_, 32), Draw(drbg_, 32));
  second_[15] = 1;
  ASSERT_THAT(drbg_.Seed(inputs_), IsOk());
  EXPECT_NE(Draw(drbg_, 100), Draw(other, 100));
}

TEST_F(DrbgTest, RefusesWithoutASeed) {
  Bytes<16> out;
  Fill(out, 0xAA);
  const auto unseeded = IsStatus(Code::kFailedPrecondition, Source::kCrypto);
  EXPECT_THAT(drbg_.Generate(out), unseeded);
  EXPECT_TRUE(IsZero(out));
  EXPECT_THAT(drbg_.Reseed(inputs_), unseeded);
  ASSERT_THAT(drbg_.Seed(inputs_), IsOk());
  drbg_.Wipe();
  Fill(out, 0xAA);
  EXPECT_THAT(drbg_.Generate(out), unseeded);
  EXPECT_TRUE(IsZero(out));
}

TEST_F(DrbgTest, RefusesAShortSeedAndForgetsTheOldOne) {
  EXPECT_EQ(drbg_.MinSeedSize(), 48u);
  ASSERT_THAT(drbg_.Seed(inputs_), IsOk());
  const ByteView shorter[] = {first_, ByteView(second_).first(15)};
  EXPECT_THAT(drbg_.Seed(shorter), IsStatus(Code::kInvalidArgument, Source::kCrypto, 48));
  Bytes<16> out;
  EXPECT_THAT(drbg_.Generate(out), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  OpensslHmac sha1(HashAlg::kSha1);
  EXPECT_EQ(Drbg(sha1).MinSeedSize(), 24u);
}

TEST_F(DrbgTest, RefusesMoreInputsThanItStates) {
  const std::vector<ByteView> many(Drbg::kMaxInputs + 1, first_);
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  EXPECT_THAT(drbg_.Seed(many), invalid);
  ASSERT_THAT(drbg_.Seed(std::span(many).first(Drbg::kMaxInputs)), IsOk());
  EXPECT_THAT(drbg_.Reseed(many), invalid);
  Bytes<16> out;
  Fill(out, 0xAA);
  EXPECT_THAT(drbg_.Generate(many, out), invalid);
  EXPECT_TRUE(IsZero(out));
  EXPECT_THAT(drbg_.Generate(out), IsOk());
}

TEST_F(DrbgTest, ReseedNeedsBytesAndChangesTheOutput) {
  OpensslHmac other_hmac(HashAlg::kSha512);
  Drbg other(other_hmac);
  ASSERT_THAT(drbg_.Seed(inputs_), IsOk());
  ASSERT_THAT(other.Seed(inputs_), IsOk());
  EXPECT_THAT(drbg_.Reseed({}), IsStatus(Code::kInvalidArgument, Source::kCrypto));
  ASSERT_THAT(drbg_.Reseed(inputs_), IsOk());
  EXPECT_NE(Draw(drbg_, 32), Draw(other, 32));
}

TEST_F(DrbgTest, ALongRequestIsServedInPieces) {
  OpensslHmac other_hmac(HashAlg::kSha512);
  Drbg other(other_hmac);
  ASSERT_THAT(drbg_.Seed(inputs_), IsOk());
  ASSERT_THAT(other.Seed(inputs_), IsOk());
  const ByteVector whole = Draw(drbg_, Drbg::kMaxRequestSize + 10);
  ByteVector pieces = Draw(other, Drbg::kMaxRequestSize);
  const ByteVector rest = Draw(other, 10);
  pieces.insert(pieces.end(), rest.begin(), rest.end());
  EXPECT_EQ(whole, pieces);
}

TEST_F(DrbgTest, AsksForAReseedAfterItsRequests) {
  Drbg drbg(hmac_, 3);
  ASSERT_THAT(drbg.Seed(inputs_), IsOk());
  Bytes<16> out;
  ByteVector large(2 * Drbg::kMaxRequestSize, 0xAA);
  EXPECT_THAT(drbg.Generate(out), IsOk());
  EXPECT_THAT(drbg.Generate(large), IsOk());
  Fill(out, 0xAA);
  const auto exhausted = IsStatus(Code::kExhausted, Source::kCrypto);
  EXPECT_THAT(drbg.Generate(out), exhausted);
  EXPECT_TRUE(IsZero(out));
  ASSERT_THAT(drbg.Reseed(inputs_), IsOk());
  EXPECT_THAT(drbg.Generate(out), IsOk());
  EXPECT_THAT(drbg.Generate(large), IsOk());
  EXPECT_THAT(drbg.Generate(large), exhausted);
  EXPECT_TRUE(IsZero(large));
}

TEST(DrbgFailureTest, AFailingHmacUnseedsIt) {
  const Bytes<48> seed{3};
  const ByteView inputs[] = {seed};
  const auto internal = IsStatus(Code::kInternal, Source::kCaller, 7);
  FailingHmac hmac;
  Drbg drbg(hmac);
  for (int calls = 0; calls < 7; ++calls) {
    hmac.calls_left = calls;
    EXPECT_THAT(drbg.Seed(inputs), internal);
  }
  for (int calls = 0; calls < 6; ++calls) {
    Bytes<100> out;
    hmac.calls_left = 1000;
    ASSERT_THAT(drbg.Seed(inputs), IsOk());
    hmac.calls_left = calls;
    Fill(out, 0xAA);
    EXPECT_THAT(drbg.Generate(out), internal);
    EXPECT_TRUE(IsZero(out));
    EXPECT_THAT(drbg.Generate(out), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
    hmac.calls_left = 1000;
    ASSERT_THAT(drbg.Seed(inputs), IsOk());
    hmac.calls_left = calls;
    EXPECT_THAT(drbg.Reseed(inputs), internal);
    EXPECT_THAT(drbg.Generate(out), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  }
}

}  // namespace
}  // namespace svsm::crypto
