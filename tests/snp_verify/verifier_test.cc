#include "svsm/snp_verify/verifier.h"

#include <gtest/gtest.h>

#include <thread>

#include "svsm/crypto/openssl.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/testing/clock.h"
#include "tests/snp_verify/world.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

ByteVector VcekOf(Product product) {
  return forge::Make(forge::Vcek(product, forge::Tcb(product), forge::Hwid(product)));
}

class Verifying : public ::testing::Test {
 protected:
  Result<Verdict> Judge(ByteView report, ByteView leaf, const Policy& policy = {},
                        ByteView ek = {}) {
    return forge::Judge(store_, report, leaf, policy, ek);
  }
  // The reasons for which a report with this body, well signed, is refused.
  std::vector<Reason> Reasons(const ReportBody& body, const Policy& policy = {}) {
    const Result<Verdict> verdict = Judge(forge::Sign(body), vcek_, policy);
    EXPECT_THAT(verdict, IsOk());
    EXPECT_EQ(verdict->trusted(), verdict->refusals.empty());
    return ReasonsOf(verdict->refusals);
  }

  const TrustStore store_ = forge::StoreOf(
      {forge::Ark(Product::kMilan), forge::Ask(Product::kMilan), forge::Asvk(Product::kMilan),
       forge::Ark(Product::kTurin), forge::Ask(Product::kTurin), forge::Ark(Product::kGenoa),
       forge::Ask(Product::kGenoa)});
  const ByteVector vcek_ = VcekOf(Product::kMilan);
  ReportBody body_ = forge::Body(Product::kMilan);
};

TEST_F(Verifying, GivesAVerifiedReport) {
  const ByteVector report = forge::Sign(body_);
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(report, vcek_));
  EXPECT_THAT(verdict.refusals, IsEmpty());
  ASSERT_TRUE(verdict.trusted());
  EXPECT_EQ(verdict.report->contents().measurement(), body_.measurement);
  EXPECT_EQ(verdict.report->product(), Product::kMilan);
  EXPECT_EQ(verdict.report->signing_key(), LeafKind::kVcek);
  EXPECT_EQ(verdict.report->tcbs().reported, forge::Tcb(Product::kMilan));
}

TEST_F(Verifying, KnowsEveryLineAndVersion) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    for (const std::uint32_t version : {3u, 4u, 5u}) {
      ReportBody body = forge::Body(product);
      body.version = version;
      SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(forge::Sign(body), VcekOf(product)));
      EXPECT_THAT(verdict.refusals, IsEmpty()) << ProductName(product) << version;
    }
  }
}

TEST_F(Verifying, TakesTheLineOfVersionTwoFromTheCertificate) {
  for (const Product product : {Product::kMilan, Product::kGenoa, Product::kTurin}) {
    ReportBody body = forge::Body(product);
    body.version = 2;
    body.cpuid_family = body.cpuid_model = body.cpuid_stepping = 0;
    SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(forge::Sign(body), VcekOf(product)));
    EXPECT_THAT(verdict.refusals, IsEmpty()) << ProductName(product);
    ASSERT_TRUE(verdict.trusted());
    EXPECT_EQ(verdict.report->product(), product);
  }
}

TEST_F(Verifying, RefusesAVersionTwoChipOfAnotherLinesForm) {
  body_.version = 2;
  body_.cpuid_family = body_.cpuid_model = body_.cpuid_stepping = 0;
  Fill(ByteSpan(body_.chip_id).subspan(8), 0);
  EXPECT_THAT(Reasons(body_), UnorderedElementsAre(Reason::kProduct, Reason::kChipId));
}

TEST_F(Verifying, RefusesAnotherLineByCpuid) {
  body_.cpuid_model = 0x11;
  EXPECT_THAT(Reasons(body_), ElementsAre(Reason::kProduct));
  body_.cpuid_model = 0x30;
  EXPECT_THAT(Reasons(body_), ElementsAre(Reason::kProduct));
}

