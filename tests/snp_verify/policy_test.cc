// What a policy demands of a report: src/snp/verify/policy.cc, judge_policy.cc.
#include "svsm/snp_verify/policy.h"

#include <gtest/gtest.h>

#include "tests/snp_verify/world.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Policies : public ::testing::Test {
 protected:
  Refusals Refused() {
    const Result<Verdict> verdict = forge::Judge(store_, forge::Sign(body_), vcek_, policy_);
    EXPECT_THAT(verdict, IsOk());
    return verdict->refusals;
  }
  std::vector<Reason> Reasons() { return ReasonsOf(Refused()); }

  const TrustStore store_ = forge::StoreOf(Product::kMilan);
  const ByteVector vcek_ = forge::Make(
      forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan), forge::Hwid(Product::kMilan)));
  ReportBody body_ = forge::Body(Product::kMilan);
  Policy policy_;
};

TEST(NotJudged, ListsWhatADefaultPolicyLeavesOpen) {
  EXPECT_EQ(NotJudged(Policy()).size(), kNumAspects);
}

TEST(NotJudged, ListsNothingOfAFullPolicy) {
  Policy policy;
  policy.measurements.resize(1);
  policy.vmpl = Vmpl(0);
  policy.report_data.emplace();
  policy.minimum_tcb = {{Product::kMilan, {}}};
  policy.crl = CrlRule::kRequired;
  policy.provisional_firmware = Rule::kRefuse;
  policy.chip_ids.resize(1);
  policy.host_data.resize(1);
  policy.id_key_digests.resize(1);
  policy.author_key_digests.resize(1);
  EXPECT_THAT(NotJudged(policy), IsEmpty());
}

TEST_F(Policies, MeasurementIsOneOfTheList) {
  policy_.measurements = {{}, body_.measurement};
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.measurements = {{}};
  const Refusals refusals = Refused();
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].reason, Reason::kMeasurement);
  EXPECT_EQ(refusals[0].found, ToHex(body_.measurement));
  EXPECT_EQ(refusals[0].wanted, ToHex(Bytes<48>{}));
}

TEST_F(Policies, ALongListIsNamedInPart) {
  policy_.measurements.resize(6);
  const std::string zeros = ToHex(Bytes<48>{});
  EXPECT_EQ(Refused().at(0).wanted,
            "one of " + zeros + ", " + zeros + ", " + zeros + ", " + zeros + " and 2 more");
}

TEST_F(Policies, VmplIsExact) {
  policy_.vmpl = Vmpl(0);
  EXPECT_THAT(Reasons(), IsEmpty());
  body_.vmpl = 1;
  const Refusals refusals = Refused();
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].reason, Reason::kVmpl);
  EXPECT_EQ(refusals[0].found, "1");
  EXPECT_EQ(refusals[0].wanted, "0");
}

TEST_F(Policies, AHostsReportIsRefusedWithoutAPolicy) {
  body_.vmpl = kHostVmpl;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kVmpl));
  policy_.vmpl = Vmpl(3);
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kVmpl));
}

TEST_F(Policies, ReportDataIsExact) {
  policy_.report_data.emplace();
  EXPECT_THAT(Reasons(), IsEmpty());
  body_.report_data[63] = 1;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kReportData));
}

TEST_F(Policies, IdentitiesAreOneOfTheirLists) {
  policy_.host_data.resize(1);
  policy_.family_ids.resize(1);
  policy_.image_ids.resize(1);
  policy_.id_key_digests.resize(1);
  EXPECT_THAT(Reasons(), IsEmpty());
  body_.host_data[0] = 1;
  body_.family_id[0] = 1;
  body_.image_id[0] = 1;
  body_.id_key_digest[0] = 1;
  EXPECT_THAT(Reasons(),
              ElementsAre(Reason::kHostData, Reason::kFamilyId, Reason::kImageId, Reason::kIdKey));
}

TEST_F(Policies, AnAuthorKeyMustHaveBeenUsed) {
  policy_.author_key_digests.resize(1);
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kAuthorKey));
  body_.key_info = key_info::kAuthorKeyEnabled;
  EXPECT_THAT(Reasons(), IsEmpty());
  body_.author_key_digest[0] = 1;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kAuthorKey));
}

