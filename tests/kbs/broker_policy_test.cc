#include "svsm/kbs/broker_policy.h"

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

constexpr std::size_t kOtherBroker = static_cast<std::size_t>(BrokerRefusal::kOtherBroker);

BrokerKey Key(std::uint8_t fill) {
  BrokerKey key;
  Fill(key.x, fill);
  Fill(key.y, static_cast<std::uint8_t>(fill + 1));
  return key;
}

TEST(BrokerPolicyTest, PinnedNeedsItsKey) {
  BrokerPolicy policy;
  EXPECT_THAT(CheckPolicy(policy), Is(Code::kInvalidArgument));
  policy.without_signature = UnsignedSecret::kAccept;
  EXPECT_THAT(CheckPolicy(policy), IsOk());
  EXPECT_THAT(CheckBroker(policy, Key(1)), Is(Code::kPermissionDenied, kOtherBroker));
  policy = {.known = Key(1)};
  EXPECT_THAT(CheckPolicy(policy), IsOk());
  EXPECT_THAT(CheckBroker(policy, Key(1)), IsOk());
  EXPECT_THAT(CheckBroker(policy, Key(2)), Is(Code::kPermissionDenied, kOtherBroker));
}

TEST(BrokerPolicyTest, OthersTakeAnyAtFirst) {
  EXPECT_THAT(CheckPolicy({.trust = BrokerTrust::kAny}), IsOk());
  EXPECT_THAT(CheckPolicy({.trust = BrokerTrust::kRemembered}), IsOk());
  EXPECT_THAT(CheckBroker({.trust = BrokerTrust::kAny, .known = Key(1)}, Key(2)), IsOk());
  EXPECT_THAT(CheckBroker({.trust = BrokerTrust::kRemembered}, Key(2)), IsOk());
  EXPECT_THAT(CheckBroker({.trust = BrokerTrust::kRemembered, .known = Key(1)}, Key(2)),
              Is(Code::kPermissionDenied, kOtherBroker));
}

TEST(BrokerPolicyTest, KeysAreOfTheCurvesThatSign) {
  const ByteVector bytes(66, 3);
  const auto point = [&](std::size_t size) {
    return crypto::EcPointView{ByteView(bytes).first(size), ByteView(bytes).first(size)};
  };
  BrokerKey expected;
  expected.curve = crypto::Curve::kP256;
  Fill(ByteSpan(expected.x).first(32), 3);
  Fill(ByteSpan(expected.y).first(32), 3);
  EXPECT_THAT(BrokerKeyOf({crypto::Curve::kP256, point(32)}), IsOkAnd(::testing::Eq(expected)));
  EXPECT_THAT(BrokerKeyOf({crypto::Curve::kP384, point(48)}), IsOk());
  EXPECT_THAT(BrokerKeyOf({crypto::Curve::kP384, point(32)}), Is(Code::kInvalidArgument));
  EXPECT_THAT(BrokerKeyOf({crypto::Curve::kP521, point(66)}), Is(Code::kInvalidArgument));
}

TEST(BrokerMemoryTest, IsKeptAsTheManifestSpellsIt) {
  const BrokerMemory memory = {.key = Key(0xA0), .boot = {0x0102}};
  SVSM_ASSERT_OK_AND_ASSIGN(const auto bytes, EncodeBrokerMemory(memory));
  EXPECT_THAT(
      evidence::EncodeBrokerManifest(
          {.curve = crypto::Curve::kP384, .x = memory.key.x, .y = memory.key.y, .boot = 0x0102}),
      IsOkAnd(::testing::Eq(bytes)));
  SVSM_ASSERT_OK_AND_ASSIGN(const BrokerMemory back, DecodeBrokerMemory(bytes));
  EXPECT_EQ(back.key, memory.key);
  EXPECT_EQ(back.boot, memory.boot);
  EXPECT_THAT(DecodeBrokerMemory(ByteView(bytes).first(127)),
              IsStatus(Code::kMalformed, Source::kEvidence, 128));
  BrokerMemory other = memory;
  other.key.curve = crypto::Curve::kP521;
  EXPECT_THAT(EncodeBrokerMemory(other), IsStatus(Code::kInvalidArgument, Source::kEvidence));
}

TEST(BrokerMemoryTest, NextBootIsOfTheSameBrokerAndLater) {
  const BrokerMemory stored = {.key = Key(1), .boot = {5}};
  EXPECT_THAT(CheckBrokerMemory(stored, {.key = Key(1), .boot = {6}}), IsOk());
  EXPECT_THAT(CheckBrokerMemory(stored, {.key = Key(1), .boot = {5}}), Is(Code::kDataLoss));
  EXPECT_THAT(CheckBrokerMemory(stored, {.key = Key(2), .boot = {6}}),
              Is(Code::kPermissionDenied, kOtherBroker));
}

}  // namespace
}  // namespace svsm::kbs
