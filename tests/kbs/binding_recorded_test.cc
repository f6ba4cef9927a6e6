// REPORT_DATA that was recorded beside the real attestation proxy.
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/binding.h"
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

}  // namespace
}  // namespace svsm::kbs
