#include "svsm/broker/snp_judge.h"

#include "svsm/kbs/snp_evidence.h"
#include "svsm/snp/certificate_table.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "tests/broker/guest.h"
#include "tests/snp_verify/world.h"

namespace svsm::broker {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;
using ::testing::StartsWith;

class SnpJudgeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Fill(binding_.data, 9);
    binding_.mode = kbs::BindingMode::kTrustee;
    body_.report_data = binding_.data;
    SVSM_ASSERT_OK_AND_ASSIGN(leaf_, ForgedVceks().Find({}, {}));
  }
  ByteVector Report() const { return snp::forge::Sign(body_); }
  // Trustee's shape.
  std::string Evidence(bool with_leaf = true) {
    report_ = Report();
    kbs::SnpEvidence evidence;
    evidence.report = report_;
    if (with_leaf) {
      evidence.certificates[0] = {.type = kbs::EvidenceCertificate::Type::kArk, .data = leaf_};
      evidence.certificates[1] = {.data = leaf_};
      evidence.num_certificates = 2;
    }
    ByteVector text(65536);
    const auto whole = kbs::EncodeSnpEvidence(evidence, text);
    EXPECT_THAT(whole, IsOk());
    return TextOf(*whole);
  }
  static std::string Base64(ByteView bytes) {
    ByteVector text(kbs::EncodedSize(kbs::Base64::kStandard, bytes.size()));
    EXPECT_THAT(kbs::EncodeBase64(kbs::Base64::kStandard, bytes, text), IsOk());
    return TextOf(text);
  }
  Result<JudgedEvidence> Judge(const std::string& evidence,
                               std::optional<Bytes<32>> host_data = {}) {
    SnpJudge judge(roots_, *vceks_, clock_);
    return judge.Judge(
        {.evidence = AsBytes(evidence), .bindings = {&binding_, 1}, .host_data = host_data},
        policy_);
  }
  void ExpectRefused(const std::string& evidence, const char* reason) {
    SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence judged, Judge(evidence));
    EXPECT_FALSE(judged.affirmed());
    EXPECT_THAT(judged.reasons, StartsWith(reason));
    EXPECT_FALSE(judged.tcbs.has_value());
  }

  snp::TrustStore roots_ = snp::forge::StoreOf(snp::Product::kMilan);
  NoVcekStore none_;
  ForgedVceks one_;
  const VcekStore* vceks_ = &none_;
  testing::ManualClock clock_{snp::forge::kNow};
  snp::Policy policy_;
  ExpectedBinding binding_;
  snp::ReportBody body_ = snp::forge::Body(snp::Product::kMilan);
  ByteVector leaf_;
  ByteVector report_;  // of the last Evidence()
};

TEST_F(SnpJudgeTest, AffirmsAReportWithItsCertificate) {
  SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence judged, Judge(Evidence()));
  EXPECT_THAT(judged.reasons, IsEmpty());
  EXPECT_EQ(judged.mode, kbs::BindingMode::kTrustee);
  ASSERT_TRUE(judged.report.has_value());
  EXPECT_THAT(judged.report->report_data(), SameBytes(binding_.data));
  ASSERT_TRUE(judged.tcbs.has_value());
  EXPECT_EQ(judged.tcbs->reported, snp::forge::Tcb(snp::Product::kMilan));
  Bytes<48> digest{};
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  ASSERT_THAT(sha384.Digest(report_, digest), IsOk());
  EXPECT_EQ(judged.report_digest, digest);
}

TEST_F(SnpJudgeTest, TakesTheCertificateFromTheStore) {
  ExpectRefused(Evidence(false), "certificate: ");
  vceks_ = &one_;
  SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence judged, Judge(Evidence(false)));
  EXPECT_TRUE(judged.affirmed()) << judged.reasons;
}

