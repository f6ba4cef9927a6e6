// Verdicts over reports that AMD hardware made, with certificates that AMD's key service made.
// Covers: svsm/snp_verify/verifier.h
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "svsm/crypto/openssl.h"
#include "svsm/snp_verify/verifier.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"
#include "tests/snp_verify/vectors.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::IsOk;
using ::testing::UnorderedElementsAreArray;

// Prints a case by its name.
struct Case;
void PrintTo(const Case& c, std::ostream* os);

struct Case {
  const char* name;
  const char* report;
  const char* leaf;
  const char* time;
  bool permissive;  // debug allowed
  std::vector<Reason> refusals;
  bool with_crl = false;  // AMD's list for Milan of May 2025 is known, and a list is required
};

void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

std::vector<Case> Cases() {
  return {
      {"MilanV2Debug",
       "milan-v2-debug/report.bin",
       "milan-v2-debug/vcek.der",
       "2026-06-01T00:00:00Z",
       false,
       {Reason::kDebug}},
      {"MilanV2DebugAllowed",
       "milan-v2-debug/report.bin",
       "milan-v2-debug/vcek.der",
       "2026-06-01T00:00:00Z",
       true,
       {}},
      {"MilanV3", "milan-v3/report.bin", "milan-v3/vcek.der", "2026-06-01T00:00:00Z", false, {}},
      {"TurinV5", "turin-v5/report.bin", "turin-v5/vcek.der", "2026-06-01T00:00:00Z", false, {}},
      {"TurinV5TooEarly",
       "turin-v5/report.bin",
       "turin-v5/vcek.der",
       "2026-02-05T01:04:32Z",
       false,
       {Reason::kCertificateNotYetValid}},
      {"TurinV5FirstSecond",
       "turin-v5/report.bin",
       "turin-v5/vcek.der",
       "2026-02-05T01:04:33Z",
       false,
       {}},
      {"VlekInTime",
       "milan-v3-vlek/report.bin",
       "milan-v3-vlek/vlek.der",
       "2025-06-01T00:00:00Z",
       false,
       {}},
      {"VlekLastSecond",
       "milan-v3-vlek/report.bin",
       "milan-v3-vlek/vlek.der",
       "2025-12-10T22:14:21Z",
       false,
       {}},
      {"VlekExpired",
       "milan-v3-vlek/report.bin",
       "milan-v3-vlek/vlek.der",
       "2025-12-10T22:14:22Z",
       false,
       {Reason::kCertificateExpired}},
      {"MilanV3WithItsCrl",
       "milan-v3/report.bin",
       "milan-v3/vcek.der",
       "2026-03-01T00:00:00Z",
       false,
       {},
       true},
      {"MilanV3CrlLastSecond",
       "milan-v3/report.bin",
       "milan-v3/vcek.der",
       "2026-05-12T00:00:00Z",
       false,
       {},
       true},
      {"MilanV3CrlStale",
       "milan-v3/report.bin",
       "milan-v3/vcek.der",
       "2026-05-12T00:00:01Z",
       false,
       {Reason::kCrlStale},
       true},
      {"VlekWithItsCrl",
       "milan-v3-vlek/report.bin",
       "milan-v3-vlek/vlek.der",
       "2025-06-01T00:00:00Z",
       false,
       {},
       true},
      {"VlekCrlNotYetValid",
       "milan-v3-vlek/report.bin",
       "milan-v3-vlek/vlek.der",
       "2025-05-06T12:39:05Z",
       false,
       {Reason::kCrlNotYetValid},
       true},
      {"TurinHasNoCrl",
       "turin-v5/report.bin",
       "turin-v5/vcek.der",
       "2026-03-01T00:00:00Z",
       false,
       {Reason::kCrlMissing},
       true},
      {"ReportOfAnotherChip",
       "milan-v2-debug/report.bin",
       "milan-v3/vcek.der",
       "2026-06-01T00:00:00Z",
       true,
       {Reason::kReportSignature, Reason::kReportedTcb, Reason::kCurrentTcb, Reason::kChipId}},
      {"ReportOfAnotherLine",
       "turin-v5/report.bin",
       "milan-v3/vcek.der",
       "2026-06-01T00:00:00Z",
       false,
       {Reason::kReportSignature, Reason::kProduct, Reason::kReportedTcb, Reason::kCurrentTcb,
        Reason::kChipId}},
      {"VlekReportUnderVcek",
       "milan-v3-vlek/report.bin",
       "milan-v3/vcek.der",
       "2026-06-01T00:00:00Z",
       false,
       {Reason::kSigningKey, Reason::kReportSignature, Reason::kReportedTcb,
        Reason::kChipIdMasked}},
      {"BadVcekNew",
       "milan-v3/report.bin",
       "bad-vcek/new.der",
       "2026-06-01T00:00:00Z",
       false,
       {Reason::kExtensionValue, Reason::kCertificateSignature, Reason::kReportSignature,
        Reason::kReportedTcb}},
      {"BadVcekLegacy",
       "milan-v3/report.bin",
       "bad-vcek/legacy.der",
       "2026-06-01T00:00:00Z",
       false,
       {Reason::kCertificateSignature, Reason::kReportSignature, Reason::kReportedTcb,
        Reason::kChipId}},
  };
}

class RealReports : public ::testing::TestWithParam<Case> {};

TEST_P(RealReports, HasTheExpectedVerdict) {
  const std::string folder = SnpVectors();
  if (folder.empty()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no snp";
  const Case& c = GetParam();
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector report, ReadFile(folder + '/' + c.report));
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector leaf, ReadFile(folder + '/' + c.leaf));
  SVSM_ASSERT_OK_AND_ASSIGN(const std::int64_t time, ParseRfc3339(c.time));
  SVSM_ASSERT_OK_AND_ASSIGN(TrustStore store, TrustStore::Amd());
  crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
  const svsm::testing::ManualClock clock(time);
  Verifier verifier(store, p384, clock);
  Policy policy;
  if (c.permissive) policy.debug = Rule::kAllow;
  if (c.with_crl) {
    policy.crl = CrlRule::kRequired;
    const std::vector<ByteVector> crls = *ReadCrlFile(*ReadFile(folder + "/crl/milan.pem"));
    ASSERT_THAT(store.AddCrl(*ParseCrl(crls[0])), IsOk());
  }
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, verifier.Verify({report, leaf, {}}, policy));
  std::vector<Reason> found;
  std::string text;
  for (const Refusal& refusal : verdict.refusals) {
    found.push_back(refusal.reason);
    text += std::string(ReasonId(refusal.reason)) + ": " + refusal.found + " / " + refusal.wanted +
            '\n';
  }
  EXPECT_THAT(found, UnorderedElementsAreArray(c.refusals)) << text;
  EXPECT_EQ(verdict.trusted(), c.refusals.empty());
}

INSTANTIATE_TEST_SUITE_P(Vectors, RealReports, ::testing::ValuesIn(Cases()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace svsm::snp
