// REPORT_DATA that was recorded beside the real attestation proxy.
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/binding.h"
#include "svsm/kbs/runtime_data.h"
#include "tests/kbs/recorded.h"

namespace svsm::kbs {
namespace {

using testing::IsOkAnd;
using testing::SameBytes;

using BindingRecordedTest = RecordedTest;

TEST_F(BindingRecordedTest, ProxyCompatibleModeIsTheRecordedOne) {
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  std::size_t checked = 0;
  const nlohmann::json recorded = Recorded("binding.json");
  for (const nlohmann::json& one : recorded.at("svsm")) {
    const ByteVector x = Hex(one.at("x"));
    const ByteVector y = Hex(one.at("y"));
    const ByteVector nonce = Hex(one.at("nonce"));
    EXPECT_THAT(
        BindingReportData(BindingMode::kProxyCompatible, sha512, {.key = {x, y}, .nonce = nonce}),
        IsOkAnd(SameBytes(Hex(one.at("report_data")))));
    ++checked;
  }
  EXPECT_GE(checked, 2u);
}

TEST_F(BindingRecordedTest, TrusteesModeIsTheRecordedOne) {
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  std::size_t bound = 0;
  const nlohmann::json recorded = Recorded("binding.json");
  for (const nlohmann::json& one : recorded.at("trustee")) {
    const std::string text = one.at("canonical_text").get<std::string>();
    const nlohmann::json parsed = nlohmann::json::parse(text);
    const nlohmann::json key = parsed.at("tee-pubkey");
    const auto member = [&](const char* name) { return key.value(name, std::string()); };
    const std::string nonce = parsed.at("nonce").get<std::string>();
    const std::string additional = parsed.at("additional-evidence").get<std::string>();
    const std::string alg = member("alg"), crv = member("crv"), x = member("x"), y = member("y");
    const std::string n = member("n"), e = member("e");
    const RuntimeData data = {
        .nonce = AsBytes(nonce),
        .key = {.type = key.at("kty") == "RSA" ? TeeKey::Type::kRsa : TeeKey::Type::kEc,
                .alg = AsBytes(alg),
                .crv = AsBytes(crv),
                .x = AsBytes(x),
                .y = AsBytes(y),
                .n = AsBytes(n),
                .e = AsBytes(e)},
        .additional_evidence = AsBytes(additional)};
    ByteVector out(text.size());
    EXPECT_THAT(EncodeRuntimeData(data, out), IsOkAnd(SameBytes(AsBytes(text))));
    Bytes<132> points{};
    const auto point = EcKeyOf(data.key, points);
    if (!point.ok() || !additional.empty()) continue;
    Bytes<kMaxNonceSize> nonce_bytes{};
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView nonce_view, DecodeNonce(AsBytes(nonce), nonce_bytes));
    ByteVector expected = Hex(one.at("sha384"));
    expected.resize(64);
    EXPECT_THAT(BindingReportData(BindingMode::kTrustee, sha384,
                                  {.key = point->point, .nonce = nonce_view}),
                IsOkAnd(SameBytes(expected)));
    ++bound;
  }
  EXPECT_GE(bound, 10u);
}

}  // namespace
}  // namespace svsm::kbs
