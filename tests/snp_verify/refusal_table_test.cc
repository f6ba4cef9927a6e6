// Each field of a report that the chain or a policy judges, changed alone and signed again by the
// chip: the verdict has exactly the refusals that the table names.
#include <gtest/gtest.h>

#include <set>

#include "tests/snp_verify/world.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::IsOk;
using ::testing::UnorderedElementsAreArray;

// A world in which everything is demanded, and met.
struct Input {
  ReportBody body = forge::Body(Product::kMilan);
  Policy policy;
  forge::CertificateSpec leaf =
      forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan), forge::Hwid(Product::kMilan));
  forge::Key signer = forge::Key::kChip;
  std::optional<forge::CrlSpec> crl = forge::CrlSpec{.issuer = forge::AmdName("ARK-Milan")};
  std::int64_t now = forge::kNow;

  Input() {
    body.version = 5;
    body.guest_svn = 7;
    body.key_info = key_info::kAuthorKeyEnabled;
    body.platform_info = platform_info::kAliasCheckComplete;
    body.policy = guest_policy::kMustBeOne | guest_policy::kSingleSocket;
    body.launch_mit_vector = 3;
    body.current_mit_vector = 3;
    Fill(body.report_data, 0x11);
    Fill(body.host_data, 0x22);
    Fill(body.family_id, 0x33);
    Fill(body.image_id, 0x44);
    Fill(body.id_key_digest, 0x55);
    Fill(body.author_key_digest, 0x66);
    policy.measurements = {body.measurement};
    policy.host_data = {body.host_data};
    policy.family_ids = {body.family_id};
    policy.image_ids = {body.image_id};
    policy.id_key_digests = {body.id_key_digest};
    policy.author_key_digests = {body.author_key_digest};
    policy.minimum_guest_svn = 7;
    policy.vmpl = Vmpl(0);
    policy.report_data = body.report_data;
    policy.smt = Rule::kRefuse;
    policy.guest_policy_set = guest_policy::kSingleSocket;
    policy.guest_policy_clear = guest_policy::kCxlAllow;
    policy.platform_info_set = platform_info::kAliasCheckComplete;
    policy.platform_info_clear = platform_info::kReserved;
    policy.chip_ids = {body.chip_id};
    policy.minimum_report_version = 5;
    policy.minimum_tcb = policy.minimum_committed_tcb =
        policy.minimum_launch_tcb = {{Product::kMilan, forge::Tcb(Product::kMilan)}};
    policy.minimum_firmware = {1, 55, 21};
    policy.provisional_firmware = Rule::kRefuse;
    policy.launch_mitigations = 1;
    policy.current_mitigations = 1;
    policy.crl = CrlRule::kRequired;
  }
};

struct Row {
  const char* what;
  void (*change)(Input&);
  std::vector<Reason> refusals;
};

void Below(RawTcb& raw) {
  TcbVersion tcb = forge::Tcb(Product::kMilan);
  tcb.snp -= 1;
  raw = EncodeTcb(tcb);
}
void Above(RawTcb& raw) {
  TcbVersion tcb = forge::Tcb(Product::kMilan);
  tcb.microcode += 1;
  raw = EncodeTcb(tcb);
}
void SetPolicyBit(Input& in, std::uint64_t bit) { in.body.policy = in.body.policy.get() | bit; }

