#include "svsm/kbs/binding.h"

#include <string>

#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto BadArgument(std::size_t detail) {
  return IsStatus(Code::kInvalidArgument, Source::kKbs, detail);
}

class BindingTest : public ::testing::Test {
 protected:
  BindingInput Input(std::size_t nonce_size) const {
    return {.key = {ByteView(x_), ByteView(y_)}, .nonce = ByteView(nonce_).first(nonce_size)};
  }
  const crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  const crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  const ByteVector x_ = ByteVector(66, 1);
  const ByteVector y_ = ByteVector(66, 2);
  const ByteVector nonce_ = ByteVector(65, 3);
  const ByteVector context_ = ByteVector(kMaxBootContextSize + 1, 4);
};

TEST_F(BindingTest, OwnModeBindsEveryPartWithItsSize) {
  BindingInput input = Input(32);
  input.boot_context = Ascii("boot 7");
  ByteVector text;
  const auto put = [&](ByteView bytes) { text.insert(text.end(), bytes.begin(), bytes.end()); };
  put(wire::ToBytes(wire::Be16(19)));
  put(Ascii("svsm broker binding"));
  put(wire::ToBytes(wire::Be32(1)));
  put(wire::ToBytes(wire::Be32(4)));
  for (const ByteView part : {input.key.x, input.key.y, input.nonce, input.boot_context}) {
    put(wire::ToBytes(wire::Be64(part.size())));
    put(part);
  }
  ByteVector expected(48);
  ASSERT_THAT(sha384_.Digest(text, expected), IsOk());
  const auto tag = Ascii("SVSM:BROKER-KEY1");
  expected.insert(expected.end(), tag.begin(), tag.end());
  EXPECT_THAT(BindingReportData(BindingMode::kOwn, sha384_, input), IsOkAnd(SameBytes(expected)));
}

TEST_F(BindingTest, ProxyCompatibleModeIsSha512OfTheThree) {
  for (const std::size_t size : {16u, 32u, 64u}) {
    const BindingInput input = Input(size);
    ByteVector text = x_;
    text.insert(text.end(), y_.begin(), y_.end());
    text.insert(text.end(), input.nonce.begin(), input.nonce.end());
    Bytes<64> expected{};
    ASSERT_THAT(sha512_.Digest(text, expected), IsOk());
    EXPECT_THAT(BindingReportData(BindingMode::kProxyCompatible, sha512_, input),
                IsOkAnd(SameBytes(expected)));
  }
}

TEST_F(BindingTest, SizesAreTheModes) {
  for (const std::size_t size : {16u, 64u}) {
    EXPECT_THAT(BindingReportData(BindingMode::kOwn, sha384_, Input(size)), IsOk());
  }
  for (const std::size_t size : {0u, 15u, 65u}) {
    EXPECT_THAT(BindingReportData(BindingMode::kOwn, sha384_, Input(size)),
                BadArgument(kMaxChallengeSize));
  }
  for (const std::size_t size : {0u, 15u, 65u}) {
    EXPECT_THAT(BindingReportData(BindingMode::kProxyCompatible, sha512_, Input(size)),
                BadArgument(kMaxChallengeSize));
  }
  BindingInput input = Input(32);
  input.key.x = ByteView(x_).first(65);
  EXPECT_THAT(BindingReportData(BindingMode::kOwn, sha384_, input), BadArgument(66));
  EXPECT_THAT(BindingReportData(BindingMode::kProxyCompatible, sha512_, input), BadArgument(66));
  input.key = {ByteView(x_).first(32), ByteView(y_).first(32)};
  EXPECT_THAT(BindingReportData(BindingMode::kOwn, sha384_, input), IsOk());
  EXPECT_THAT(BindingReportData(BindingMode::kProxyCompatible, sha512_, input), BadArgument(66));
  input = Input(32);
  input.boot_context = context_;
  EXPECT_THAT(BindingReportData(BindingMode::kOwn, sha384_, input),
              BadArgument(kMaxBootContextSize));
  input.boot_context = ByteView(context_).first(1);
  EXPECT_THAT(BindingReportData(BindingMode::kProxyCompatible, sha512_, input),
              BadArgument(kMaxBootContextSize));
}

TEST_F(BindingTest, TrusteesModeIsSha384OfTheRuntimeData) {
  const Bytes<66> zeros{};
  const Bytes<16> nonce = Ascii("0123456789abcdef");
  for (const std::size_t size : {66u, 32u}) {
    const ByteView coordinate = ByteView(zeros).first(size);
    const std::string digits(size == 66 ? 88 : 43, 'A');
    const std::string text =
        R"({"additional-evidence":"","nonce":"MDEyMzQ1Njc4OWFiY2RlZg==","tee-pubkey":{)"
        R"("alg":"ECDH-ES+A256KW","crv":"P-)" +
        std::string(size == 66 ? "521" : "256") + R"(","kty":"EC","x":")" + digits + R"(","y":")" +
        digits + R"("}})";
    ByteVector expected(48);
    ASSERT_THAT(sha384_.Digest(AsBytes(text), expected), IsOk());
    expected.resize(64);
    const BindingInput input = {.key = {coordinate, coordinate}, .nonce = nonce};
    EXPECT_THAT(BindingReportData(BindingMode::kTrustee, sha384_, input),
                IsOkAnd(SameBytes(expected)));
  }
  BindingInput input = Input(64);
  EXPECT_THAT(BindingReportData(BindingMode::kTrustee, sha384_, input), IsOk());
  input.boot_context = ByteView(context_).first(1);
  EXPECT_THAT(BindingReportData(BindingMode::kTrustee, sha384_, input),
              BadArgument(kMaxBootContextSize));
  for (const std::size_t size : {0u, 15u, 65u}) {
    EXPECT_THAT(BindingReportData(BindingMode::kTrustee, sha384_, Input(size)),
                BadArgument(kMaxChallengeSize));
  }
  EXPECT_THAT(BindingReportData(BindingMode::kTrustee, sha512_, Input(32)), BadArgument(0));
}

TEST_F(BindingTest, EveryModeNeedsItsHash) {
  EXPECT_THAT(BindingReportData(BindingMode::kOwn, sha512_, Input(32)), BadArgument(0));
  EXPECT_THAT(BindingReportData(BindingMode::kProxyCompatible, sha384_, Input(32)), BadArgument(0));
}

TEST(BindingParamsTest, OnlyKeyAndThenChallenge) {
  constexpr auto kKey = BindingParam::kEcPublicKeyBytes;
  constexpr auto kChallenge = BindingParam::kChallenge;
  const auto check = [](std::array<BindingParam, kMaxBindingParams> params, std::size_t count) {
    return CheckBindingParams({.challenge = {}, .params = params, .num_params = count});
  };
  const auto refused = [](std::size_t count) {
    return IsStatus(Code::kUnsupported, Source::kKbs, count);
  };
  EXPECT_THAT(check({kKey, kChallenge}, 2), IsOk());
  EXPECT_THAT(check({kChallenge, kKey}, 2), refused(2));
  EXPECT_THAT(check({kKey, kKey}, 2), refused(2));
  EXPECT_THAT(check({kChallenge}, 1), refused(1));
  EXPECT_THAT(check({kKey, kChallenge}, 1), refused(1));
  EXPECT_THAT(check({}, 0), refused(0));
  EXPECT_THAT(check({kKey, kChallenge, kKey}, 3), refused(3));
}

}  // namespace
}  // namespace svsm::kbs