TEST_F(Verifying, RefusesAnyChangeOfTheSignedBytes) {
  const ByteVector good = forge::Sign(body_);
  for (const std::size_t at : {0x004u, 0x010u, 0x050u, 0x090u, 0x0C0u, 0x0E0u, 0x110u, 0x140u}) {
    ByteVector bad = good;
    bad[at] ^= 0x01;
    SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(bad, vcek_));
    EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kReportSignature)) << at;
  }
}

TEST_F(Verifying, RefusesAChangedSignature) {
  for (const std::size_t at : {0x2A0u, 0x2CFu, 0x2E8u, 0x317u}) {
    ByteVector bad = forge::Sign(body_);
    bad[at] ^= 0x01;
    SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(bad, vcek_));
    EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kReportSignature)) << at;
  }
}

TEST_F(Verifying, RefusesAnotherChipsSignature) {
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict,
                            Judge(forge::Sign(body_, forge::Key::kOtherChip), vcek_));
  EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kReportSignature));
}

TEST_F(Verifying, RefusesScalarsOutsideTheGroup) {
  const ByteVector good = forge::Sign(body_);
  for (const std::size_t offset : {0x2A0u, 0x2E8u}) {
    for (const std::uint8_t value : {std::uint8_t{0x00}, std::uint8_t{0xFF}}) {
      ByteVector bad = good;
      Fill(ByteSpan(bad).subspan(offset, 48), value);
      SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(bad, vcek_));
      EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kSignatureRange));
    }
  }
}

TEST_F(Verifying, RefusesAKeyThatIsNoPoint) {
  ByteVector leaf = vcek_;
  SVSM_ASSERT_OK_AND_ASSIGN(const X509Certificate certificate, ParseCertificate(leaf));
  const auto last =
      static_cast<std::size_t>(certificate.spki.data() - leaf.data()) + certificate.spki.size() - 1;
  leaf[last] ^= 0x01;
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(forge::Sign(body_), leaf));
  EXPECT_THAT(ReasonsOf(verdict.refusals),
              ElementsAre(Reason::kCertificateSignature, Reason::kCertificateKey));
}

TEST_F(Verifying, RefusesAMaskedChipKey) {
  body_.key_info = key_info::kMaskChipKey;
  ByteVector report = forge::Sign(body_);
  Fill(ByteSpan(report).subspan(kReportBodySize), 0);
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(report, vcek_));
  EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kChipKeyMasked));
}

TEST_F(Verifying, RefusesAReportThatNoKeySigned) {
  body_.key_info = 7u << key_info::kSigningKeyShift;
  ByteVector report = forge::Sign(body_);
  Fill(ByteSpan(report).subspan(kReportBodySize), 0);
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(report, vcek_));
  EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kSigningKey));
}

TEST_F(Verifying, JudgesVleksWithoutAChip) {
  const ByteVector vlek =
      forge::Make(forge::Vlek(Product::kMilan, forge::Tcb(Product::kMilan), "CN=csp.example"));
  body_.key_info = 1u << key_info::kSigningKeyShift;
  SVSM_ASSERT_OK_AND_ASSIGN(Verdict verdict, Judge(forge::Sign(body_), vlek));
  EXPECT_THAT(verdict.refusals, IsEmpty());
  ASSERT_TRUE(verdict.trusted());
  EXPECT_EQ(verdict.report->signing_key(), LeafKind::kVlek);
  Fill(body_.chip_id, 0);
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict masked, Judge(forge::Sign(body_), vlek));
  EXPECT_THAT(masked.refusals, IsEmpty());
}

TEST_F(Verifying, RefusesAKeyKindThatTheReportDoesNotName) {
  const ByteVector vlek =
      forge::Make(forge::Vlek(Product::kMilan, forge::Tcb(Product::kMilan), "CN=csp.example"));
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(forge::Sign(body_), vlek));
  EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kSigningKey));
  body_.key_info = 1u << key_info::kSigningKeyShift;
  EXPECT_THAT(Reasons(body_), ElementsAre(Reason::kSigningKey));
}

