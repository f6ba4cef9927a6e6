#include "broker/evidence_claims.h"

#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"

namespace svsm::broker {
namespace {

using ::testing::Eq;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

namespace forge = snp::forge;

std::string Repeated(const char* text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

class EvidenceClaimsTest : public ::testing::Test {
 protected:
  // An affirmed report of a product.
  JudgedEvidence Judged(snp::Product product) {
    snp::ReportBody body = forge::Body(product);
    Fill(body.measurement, 0x01);
    Fill(body.report_data, 0x02);
    Fill(body.host_data, 0x03);
    Fill(body.chip_id, 0);
    body.policy = 0x1F0000 | snp::guest_policy::kMustBeOne | 0x0102;
    body.platform_info = snp::platform_info::kSmtEnabled;
    report_ = forge::Sign(body);
    JudgedEvidence judged;
    const auto report = snp::DecodeReport(report_);
    EXPECT_THAT(report, IsOk());
    judged.report = *report;
    const auto tcbs = snp::DecodeReportTcbs(*report, product);
    EXPECT_THAT(tcbs, IsOk());
    judged.tcbs = *tcbs;
    return judged;
  }
  static kbs::Attestation Asked() {
    kbs::Attestation attestation;
    attestation.nonce = AsBytes("bm9uY2U=");
    attestation.key.alg = AsBytes("A");
    attestation.key.crv = AsBytes("C");
    attestation.key.x = AsBytes("X");
    attestation.key.y = AsBytes("Y");
    attestation.additional_evidence = AsBytes("\"more\"\n");
    return attestation;
  }

  ByteVector report_;
};

TEST_F(EvidenceClaimsTest, SaysWhatWasBoundAndWhatTheReportHolds) {
  const JudgedEvidence judged = Judged(snp::Product::kMilan);
  const snp::TcbVersion tcb = judged.tcbs->reported;
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  const std::uint64_t policy = judged.report->policy();
  const std::string expected =
      R"({"init_data":")" + Repeated("03", 32) + R"(","init_data_claims":null,"report_data":")" +
      Repeated("02", 64) +
      R"(","runtime_data_claims":{"additional-evidence":"\"more\"\n","nonce":"bm9uY2U=",)"
      R"("tee-pubkey":{"alg":"A","crv":"C","kty":"EC","x":"X","y":"Y"}},"snp":{"chip_id":")" +
      Repeated("00", 64) + R"(","measurement":")" + Repeated("01", 48) +
      R"(","platform_smt_enabled":true,"platform_tsme_enabled":false,"policy_abi_major":1,)"
      R"("policy_abi_minor":2,"policy_debug_allowed":)" +
      flag((policy & snp::guest_policy::kDebug) != 0) + R"(,"policy_migrate_ma":)" +
      flag((policy & snp::guest_policy::kMigrateMa) != 0) + R"(,"policy_single_socket":)" +
      flag((policy & snp::guest_policy::kSingleSocket) != 0) + R"(,"policy_smt_allowed":true,)" +
      R"("reported_tcb_bootloader":)" + std::to_string(tcb.bootloader) +
      R"(,"reported_tcb_microcode":)" + std::to_string(tcb.microcode) + R"(,"reported_tcb_snp":)" +
      std::to_string(tcb.snp) + R"(,"reported_tcb_tee":)" + std::to_string(tcb.tee) + "}}";
  EXPECT_THAT(EvidenceClaims(judged, Asked()), IsOkAnd(Eq(expected)));
}

TEST_F(EvidenceClaimsTest, NamesTheFmcWhereThereIsOne) {
  const JudgedEvidence judged = Judged(snp::Product::kTurin);
  EXPECT_THAT(
      EvidenceClaims(judged, Asked()),
      IsOkAnd(HasSubstr(R"(,"reported_tcb_fmc":)" + std::to_string(judged.tcbs->reported.fmc) +
                        R"(,"reported_tcb_microcode":)")));
}

TEST_F(EvidenceClaimsTest, AReportThatIsNotAffirmedHasNone) {
  JudgedEvidence judged = Judged(snp::Product::kMilan);
  judged.tcbs.reset();
  EXPECT_THAT(EvidenceClaims(judged, Asked()), IsStatus(Code::kInternal, Source::kBroker));
  EXPECT_THAT(EvidenceClaims({}, Asked()), IsStatus(Code::kInternal, Source::kBroker));
}

}  // namespace
}  // namespace svsm::broker