// The report's fields, in the order of the layout.
const std::vector<Row>& FieldRows() {
  static const std::vector<Row> rows = {
      {"nothing", [](Input&) {}, {}},
      {"version 4",
       [](Input& in) {
         in.body.version = 4;
         in.body.launch_mit_vector = in.body.current_mit_vector = 0;
       },
       {Reason::kReportVersion, Reason::kMitigations, Reason::kMitigations}},
      {"guest_svn lower", [](Input& in) { in.body.guest_svn = 6; }, {Reason::kGuestSvn}},
      {"guest_svn higher", [](Input& in) { in.body.guest_svn = 8; }, {}},
      {"policy SMT", [](Input& in) { SetPolicyBit(in, guest_policy::kSmt); }, {Reason::kSmt}},
      {"policy MIGRATE_MA",
       [](Input& in) { SetPolicyBit(in, guest_policy::kMigrateMa); },
       {Reason::kMigrationAgent}},
      {"policy DEBUG", [](Input& in) { SetPolicyBit(in, guest_policy::kDebug); }, {Reason::kDebug}},
      {"policy SINGLE_SOCKET",
       [](Input& in) { in.body.policy = guest_policy::kMustBeOne; },
       {Reason::kGuestPolicy}},
      {"policy CXL_ALLOW",
       [](Input& in) { SetPolicyBit(in, guest_policy::kCxlAllow); },
       {Reason::kGuestPolicy}},
      {"family_id", [](Input& in) { in.body.family_id[0] ^= 1; }, {Reason::kFamilyId}},
      {"image_id", [](Input& in) { in.body.image_id[15] ^= 1; }, {Reason::kImageId}},
      {"vmpl 1", [](Input& in) { in.body.vmpl = 1; }, {Reason::kVmpl}},
      {"vmpl of the host", [](Input& in) { in.body.vmpl = kHostVmpl; }, {Reason::kVmpl}},
      {"current_tcb lower",
       [](Input& in) { Below(in.body.current_tcb); },
       {Reason::kCurrentTcb, Reason::kProvisionalFirmware}},
      {"current_tcb higher",
       [](Input& in) { Above(in.body.current_tcb); },
       {Reason::kProvisionalFirmware}},
      {"platform_info bit clear",
       [](Input& in) { in.body.platform_info = 0; },
       {Reason::kPlatformInfo}},
      {"platform_info reserved bit",
       [](Input& in) { in.body.platform_info = in.body.platform_info.get() | 0x40; },
       {Reason::kPlatformInfo}},
      {"key_info AUTHOR_KEY_EN", [](Input& in) { in.body.key_info = 0; }, {Reason::kAuthorKey}},
      {"key_info SIGNING_KEY",
       [](Input& in) {
         in.body.key_info = key_info::kAuthorKeyEnabled | 1u << key_info::kSigningKeyShift;
       },
       {Reason::kSigningKey}},
      {"report_data", [](Input& in) { in.body.report_data[63] ^= 1; }, {Reason::kReportData}},
      {"measurement", [](Input& in) { in.body.measurement[47] ^= 1; }, {Reason::kMeasurement}},
      {"host_data", [](Input& in) { in.body.host_data[0] ^= 1; }, {Reason::kHostData}},
      {"id_key_digest", [](Input& in) { in.body.id_key_digest[1] ^= 1; }, {Reason::kIdKey}},
      {"author_key_digest",
       [](Input& in) { in.body.author_key_digest[1] ^= 1; },
       {Reason::kAuthorKey}},
      {"report_id", [](Input& in) { in.body.report_id[0] ^= 1; }, {}},
      {"report_id_ma", [](Input& in) { in.body.report_id_ma[0] ^= 1; }, {}},
      {"reported_tcb lower",
       [](Input& in) { Below(in.body.reported_tcb); },
       {Reason::kReportedTcb, Reason::kMinimumTcb}},
      {"reported_tcb higher",
       [](Input& in) { Above(in.body.reported_tcb); },
       {Reason::kReportedTcb}},
      {"cpuid_family",
       [](Input& in) { in.body.cpuid_family = 0x18; },
       {Reason::kProduct}},  // no line, so no TCB can be read and none is judged
      {"cpuid_model of Genoa",
       [](Input& in) { in.body.cpuid_model = 0x11; },
       {Reason::kProduct, Reason::kMinimumTcb, Reason::kMinimumCommittedTcb,
        Reason::kMinimumLaunchTcb}},
      {"cpuid_stepping", [](Input& in) { in.body.cpuid_stepping ^= 1; }, {}},
      {"chip_id",
       [](Input& in) { in.body.chip_id[63] ^= 1; },
       {Reason::kChipId, Reason::kChipIdNotListed}},
      {"chip_id masked",
       [](Input& in) { in.body.chip_id = {}; },
       {Reason::kChipIdMasked, Reason::kChipIdNotListed}},
      {"committed_tcb lower",
       [](Input& in) { Below(in.body.committed_tcb); },
       {Reason::kMinimumCommittedTcb, Reason::kProvisionalFirmware}},
      {"committed_tcb higher",
       [](Input& in) { Above(in.body.committed_tcb); },
       {Reason::kProvisionalFirmware}},
      {"current_build",
       [](Input& in) { in.body.current_build += 1; },
       {Reason::kProvisionalFirmware}},
      {"current_minor",
       [](Input& in) { in.body.current_minor += 1; },
       {Reason::kProvisionalFirmware}},
      {"current_major",
       [](Input& in) { in.body.current_major += 1; },
       {Reason::kProvisionalFirmware}},
      {"committed_build",
       [](Input& in) { in.body.committed_build -= 1; },
       {Reason::kFirmwareVersion, Reason::kProvisionalFirmware}},
      {"committed_minor",
       [](Input& in) { in.body.committed_minor -= 1; },
       {Reason::kFirmwareVersion, Reason::kProvisionalFirmware}},
      {"committed_major",
       [](Input& in) { in.body.committed_major -= 1; },
       {Reason::kFirmwareVersion, Reason::kProvisionalFirmware}},
      {"launch_tcb lower",
       [](Input& in) { Below(in.body.launch_tcb); },
       {Reason::kMinimumLaunchTcb}},
      {"launch_mit_vector",
       [](Input& in) { in.body.launch_mit_vector = 2; },
       {Reason::kMitigations}},
      {"current_mit_vector",
       [](Input& in) { in.body.current_mit_vector = 2; },
       {Reason::kMitigations}},
  };
  return rows;
}

const char kTee[] = "1.3.6.1.4.1.3704.1.3.2";
const char kHwid[] = "1.3.6.1.4.1.3704.1.4";