TEST_F(Verifying, ComparesTheTcbComponentByComponent) {
  for (const TcbComponent component : kTcbComponents) {
    if (component == TcbComponent::kFmc) continue;
    TcbVersion tcb = forge::Tcb(Product::kMilan);
    (component == TcbComponent::kBootloader ? tcb.bootloader
     : component == TcbComponent::kTee      ? tcb.tee
     : component == TcbComponent::kSnp      ? tcb.snp
                                            : tcb.microcode) += 1;
    ReportBody body = body_;
    forge::SetBodyTcb(body, tcb);
    EXPECT_THAT(Reasons(body), ElementsAre(Reason::kReportedTcb)) << TcbComponentName(component);
  }
}

TEST_F(Verifying, ComparesTheFmcOfTurin) {
  TcbVersion tcb = forge::Tcb(Product::kTurin);
  tcb.fmc += 1;
  ReportBody body = forge::Body(Product::kTurin);
  forge::SetBodyTcb(body, tcb);
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict,
                            Judge(forge::Sign(body), VcekOf(Product::kTurin)));
  EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kReportedTcb));
}

TEST_F(Verifying, WantsTheCurrentTcbToReachTheCertificates) {
  TcbVersion lower = forge::Tcb(Product::kMilan);
  lower.snp -= 1;
  lower.microcode += 1;  // one higher component does not make up for it
  body_.current_tcb = EncodeTcb(lower);
  EXPECT_THAT(Reasons(body_), ElementsAre(Reason::kCurrentTcb));
  lower.snp += 2;
  body_.current_tcb = EncodeTcb(lower);
  EXPECT_THAT(Reasons(body_), IsEmpty());
}

TEST_F(Verifying, ComparesTheChip) {
  body_.chip_id[63] ^= 1;
  EXPECT_THAT(Reasons(body_), ElementsAre(Reason::kChipId));
  ReportBody turin = forge::Body(Product::kTurin);
  turin.chip_id[8] = 1;  // beyond Turin's eight bytes
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict,
                            Judge(forge::Sign(turin), VcekOf(Product::kTurin)));
  EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kChipId));
}

TEST_F(Verifying, RefusesAMaskedChipUnlessAllowed) {
  Fill(body_.chip_id, 0);
  EXPECT_THAT(Reasons(body_), ElementsAre(Reason::kChipIdMasked));
  Policy policy;
  policy.masked_chip_id = Rule::kAllow;
  EXPECT_THAT(Reasons(body_, policy), IsEmpty());
}

TEST_F(Verifying, ListsEveryRefusal) {
  body_.policy = body_.policy.get() | guest_policy::kDebug;
  body_.vmpl = 2;
  body_.chip_id[0] ^= 1;
  Policy policy;
  policy.vmpl = Vmpl(0);
  policy.measurements = {{}};
  ByteVector report = forge::Sign(body_, forge::Key::kOtherChip);
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(report, vcek_, policy));
  EXPECT_THAT(ReasonsOf(verdict.refusals),
              UnorderedElementsAre(Reason::kReportSignature, Reason::kChipId, Reason::kMeasurement,
                                   Reason::kVmpl, Reason::kDebug));
  EXPECT_FALSE(verdict.trusted());
}

TEST_F(Verifying, SaysWhatItDidNotJudge) {
  SVSM_ASSERT_OK_AND_ASSIGN(Verdict verdict, Judge(forge::Sign(body_), vcek_));
  EXPECT_THAT(verdict.not_judged, Contains(Aspect::kMeasurement));
  EXPECT_THAT(verdict.not_judged, Contains(Aspect::kVmpl));
  EXPECT_THAT(verdict.not_judged, Contains(Aspect::kReportData));
  EXPECT_THAT(verdict.not_judged, Contains(Aspect::kRevocation));
  TrustStore store = forge::StoreOf(Product::kMilan);
  const ByteVector crl = forge::MakeCrl({.issuer = forge::AmdName("ARK-Milan")});
  ASSERT_THAT(store.AddCrl(*ParseCrl(crl)), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict with_list,
                            forge::Judge(store, forge::Sign(body_), vcek_));
  EXPECT_THAT(with_list.not_judged, Not(Contains(Aspect::kRevocation)));
}

