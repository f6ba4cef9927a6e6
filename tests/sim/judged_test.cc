// What the simulation makes, judged by our own verifier: each product line, each kind of key.

#include <memory>
#include <ostream>
#include <vector>

#include "svsm/sim/amd_sp.h"
#include "svsm/snp_verify/verifier.h"
#include "svsm/testing/clock.h"
#include "tests/sim/session.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;

struct Case {
  const ProductLine* line;
  EndorsementKey key;
};
void PrintTo(const Case& c, std::ostream* os) {
  *os << c.line->name << (c.key == EndorsementKey::kVlek ? " VLEK" : " VCEK");
}

// A machine of the line with its chain and a report, and the verifier's view of them.
class Judged : public ::testing::TestWithParam<Case> {
 protected:
  Judged()
      : line_(*GetParam().line),
        ca_(OpenAuthority(line_, GetParam().key)),
        provider_(MakeProvider(line_, 7)),
        guest_(line_, UsualPlatform(line_), 3) {
    if (is_vlek()) {
      EXPECT_THAT(guest_.sp.LoadVlek(provider_), IsOk());
    }
  }
  bool is_vlek() const { return GetParam().key == EndorsementKey::kVlek; }
  ByteVector Leaf(const snp::RawTcb& tcb) {
    const Result<ByteVector> leaf = is_vlek() ? provider_.IssueVlek(ca_, tcb, kTestTime)
                                              : guest_.sp.chip().IssueVcek(ca_, tcb, kTestTime);
    EXPECT_THAT(leaf, IsOk());
    return *leaf;
  }
  ByteVector Leaf() { return Leaf(line_.usual_tcb); }
  Bytes<snp::kReportSize> Report() {
    const auto report = session_.Report(0);
    EXPECT_THAT(report, IsOk());
    return *report;
  }
  snp::TrustStore Store() {
    const std::vector<snp::X509Certificate> certificates = {*snp::ParseCertificate(ca_.ark()),
                                                            *snp::ParseCertificate(ca_.ask())};
    snp::Refusals why;
    Result<snp::TrustStore> store = snp::TrustStore::FromCertificates(certificates, why);
    EXPECT_THAT(store, IsOk());
    for (const snp::Refusal& refusal : why) ADD_FAILURE() << refusal.found;
    return *std::move(store);
  }
  snp::TrustStore StoreWithCrl(std::vector<std::uint64_t> revoked) {
    snp::TrustStore store = Store();
    const Result<ByteVector> der = ca_.IssueCrl({revoked, kTestTime, kTestTime + 30 * 86400, 2});
    EXPECT_THAT(der, IsOk());
    EXPECT_THAT(store.AddCrl(*snp::ParseCrl(*der)), IsOk());
    return store;
  }
  // The refusals, and whether the verdict agrees with them.
  std::vector<snp::Reason> Refusals(const snp::TrustStore& store, ByteView report, ByteView leaf,
                                    const snp::Policy& policy = {}) {
    crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
    const testing::ManualClock clock(kTestTime + 1);
    snp::Verifier verifier(store, p384, clock);
    const Result<snp::Verdict> verdict = verifier.Verify({.report = report, .leaf = leaf}, policy);
    EXPECT_THAT(verdict, IsOk());
    EXPECT_EQ(verdict->trusted(), verdict->refusals.empty());
    std::vector<snp::Reason> out;
    for (const snp::Refusal& refusal : verdict->refusals) out.push_back(refusal.reason);
    if (verdict->trusted()) {
      EXPECT_EQ(verdict->report->product(), line_.product);
      EXPECT_EQ(verdict->report->signing_key() == snp::LeafKind::kVlek, is_vlek());
    }
    return out;
  }
  using Reasons = std::vector<snp::Reason>;

  const ProductLine& line_;
  CertificateAuthority ca_;
  Provider provider_;
  LaunchedGuest guest_;
  Session session_{guest_, 0};
};

INSTANTIATE_TEST_SUITE_P(
    EachLineAndKey, Judged,
    ::testing::Values(Case{&kMilan, EndorsementKey::kVcek}, Case{&kMilan, EndorsementKey::kVlek},
                      Case{&kGenoa, EndorsementKey::kVcek}, Case{&kGenoa, EndorsementKey::kVlek},
                      Case{&kTurin, EndorsementKey::kVcek}, Case{&kTurin, EndorsementKey::kVlek}),
    [](const auto& c) {
      return std::string(c.param.line->name) +
             (c.param.key == EndorsementKey::kVlek ? "Vlek" : "Vcek");
    });