TEST_F(SnpJudgeTest, TakesTheProxysShape) {
  const std::string report = "{\"snp-report\":\"" + Base64(Report()) + "\"";
  const snp::Certificate vcek{snp::kVcekGuid, leaf_};
  ByteVector table(leaf_.size() + 256);
  SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t size, snp::BuildCertificateTable({&vcek, 1}, table));
  table.resize(size);
  SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence judged,
                            Judge(report + ",\"certs-buf\":\"" + Base64(table) + "\"}"));
  EXPECT_TRUE(judged.affirmed()) << judged.reasons;
  vceks_ = &one_;
  SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence bare, Judge(report + ",\"certs-buf\":null}"));
  EXPECT_TRUE(bare.affirmed()) << bare.reasons;
  ExpectRefused(report + ",\"certs-buf\":7}", "evidence: Malformed");
  ExpectRefused(report + ",\"certs-buf\":\"AAAA\"}", "evidence: Truncated");
  ExpectRefused("{\"snp-report\":\"AAAA\"}", "report: ");
  ExpectRefused("{\"snp-report\":\"A\"}", "evidence: Malformed");
}

TEST_F(SnpJudgeTest, TheFirstMemberThatIsKnownTellsTheShape) {
  vceks_ = &one_;
  const std::string report = "\"snp-report\":\"" + Base64(Report()) + "\"";
  for (const std::string& text :
       {"{\"more\":[{}]," + report + "}", "{\"certs-buf\":null," + report + "}",
        "{" + report + ",\"attestation_report\":{}}"}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence judged, Judge(text));
    EXPECT_TRUE(judged.affirmed()) << judged.reasons;
  }
  ExpectRefused("{\"attestation_report\":{}," + report + "}", "evidence: Malformed");
  ExpectRefused("{\"cert_chain\":null," + report + "}", "evidence: Malformed");
  // Whatever follows is read to the end.
  ExpectRefused("{" + report + ",}", "evidence: Malformed");
  ExpectRefused("{" + report + "," + report + "}", "evidence: Malformed");
}

TEST_F(SnpJudgeTest, RefusesWhatIsNoEvidence) {
  for (const char* text : {"", "{}", "[]", "null", "{\"attestation_report\":{}}", "{\"svn\":1}"}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence judged, Judge(text));
    EXPECT_THAT(judged.reasons, StartsWith("evidence: ")) << text;
  }
}

TEST_F(SnpJudgeTest, RefusesAChainWithoutTheChipsCertificate) {
  std::string evidence = Evidence();
  const std::size_t at = evidence.find("\"VCEK\"");
  ASSERT_NE(at, std::string::npos);
  evidence.replace(at, 6, "\"ASK\"");
  vceks_ = &one_;
  ExpectRefused(evidence, "certificate: the chain has neither VCEK nor VLEK");
}

TEST_F(SnpJudgeTest, WantsOneOfTheBindings) {
  binding_.data[0] ^= 1;
  ExpectRefused(Evidence(), "report-data: ");
}

TEST_F(SnpJudgeTest, WantsTheHostDataThatIsAskedFor) {
  Bytes<32> wanted{};
  Fill(wanted, 1);
  SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence other, Judge(Evidence(), wanted));
  EXPECT_THAT(other.reasons, StartsWith("host-data: "));
  body_.host_data = wanted;
  SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence same, Judge(Evidence(), wanted));
  EXPECT_TRUE(same.affirmed()) << same.reasons;
}

TEST_F(SnpJudgeTest, ListsAllThatIsWrong) {
  policy_.measurements = {Bytes<48>{}};
  policy_.measurements[0][0] = 1;
  body_.vmpl = wire::Le32(3);
  binding_.data[0] ^= 1;
  SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence judged, Judge(Evidence()));
  EXPECT_THAT(judged.reasons, HasSubstr("measurement: found "));
  EXPECT_THAT(judged.reasons, HasSubstr("; vmpl: found 3, wanted 0"));
  EXPECT_THAT(judged.reasons, HasSubstr("; report-data: found "));
}

TEST_F(SnpJudgeTest, APolicyMayNameAnotherVmpl) {
  policy_.vmpl = Vmpl(2);
  ExpectRefused(Evidence(), "vmpl: ");
  body_.vmpl = wire::Le32(2);
  SVSM_ASSERT_OK_AND_ASSIGN(const JudgedEvidence judged, Judge(Evidence()));
  EXPECT_TRUE(judged.affirmed()) << judged.reasons;
}

TEST_F(SnpJudgeTest, NeedsATime) {
  clock_.unix_seconds = 0;
  EXPECT_THAT(Judge(Evidence()), IsStatus(Code::kFailedPrecondition, Source::kSnpVerify));
}

}  // namespace
}  // namespace svsm::broker