TEST_F(Verifying, RemembersGoodLeavesButJudgesDatesEachTime) {
  crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
  struct : public Clock {
    std::uint64_t MonotonicMs() const override { return 0; }
    std::int64_t UnixSeconds() const override { return now; }
    void SleepMs(std::uint64_t) override {}
    std::int64_t now = forge::kNow;
  } clock;
  Verifier verifier(store_, p384, clock);
  const ByteVector report = forge::Sign(body_);
  const ByteVector turin_report = forge::Sign(forge::Body(Product::kTurin), forge::Key::kOtherChip);
  forge::CertificateSpec turin_spec =
      forge::Vcek(Product::kTurin, forge::Tcb(Product::kTurin), forge::Hwid(Product::kTurin));
  turin_spec.key = forge::Key::kOtherChip;
  const ByteVector turin_leaf = forge::Make(turin_spec);
  for (int i = 0; i < 3; ++i) {
    SVSM_ASSERT_OK_AND_ASSIGN(const Verdict milan, verifier.Verify({report, vcek_}, {}));
    EXPECT_TRUE(milan.trusted());
    SVSM_ASSERT_OK_AND_ASSIGN(const Verdict turin, verifier.Verify({turin_report, turin_leaf}, {}));
    EXPECT_TRUE(turin.trusted());
    SVSM_ASSERT_OK_AND_ASSIGN(const Verdict crossed, verifier.Verify({report, turin_leaf}, {}));
    EXPECT_THAT(ReasonsOf(crossed.refusals), Contains(Reason::kReportSignature));
  }
  clock.now += 2 * forge::kYear;
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict late, verifier.Verify({report, vcek_}, {}));
  EXPECT_THAT(ReasonsOf(late.refusals), Contains(Reason::kCertificateExpired));
}

TEST_F(Verifying, DoesNotRememberBadLeaves) {
  crypto::OpensslEcdsaVerifier p384(crypto::Curve::kP384);
  const svsm::testing::ManualClock clock(forge::kNow);
  Verifier verifier(store_, p384, clock);
  forge::CertificateSpec spec =
      forge::Vcek(Product::kMilan, forge::Tcb(Product::kMilan), forge::Hwid(Product::kMilan));
  spec.signer = forge::Key::kOther;
  const ByteVector forged = forge::Make(spec);
  const ByteVector report = forge::Sign(body_);
  for (int i = 0; i < 3; ++i) {
    SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, verifier.Verify({report, forged}, {}));
    EXPECT_THAT(ReasonsOf(verdict.refusals), ElementsAre(Reason::kCertificateSignature));
  }
}