// The chip's key, its certificate, and the list: the report stays as it is.
const std::vector<Row>& ChainRows() {
  static const std::vector<Row> rows = {
      {"another chip's signature",
       [](Input& in) { in.signer = forge::Key::kOtherChip; },
       {Reason::kReportSignature}},
      {"certificate's TCB",
       [](Input& in) {
         in.leaf.At(kTee).value = {0x02, 0x01, 0x03};
       },
       {Reason::kReportedTcb, Reason::kCurrentTcb}},
      {"certificate's hwID", [](Input& in) { in.leaf.At(kHwid).value[0] ^= 1; }, {Reason::kChipId}},
      {"extension missing", [](Input& in) { in.leaf.Remove(kTee); }, {Reason::kExtensionMissing}},
      {"extension unknown",
       [](Input& in) {
         in.leaf.extensions.push_back({"1.2.3.4", {0x05, 0x00}});
       },
       {Reason::kExtensionUnknown}},
      {"extension repeated",
       [](Input& in) { in.leaf.extensions.push_back(in.leaf.At(kTee)); },
       {Reason::kExtensionRepeated}},
      {"extension critical",
       [](Input& in) { in.leaf.At(kTee).critical = true; },
       {Reason::kExtensionCritical}},
      {"extension value",
       [](Input& in) {
         in.leaf.At(kTee).value = {0x04, 0x01, 0x02};
       },
       {Reason::kExtensionValue}},
      {"issuer unknown",
       [](Input& in) { in.leaf.issuer = forge::AmdName("SEV-Nowhere"); },
       {Reason::kCertificateIssuer}},
      {"certificate signed by another",
       [](Input& in) { in.leaf.signer = forge::Key::kOther; },
       {Reason::kCertificateSignature}},
      {"expired",
       [](Input& in) { in.leaf.not_after = forge::kNow - 1; },
       {Reason::kCertificateExpired}},
      {"not yet valid",
       [](Input& in) { in.leaf.not_before = forge::kNow + 1; },
       {Reason::kCertificateNotYetValid}},
      {"revoked",
       [](Input& in) {
         in.leaf.serial = 77;
         in.crl->revoked = {77};
       },
       {Reason::kCertificateRevoked}},
      {"no list", [](Input& in) { in.crl.reset(); }, {Reason::kCrlMissing}},
      {"list stale", [](Input& in) { in.crl->next_update = forge::kNow - 1; }, {Reason::kCrlStale}},
      {"list from the future",
       [](Input& in) { in.crl->this_update = forge::kNow + 1; },
       {Reason::kCrlNotYetValid}},
      {"list signed by another",
       [](Input& in) { in.crl->signer = forge::Key::kOther; },
       {Reason::kCrlSignature}},
      {"certificate of version 1",
       [](Input& in) { in.leaf.version = 2; },
       {Reason::kCertificateVersion}},
      {"certificate's subject",
       [](Input& in) { in.leaf.subject[0].value = "Sales"; },
       {Reason::kCertificateSubject}},
  };
  return rows;
}

class RefusalTable : public ::testing::Test {
 protected:
  Refusals Judged(const Input& in) const {
    TrustStore store = forge::StoreOf(Product::kMilan);
    ByteVector der;
    if (in.crl) {
      der = forge::MakeCrl(*in.crl);
      EXPECT_THAT(store.AddCrl(*ParseCrl(der)), IsOk());
    }
    const Result<Verdict> verdict = forge::Judge(store, forge::Sign(in.body, in.signer),
                                                 forge::Make(in.leaf), in.policy, {}, in.now);
    EXPECT_THAT(verdict, IsOk());
    return verdict.ok() ? verdict->refusals : Refusals();
  }
};

TEST_F(RefusalTable, EachFieldAloneGivesExactlyItsRefusals) {
  for (const Row& row : FieldRows()) {
    SCOPED_TRACE(row.what);
    Input input;
    row.change(input);
    EXPECT_THAT(ReasonsOf(Judged(input)), UnorderedElementsAreArray(row.refusals));
  }
}

TEST_F(RefusalTable, EachLinkAloneGivesExactlyItsRefusals) {
  for (const Row& row : ChainRows()) {
    SCOPED_TRACE(row.what);
    Input input;
    row.change(input);
    EXPECT_THAT(ReasonsOf(Judged(input)), UnorderedElementsAreArray(row.refusals));
  }
}

// Every refusal says what was found and what would have done.
TEST_F(RefusalTable, NamesFortyReasonsInWords) {
  std::set<Reason> seen;
  for (const auto* rows : {&FieldRows(), &ChainRows()}) {
    for (const Row& row : *rows) {
      Input input;
      row.change(input);
      for (const Refusal& refusal : Judged(input)) {
        seen.insert(refusal.reason);
        EXPECT_FALSE(refusal.found.empty() || refusal.wanted.empty()) << row.what;
      }
    }
  }
  EXPECT_GE(seen.size(), 40u);
}

}  // namespace
}  // namespace svsm::snp
