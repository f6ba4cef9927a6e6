#include "svsm/evidence/broker_manifest.h"

#include <string>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::evidence {
namespace {

using testing::BytesAre;
using testing::IsOkAnd;
using testing::IsStatus;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kEvidence, detail); }

BrokerManifest Example(crypto::Curve curve) {
  BrokerManifest manifest;
  manifest.curve = curve;
  Fill(ByteSpan(manifest.x).first(crypto::CoordinateSize(curve)), 0xA0);
  Fill(ByteSpan(manifest.y).first(crypto::CoordinateSize(curve)), 0xA1);
  manifest.boot = 0x0102;
  return manifest;
}

std::string Repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(BrokerManifestTest, LayoutIsFixed) {
  const std::string label =
      "7376736d2d62726f6b65720000000000"
      "01000000";
  const std::string boot = "0201000000000000";
  const BrokerManifest p384 = Example(crypto::Curve::kP384);
  SVSM_ASSERT_OK_AND_ASSIGN(auto bytes, EncodeBrokerManifest(p384));
  EXPECT_THAT(bytes, BytesAre(label + "80010000" + boot + Repeated("a0", 48) + Repeated("a1", 48)));
  EXPECT_THAT(DecodeBrokerManifest(bytes), IsOkAnd(::testing::Eq(p384)));
  const BrokerManifest p256 = Example(crypto::Curve::kP256);
  SVSM_ASSERT_OK_AND_ASSIGN(bytes, EncodeBrokerManifest(p256));
  EXPECT_THAT(bytes, BytesAre(label + "00010000" + boot + Repeated("a0", 32) + Repeated("00", 16) +
                              Repeated("a1", 32) + Repeated("00", 16)));
  EXPECT_THAT(DecodeBrokerManifest(bytes), IsOkAnd(::testing::Eq(p256)));
}

TEST(BrokerManifestTest, OtherFormsAreRefused) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto bytes, EncodeBrokerManifest(Example(crypto::Curve::kP256)));
  EXPECT_THAT(DecodeBrokerManifest(ByteView(bytes).first(127)), Is(Code::kMalformed, 128));
  EXPECT_THAT(DecodeBrokerManifest(ByteVector(129)), Is(Code::kMalformed, 128));
  const struct {
    std::size_t at;
    Code code;
    std::size_t detail;
  } kCases[] = {{0, Code::kMalformed, 0},        {15, Code::kMalformed, 0},
                {16, Code::kUnsupported, 16},    {20, Code::kUnsupported, 20},
                {32 + 47, Code::kMalformed, 32}, {80 + 32, Code::kMalformed, 80}};
  for (const auto& c : kCases) {
    auto bad = bytes;
    bad[c.at] ^= 1;
    EXPECT_THAT(DecodeBrokerManifest(bad), Is(c.code, c.detail)) << c.at;
  }
}

TEST(BrokerManifestTest, OnlyWholeKeysAreWritten) {
  BrokerManifest manifest = Example(crypto::Curve::kP384);
  manifest.curve = crypto::Curve::kP256;
  EXPECT_THAT(EncodeBrokerManifest(manifest), Is(Code::kInvalidArgument));
  manifest.curve = crypto::Curve::kP521;
  EXPECT_THAT(EncodeBrokerManifest(manifest), Is(Code::kInvalidArgument));
}

}  // namespace
}  // namespace svsm::evidence