TEST_P(Judged, EveryReportVersionIsTrusted) {
  const snp::TrustStore store = Store();
  for (std::uint32_t version = 2; version <= 5; ++version) {
    PlatformState state = UsualPlatform(line_);
    state.report_version = version;
    ASSERT_THAT(guest_.sp.SetPlatform(state), IsOk());
    EXPECT_EQ(Refusals(store, Report(), Leaf()), Reasons{}) << version;
  }
}

TEST_P(Judged, EachComponentOfTheTcbCounts) {
  const snp::TrustStore store = Store();
  const auto report = Report();
  for (const SplField& field : line_.url) {
    snp::RawTcb tcb = line_.usual_tcb;
    ++tcb[field.tcb_byte];
    // The leaf of a TCB has a key of its own, and here more than the machine has.
    EXPECT_EQ(Refusals(store, report, Leaf(tcb)),
              (Reasons{snp::Reason::kReportSignature, snp::Reason::kReportedTcb,
                       snp::Reason::kCurrentTcb}))
        << field.url_parameter;
  }
}

TEST_P(Judged, AnotherMachinesReportIsRefused) {
  LaunchedGuest other(line_, UsualPlatform(line_), 4);
  const Provider other_provider = MakeProvider(line_, 8);
  if (is_vlek()) {
    ASSERT_THAT(other.sp.LoadVlek(other_provider), IsOk());
  }
  auto report = Report();
  report[0x90] ^= 1;
  EXPECT_EQ(Refusals(Store(), report, Leaf()), Reasons{snp::Reason::kReportSignature});
  const Result<ByteVector> leaf =
      is_vlek() ? other_provider.IssueVlek(ca_, line_.usual_tcb, kTestTime)
                : MakeChip(line_, 100).IssueVcek(ca_, line_.usual_tcb, kTestTime);
  const Reasons wanted = is_vlek() ? Reasons{snp::Reason::kReportSignature}
                                   : Reasons{snp::Reason::kReportSignature, snp::Reason::kChipId};
  EXPECT_EQ(Refusals(Store(), Report(), *leaf), wanted);
}

TEST_P(Judged, AMaskedChipIdIsAMatterOfPolicyUnderAVcek) {
  PlatformState state = UsualPlatform(line_);
  state.mask_chip_id = Masking::kOn;
  ASSERT_THAT(guest_.sp.SetPlatform(state), IsOk());
  snp::Policy policy;
  EXPECT_EQ(Refusals(Store(), Report(), Leaf(), policy).empty(), is_vlek());
  policy.masked_chip_id = snp::Rule::kAllow;
  EXPECT_EQ(Refusals(Store(), Report(), Leaf(), policy), Reasons{});
}

TEST_P(Judged, RevocationCounts) {
  const snp::Reason revoked = snp::Reason::kCertificateRevoked;
  const auto report = Report();
  const ByteVector leaf = Leaf();
  snp::Policy policy;
  policy.crl = snp::CrlRule::kRequired;
  const std::uint64_t other = is_vlek() ? line_.ask_serial : line_.asvk_serial;
  const std::uint64_t own = is_vlek() ? line_.asvk_serial : line_.ask_serial;
  EXPECT_EQ(Refusals(Store(), report, leaf, policy), Reasons{snp::Reason::kCrlMissing});
  EXPECT_EQ(Refusals(StoreWithCrl({}), report, leaf, policy), Reasons{});
  EXPECT_EQ(Refusals(StoreWithCrl({77, other}), report, leaf, policy), Reasons{});
  EXPECT_EQ(Refusals(StoreWithCrl({own}), report, leaf, policy), Reasons{revoked});
  EXPECT_EQ(Refusals(StoreWithCrl({0}), report, leaf, policy), Reasons{revoked});
  EXPECT_EQ(Refusals(StoreWithCrl({0, own, line_.ark_serial}), report, leaf, policy),
            (Reasons{revoked, revoked, revoked}));
}

}  // namespace
}  // namespace svsm::sim