TEST_F(Policies, ChipIsOneOfTheList) {
  policy_.chip_ids = {body_.chip_id};
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.chip_ids = {{}};
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kChipIdNotListed));
}

TEST_F(Policies, DebugAndMigrationAgentAreRefusedByDefault) {
  body_.policy = body_.policy.get() | guest_policy::kDebug | guest_policy::kMigrateMa;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kDebug, Reason::kMigrationAgent));
  policy_.debug = Rule::kAllow;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kMigrationAgent));
  policy_.migration_agent = Rule::kAllow;
  EXPECT_THAT(Reasons(), IsEmpty());
}

TEST_F(Policies, SmtIsAllowedByDefault) {
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.smt = Rule::kRefuse;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kSmt));
  body_.policy = guest_policy::kMustBeOne;
  EXPECT_THAT(Reasons(), IsEmpty());
}

TEST_F(Policies, GuestPolicyBitsAreSetAndClear) {
  policy_.guest_policy_set = guest_policy::kSingleSocket;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kGuestPolicy));
  body_.policy = body_.policy.get() | guest_policy::kSingleSocket;
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.guest_policy_clear = guest_policy::kSmt;
  const Refusals refusals = Refused();
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_EQ(refusals[0].found, "POLICY 0x0000000000130000");
  EXPECT_EQ(refusals[0].wanted, "set: 0x0000000000100000, clear: 0x0000000000010000");
}

TEST_F(Policies, PlatformInfoBitsAreSetAndClear) {
  body_.platform_info = 0x65;  // with the undocumented bit that real Turin machines set
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.platform_info_set = platform_info::kAliasCheckComplete;
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.platform_info_clear = platform_info::kReserved;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kPlatformInfo));
}

TEST_F(Policies, VersionsHaveFloors) {
  policy_.minimum_guest_svn = 2;
  policy_.minimum_report_version = 4;
  policy_.minimum_firmware = {1, 55, 22};
  EXPECT_THAT(Reasons(),
              ElementsAre(Reason::kGuestSvn, Reason::kReportVersion, Reason::kFirmwareVersion));
  body_.guest_svn = 2;
  body_.version = 4;
  body_.committed_minor = 56;
  body_.committed_build = 0;
  EXPECT_THAT(Reasons(), IsEmpty());
}

TEST_F(Policies, TcbsHaveFloorsOfTheLine) {
  TcbVersion above = forge::Tcb(Product::kMilan);
  above.tee += 1;
  above.microcode = 0;
  policy_.minimum_tcb = {{Product::kTurin, {}}, {Product::kMilan, forge::Tcb(Product::kMilan)}};
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.minimum_tcb = policy_.minimum_committed_tcb =
      policy_.minimum_launch_tcb = {{Product::kMilan, above}};
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kMinimumTcb, Reason::kMinimumCommittedTcb,
                                     Reason::kMinimumLaunchTcb));
  EXPECT_EQ(Refused().at(0).found, "REPORTED_TCB bootloader 4, TEE 2, SNP 24, microcode 219");
}

TEST_F(Policies, ALineThatNoFloorNamesIsRefused) {
  policy_.minimum_tcb = {{Product::kGenoa, {}}};
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kMinimumTcb));
}

TEST_F(Policies, ProvisionalFirmwareIsAllowedByDefault) {
  TcbVersion newer = forge::Tcb(Product::kMilan);
  newer.snp += 1;
  body_.current_tcb = EncodeTcb(newer);
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.provisional_firmware = Rule::kRefuse;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kProvisionalFirmware));
  body_.current_tcb = body_.committed_tcb;
  EXPECT_THAT(Reasons(), IsEmpty());
  body_.current_build = 22;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kProvisionalFirmware));
}

TEST_F(Policies, MitigationsAreSet) {
  body_.version = 5;
  body_.launch_mit_vector = 1;
  body_.current_mit_vector = 3;
  policy_.launch_mitigations = 1;
  policy_.current_mitigations = 3;
  EXPECT_THAT(Reasons(), IsEmpty());
  policy_.launch_mitigations = 3;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kMitigations));
}

TEST_F(Policies, AListMayBeRequired) {
  policy_.crl = CrlRule::kRequired;
  EXPECT_THAT(Reasons(), ElementsAre(Reason::kCrlMissing));
}

}  // namespace
}  // namespace svsm::snp