TEST_F(Verifying, AStoreServesSeveralThreads) {
  const ByteVector report = forge::Sign(body_);
  std::vector<std::thread> threads;
  std::array<bool, 4> trusted{};
  for (bool& each : trusted) {
    threads.emplace_back([&] { each = forge::Judge(store_, report, vcek_)->trusted(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const bool each : trusted) EXPECT_TRUE(each);
}

// Errors: there was nothing to judge.
TEST_F(Verifying, WantsAReport) {
  const ByteVector report = forge::Sign(body_);
  EXPECT_EQ(Judge(ByteView(report).first(kReportSize - 1), vcek_).status(),
            Status(Code::kTruncated, Source::kSnp, kReportSize));
  ByteVector unknown = report;
  unknown[0] = 6;
  EXPECT_EQ(Judge(unknown, vcek_).status(), Status(Code::kUnsupported, Source::kSnp, 6));
  body_.signature_algo = 2;
  EXPECT_EQ(Judge(forge::Sign(body_), vcek_).status(),
            Status(Code::kMalformed, Source::kSnp, 0x34));
}

TEST_F(Verifying, WantsReservedTcbBytesToBeZero) {
  body_.launch_tcb[3] = 1;
  EXPECT_EQ(Judge(forge::Sign(body_), vcek_).status(),
            Status(Code::kMalformed, Source::kSnp, 0x1F3));
}

TEST_F(Verifying, WantsACertificate) {
  EXPECT_THAT(Judge(forge::Sign(body_), ByteView(vcek_).first(100)),
              IsStatus(Code::kMalformed, Source::kSnpVerify, 0));
  EXPECT_THAT(Judge(forge::Sign(body_), {}), IsStatus(Code::kMalformed, Source::kSnpVerify, 0));
}

TEST_F(Verifying, WantsCalendarTime) {
  EXPECT_THAT(forge::Judge(store_, forge::Sign(body_), vcek_, {}, {}, 0),
              IsStatus(Code::kFailedPrecondition, Source::kSnpVerify));
}

TEST_F(Verifying, WantsAVerifierOfP384) {
  crypto::OpensslEcdsaVerifier p256(crypto::Curve::kP256);
  const svsm::testing::ManualClock clock(forge::kNow);
  Verifier verifier(store_, p256, clock);
  const ByteVector report = forge::Sign(body_);
  EXPECT_THAT(verifier.Verify({report, vcek_}, {}),
              IsStatus(Code::kInvalidArgument, Source::kSnpVerify));
}

class Binding : public Verifying {
 protected:
  Binding() {
    evidence::TpmPublic key = evidence::TemplatePublic(evidence::KeyTemplate::kEkP256);
    const Bytes<32> x = {1};
    const Bytes<32> y = {2};
    key.x = x;
    key.y = y;
    Bytes<evidence::kMaxTpmPublicSize> buffer{};
    ek_ = ToVector(*evidence::BuildTpm2bPublic(key, buffer));
  }
  void Bind(ByteView public_area) {
    const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
    EXPECT_THAT(sha512.Digest(public_area, body_.report_data), IsOk());
  }
  std::vector<Reason> EkReasons(ByteView ek) {
    const Result<Verdict> verdict = Judge(forge::Sign(body_), vcek_, {}, ek);
    EXPECT_THAT(verdict, IsOk());
    return ReasonsOf(verdict->refusals);
  }
  ByteVector ek_;
};

TEST_F(Binding, TakesTheDigestOfEitherForm) {
  const ByteView tpmt = ByteView(ek_).subspan(2);
  for (const ByteView bound : {ByteView(ek_), tpmt}) {
    Bind(bound);
    for (const ByteView given : {ByteView(ek_), tpmt}) EXPECT_THAT(EkReasons(given), IsEmpty());
  }
}

TEST_F(Binding, CountsAsJudgingReportData) {
  Bind(ek_);
  SVSM_ASSERT_OK_AND_ASSIGN(const Verdict verdict, Judge(forge::Sign(body_), vcek_, {}, ek_));
  EXPECT_THAT(verdict.not_judged, Not(Contains(Aspect::kReportData)));
}

TEST_F(Binding, RefusesAnotherKey) {
  Bind(ek_);
  ek_.back() ^= 1;
  EXPECT_THAT(EkReasons(ek_), ElementsAre(Reason::kEkBinding));
}

TEST_F(Binding, RefusesWhatIsNoEndorsementKey) {
  ek_[2 + 5] ^= 0x02;  // fixedTPM in objectAttributes
  Bind(ek_);
  EXPECT_THAT(EkReasons(ek_), ElementsAre(Reason::kEkTemplate));
}

TEST_F(Binding, WantsAPublicArea) {
  const Bytes<3> garbage = {1, 2, 3};
  const Result<Verdict> verdict = Judge(forge::Sign(body_), vcek_, {}, garbage);
  EXPECT_FALSE(verdict.ok());
}

}  // namespace
}  // namespace svsm::snp
