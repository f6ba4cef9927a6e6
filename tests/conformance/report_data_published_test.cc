// What we put into REPORT_DATA against vectors/report_data/.
#include "svsm/crypto/openssl.h"
#include "svsm/evidence/report_data.h"
#include "svsm/testing/matchers.h"
#include "tests/conformance/published.h"

namespace svsm {
namespace {

using evidence::ReportData;
using testing::HexOf;
using testing::IsOk;
using testing::SameBytes;

Result<ReportData> Made(const nlohmann::json& one) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  const std::string kind = one.at("kind").get<std::string>();
  if (kind == "ek-tpmt" || kind == "ek-tpm2b") {
    return evidence::EkReportData(sha512, HexOf(one, "public_area"));
  }
  if (kind == "service-manifest") {
    return evidence::ServiceManifestReportData(sha512, HexOf(one, "nonce"), HexOf(one, "manifest"));
  }
  if (kind == "hcl-runtime-data") return evidence::HclReportData(sha256, HexOf(one, "json"));
  if (kind == "runtime-data") return evidence::RuntimeReportData(sha384, HexOf(one, "json"));
  if (kind == "broker-key") {
    return evidence::BrokerKeyReportData(sha512, HexOf(one, "x"), HexOf(one, "y"),
                                         HexOf(one, "nonce"));
  }
  if (kind != "broker-binding") return Status(Code::kUnsupported, Source::kEvidence);
  std::vector<ByteVector> parts;
  for (const auto& part : one.at("parts")) parts.push_back(*FromHex(part.get<std::string>()));
  const std::vector<ByteView> views(parts.begin(), parts.end());
  return evidence::OwnReportData(evidence::OwnKind::kBrokerBinding, sha384, views);
}

TEST(PublishedReportData, EachKindIsMade) {
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  for (const auto& one : testing::Published("report_data/report_data.json", "report-data")) {
    SCOPED_TRACE(testing::NameOf(one));
    const Result<ReportData> made = Made(one);
    ASSERT_THAT(made, IsOk());
    EXPECT_THAT(*made, SameBytes(HexOf(one, "report_data")));
    const std::string kind = one.at("kind").get<std::string>();
    if (kind.starts_with("ek-")) {
      EXPECT_THAT(evidence::MatchEkReportData(sha512, *made, HexOf(one, "public_area")),
                  testing::IsOkAnd(kind == "ek-tpmt" ? evidence::ReportDataKind::kEkTpmt
                                                     : evidence::ReportDataKind::kEkTpm2b));
    }
    EXPECT_EQ(evidence::FindOwnKind(*made).ok(), kind == "broker-binding");
  }
}

}  // namespace
}  // namespace svsm
