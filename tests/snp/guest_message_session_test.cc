// Covers: svsm/core/attester.h
#include "svsm/snp/guest_message_session.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "svsm/snp/report.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/fake_amd_sp.h"

namespace svsm::snp {
namespace {

using snp::testing::FakeAmdSp;
using snp::testing::FakeHost;
using snp::testing::HandoverOf;
using snp::testing::HostMove;
using snp::testing::SetLe;
using snp::testing::SpyAead;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::ManualClock;
using svsm::testing::SameBytes;
using ::testing::ElementsAre;

class GuestMessageSessionTest : public ::testing::Test {
 protected:
  GuestMessageSessionTest() { Open(0); }

  void Open(std::uint8_t vmpck) {
    session_ = std::make_unique<GuestMessageSession>(aead_, HandoverOf(sp_, vmpck, sp_.used(vmpck)),
                                                     host_, clock_, options_);
  }
  static Bytes<64> Data(std::uint8_t fill) {
    Bytes<64> data;
    data.fill(fill);
    return data;
  }
  Result<AttestationSizes> Attest(std::uint8_t fill = 1) {
    Fill(report_, 0xEE);
    return session_->Attest(Data(fill), report_, {});
  }
  Result<AttestationSizes> AttestWithCertificates(std::size_t bytes) {
    Fill(report_, 0xEE);
    certificates_.assign(bytes, 0xEE);
    return session_->Attest(Data(1), report_, certificates_);
  }
  void ExpectClosed() {
    EXPECT_TRUE(session_->closed());
    const auto closed = IsStatus(Code::kFailedPrecondition, Source::kSnp);
    EXPECT_THAT(Attest(), closed);
    Secret<32> key;
    EXPECT_THAT(session_->DeriveKey({}, key), closed);
    EXPECT_THAT(session_->FinishPending(), closed);
    EXPECT_THAT(session_->Release(), closed);
  }

  FakeAmdSp sp_;
  FakeHost host_{sp_};
  ManualClock clock_{0, 5000};
  SpyAead aead_;
  SessionOptions options_;
  std::unique_ptr<GuestMessageSession> session_;
  ByteVector report_ = ByteVector(kReportSize);
  ByteVector certificates_;
};

TEST_F(GuestMessageSessionTest, GivesReportsOfEveryVmpck) {
  for (std::uint8_t vmpck = 0; vmpck < 4; ++vmpck) {
    options_.vmpl = Vmpl(vmpck);
    sp_.used(vmpck) = 10u * vmpck;
    Open(vmpck);
    for (std::uint8_t fill = 1; fill < 4; ++fill) {
      SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes sizes, Attest(fill));
      EXPECT_EQ(sizes.report_bytes, kReportSize);
      EXPECT_EQ(sizes.certificates_bytes, 0u);
      SVSM_ASSERT_OK_AND_ASSIGN(const UnverifiedReport report, DecodeReport(report_));
      EXPECT_EQ(report.report_data(), Data(fill));
      EXPECT_EQ(report.vmpl(), Vmpl(vmpck));
    }
    EXPECT_EQ(session_->messages_used(), 10u * vmpck + 6);
  }
}

TEST_F(GuestMessageSessionTest, ALessPrivilegedVmplMayBeAskedFor) {
  SVSM_ASSERT_OK_AND_ASSIGN(
      const AttestationSizes sizes,
      session_->RequestReport(Data(1), Vmpl(3), ReportKey::kVcek, report_, {}));
  EXPECT_EQ(sizes.report_bytes, kReportSize);
  EXPECT_EQ(DecodeReport(report_)->vmpl(), Vmpl(3));
}

TEST_F(GuestMessageSessionTest, AnAuthenticRefusalLeavesTheSessionWhole) {
  Open(2);
  EXPECT_THAT(session_->RequestReport(Data(1), Vmpl(1), ReportKey::kVcek, report_, {}),
              IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  EXPECT_TRUE(IsZero(report_));
  EXPECT_THAT(session_->RequestReport(Data(1), Vmpl(2), ReportKey::kVlek, report_, {}),
              IsStatus(Code::kInvalidArgument, Source::kSnp, 0x27));
  EXPECT_THAT(session_->RequestReport(Data(1), Vmpl(2), ReportKey::kVcek, report_, {}), IsOk());
  EXPECT_EQ(session_->messages_used(), 6u);
}

TEST_F(GuestMessageSessionTest, WrongArgumentsSpendNothing) {
  EXPECT_THAT(session_->RequestReport(Data(1), Vmpl(4), ReportKey::kVcek, report_, {}),
              IsStatus(Code::kInvalidArgument, Source::kSnp));
  EXPECT_THAT(session_->RequestReport(Data(1), Vmpl(0), static_cast<ReportKey>(3), report_, {}),
              IsStatus(Code::kInvalidArgument, Source::kSnp));
  EXPECT_THAT(session_->Attest(Data(1), ByteSpan(report_).first(0x49F), {}),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, 0x4A0));
  EXPECT_THAT(AttestWithCertificates(4095), IsStatus(Code::kBufferTooSmall, Source::kSnp, 0x4000));
  DerivedKeySelection selection;
  selection.vmpl = Vmpl(7);
  Secret<32> key;
  EXPECT_THAT(session_->DeriveKey(selection, key), IsStatus(Code::kInvalidArgument, Source::kSnp));
  EXPECT_TRUE(host_.requests.empty());
  EXPECT_EQ(aead_.seals, 0u);
}

TEST_F(GuestMessageSessionTest, SizesAreKnownBeforehand) {
  EXPECT_EQ(session_->Sizes().report_bytes, 0x4A0u);
  EXPECT_EQ(session_->Sizes().certificates_bytes, 0x4000u);
}

TEST_F(GuestMessageSessionTest, CertificatesComeInWholePages) {
  host_.certificates_given = ByteVector(0x4000, 0xCE);
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes sizes, AttestWithCertificates(0x4123));
  EXPECT_EQ(sizes.certificates_bytes, 0x4000u);
  EXPECT_THAT(ByteView(certificates_).first(0x4000), SameBytes(host_.certificates_given));
  EXPECT_TRUE(IsZero(ByteView(certificates_).subspan(0x4000)));
  EXPECT_THAT(host_.certificate_bytes_offered, ElementsAre(0x4000));
}

TEST_F(GuestMessageSessionTest, AHostWithoutCertificatesGivesNone) {
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes sizes, AttestWithCertificates(0x4000));
  EXPECT_EQ(sizes.certificates_bytes, 0u);
}

TEST_F(GuestMessageSessionTest, OptionsMayDoWithoutCertificates) {
  options_.certificates_bytes = 0;
  Open(0);
  host_.certificates_given = ByteVector(0x4000, 0xCE);
  EXPECT_EQ(session_->Sizes().certificates_bytes, 0u);
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes sizes, AttestWithCertificates(0x4000));
  EXPECT_EQ(sizes.certificates_bytes, 0u);
  EXPECT_TRUE(IsZero(certificates_));
  EXPECT_THAT(host_.certificate_bytes_offered, ElementsAre(0));
}

TEST_F(GuestMessageSessionTest, AbsurdBuffersAreOfferedInPart) {
  EXPECT_THAT(AttestWithCertificates(300 * 4096), IsOk());
  EXPECT_THAT(host_.certificate_bytes_offered, ElementsAre(kMaxCertificatePages * 4096));
}

TEST_F(GuestMessageSessionTest, InvalidLengthIsFinishedAsAPlainRequest) {
  host_.moves = {HostMove::kInvalidLength};
  host_.pages_needed = 7;
  EXPECT_THAT(AttestWithCertificates(0x4000),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, 7 * 4096));
  EXPECT_TRUE(IsZero(report_));
  EXPECT_TRUE(IsZero(certificates_));
  EXPECT_EQ(session_->Sizes().certificates_bytes, 7u * 4096);
  ASSERT_EQ(host_.requests.size(), 2u);
  EXPECT_EQ(host_.requests[0], host_.requests[1]);
  EXPECT_THAT(host_.certificate_bytes_offered, ElementsAre(0x4000, 0));
  EXPECT_EQ(session_->messages_used(), 2u);
  EXPECT_THAT(AttestWithCertificates(7 * 4096), IsOk());
}

TEST_F(GuestMessageSessionTest, InvalidLengthWithoutReasonLeavesTheSessionWhole) {
  struct Claim {
    std::uint64_t pages;
    std::uint32_t detail;
  };
  for (const Claim& claim :
       {Claim{0, 0}, Claim{4, 4}, Claim{257, 257}, Claim{1ull << 40, UINT32_MAX}}) {
    host_.moves = {HostMove::kInvalidLength};
    host_.pages_needed = claim.pages;
    EXPECT_THAT(AttestWithCertificates(0x4000),
                IsStatus(Code::kOutOfRange, Source::kSnp, claim.detail));
    EXPECT_TRUE(IsZero(report_));
  }
  EXPECT_EQ(session_->Sizes().certificates_bytes, 0x4000u);
  EXPECT_THAT(Attest(), IsOk());
}

TEST_F(GuestMessageSessionTest, InvalidLengthTwiceIsUnclear) {
  host_.moves = {HostMove::kInvalidLength, HostMove::kInvalidLength};
  EXPECT_THAT(AttestWithCertificates(0x4000), IsStatus(Code::kIoError, Source::kSnp, 1));
  ExpectClosed();
}

TEST_F(GuestMessageSessionTest, BusyIsWaitedForWithinTheBudget) {
  options_.busy_budget_ms = 250;
  options_.busy_interval_ms = 100;
  Open(0);
  host_.moves = {HostMove::kBusy, HostMove::kBusy, HostMove::kBusy};
  EXPECT_THAT(Attest(), IsOk());
  EXPECT_THAT(clock_.sleeps, ElementsAre(100, 100, 50));
  EXPECT_EQ(aead_.seals, 1u);

  clock_.sleeps.clear();
  host_.moves.assign(10, HostMove::kBusy);
  EXPECT_THAT(Attest(), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_TRUE(IsZero(report_));
  EXPECT_THAT(clock_.sleeps, ElementsAre(100, 100, 50));
  EXPECT_EQ(host_.moves.size(), 6u);
}

TEST_F(GuestMessageSessionTest, WithoutABudgetThereIsOneTry) {
  host_.moves.assign(2, HostMove::kBusy);
  EXPECT_THAT(Attest(), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_EQ(host_.moves.size(), 1u);
  EXPECT_TRUE(clock_.sleeps.empty());
}

TEST_F(GuestMessageSessionTest, AClockThatStandsStillDoesNotHang) {
  clock_.moves = false;
  options_.busy_budget_ms = 5;
  options_.busy_interval_ms = 0;
  Open(0);
  host_.moves.assign(100, HostMove::kBusy);
  EXPECT_THAT(Attest(), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(clock_.sleeps, ElementsAre(1, 1, 1, 1, 1));
}

TEST_F(GuestMessageSessionTest, ALaterCallFinishesTheBusyRequest) {
  host_.moves = {HostMove::kBusy};
  EXPECT_THAT(Attest(1), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_TRUE(session_->pending());
  EXPECT_THAT(Attest(2), IsStatus(Code::kBusy, Source::kSnp));
  Secret<32> key;
  EXPECT_THAT(session_->DeriveKey({}, key), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(session_->Release(), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_EQ(host_.requests.size(), 1u);
  EXPECT_THAT(Attest(1), IsOk());
  ASSERT_EQ(host_.requests.size(), 2u);
  EXPECT_EQ(host_.requests[0], host_.requests[1]);
  EXPECT_THAT(Attest(2), IsOk());
  EXPECT_EQ(sp_.handled, 2u);
}

TEST_F(GuestMessageSessionTest, AnAbandonedRequestCanBeFinished) {
  EXPECT_THAT(session_->FinishPending(), IsOk());
  EXPECT_TRUE(host_.requests.empty());
  host_.moves = {HostMove::kBusy, HostMove::kBusy};
  EXPECT_THAT(Attest(1), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(session_->FinishPending(), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(session_->FinishPending(), IsOk());
  EXPECT_FALSE(session_->pending());
  EXPECT_EQ(host_.requests[0], host_.requests[2]);
  EXPECT_THAT(Attest(2), IsOk());
}

TEST_F(GuestMessageSessionTest, DerivesKeys) {
  DerivedKeySelection selection;
  selection.fields = derived_key_field::kMeasurement;
  Secret<32> a, b, c;
  ASSERT_THAT(session_->DeriveKey(selection, a), IsOk());
  ASSERT_THAT(session_->DeriveKey(selection, b), IsOk());
  EXPECT_TRUE(a == b);
  EXPECT_FALSE(IsZero(a.view()));
  selection.fields |= derived_key_field::kLaunchMitVector;
  ASSERT_THAT(session_->DeriveKey(selection, c), IsOk());
  EXPECT_FALSE(a == c);
  EXPECT_EQ(host_.requests.back()[0x35], 2);
}

TEST_F(GuestMessageSessionTest, ARefusedKeyIsZero) {
  Secret<32> key;
  Fill(key.writable(), 0xEE);
  sp_.edit_payload = [](ByteVector& payload) { payload[0] = 0x16; };
  EXPECT_THAT(session_->DeriveKey({}, key), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  EXPECT_TRUE(IsZero(key.view()));
  EXPECT_THAT(session_->DeriveKey({}, key), IsOk());
}

TEST_F(GuestMessageSessionTest, WithoutAReportThereAreNoCertificates) {
  host_.certificates_given = ByteVector(0x4000, 0xCE);
  sp_.edit_payload = [](ByteVector& payload) { payload[0] = 0x16; };
  EXPECT_THAT(AttestWithCertificates(0x4000), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  EXPECT_TRUE(IsZero(certificates_));
}

// Looks into the object itself, as a core dump would.
TEST_F(GuestMessageSessionTest, AnswersDoNotStayInTheObject) {
  const auto holds = [this](ByteView secret) {
    const ByteView object(
        static_cast<const std::uint8_t*>(static_cast<const void*>(session_.get())),
        sizeof(GuestMessageSession));
    return std::search(object.begin(), object.end(), secret.begin(), secret.end()) != object.end();
  };
  Secret<32> key;
  ASSERT_THAT(session_->DeriveKey({}, key), IsOk());
  EXPECT_FALSE(holds(key.view()));
  host_.moves = {HostMove::kBusy};
  EXPECT_THAT(session_->DeriveKey({}, key), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_TRUE(IsZero(key.view()));
  ASSERT_THAT(session_->FinishPending(), IsOk());
  ASSERT_THAT(Attest(1), IsOk());
  EXPECT_FALSE(holds(Data(1)));
  host_.moves = {HostMove::kBusy};
  EXPECT_THAT(Attest(2), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_TRUE(holds(Data(2)));  // needed to know the same request again
  ASSERT_THAT(session_->FinishPending(), IsOk());
  EXPECT_FALSE(holds(Data(2)));
}

TEST_F(GuestMessageSessionTest, AuthenticReportsOfTheWrongFormAreRefused) {
  struct Wrong {
    std::function<void(ByteVector&)> edit;
    std::uint32_t detail;
  };
  const Wrong kWrong[] = {
      {[](ByteVector& p) { p.resize(31); }, 31},
      {[](ByteVector& p) { SetLe(p, 4, 0x4A1, 4); }, 4},
      {[](ByteVector& p) { SetLe(p, 4, 0, 4); }, 4},
      {[](ByteVector& p) { p[8] = 1; }, 8},
      {[](ByteVector& p) { p[31] = 1; }, 8},
      {[](ByteVector& p) { p.pop_back(); }, 32 + 0x49F},
      {[](ByteVector& p) { p.push_back(1); }, 32 + 0x4A0},
  };
  for (const Wrong& wrong : kWrong) {
    sp_.edit_payload = wrong.edit;
    EXPECT_THAT(Attest(), IsStatus(Code::kInternal, Source::kSnp, wrong.detail));
    EXPECT_TRUE(IsZero(report_));
  }
  // Zeros behind the report are padding.
  sp_.edit_payload = [](ByteVector& p) { p.resize(1280); };
  EXPECT_THAT(Attest(), IsOk());
}

TEST_F(GuestMessageSessionTest, AuthenticKeysOfTheWrongFormAreRefused) {
  struct Wrong {
    std::function<void(ByteVector&)> edit;
    std::uint32_t detail;
  };
  const Wrong kWrong[] = {
      {[](ByteVector& p) { p.resize(31); }, 31}, {[](ByteVector& p) { p.resize(63); }, 63},
      {[](ByteVector& p) { p.resize(65); }, 65}, {[](ByteVector& p) { p[4] = 1; }, 4},
      {[](ByteVector& p) { p[31] = 1; }, 4},
  };
  for (const Wrong& wrong : kWrong) {
    sp_.edit_payload = wrong.edit;
    Secret<32> key;
    EXPECT_THAT(session_->DeriveKey({}, key),
                IsStatus(Code::kInternal, Source::kSnp, wrong.detail));
    EXPECT_TRUE(IsZero(key.view()));
  }
}

TEST_F(GuestMessageSessionTest, TellsHowTheTimeStampCounterRuns) {
  SVSM_ASSERT_OK_AND_ASSIGN(const TscInfo info, session_->RequestTscInfo());
  EXPECT_EQ(info, (TscInfo{0x1'8000'0000, 0xFFFF'FFFF'FFFF'F000, 500}));
  EXPECT_EQ(session_->messages_used(), 2u);
  sp_.edit_payload = [](ByteVector& p) { p[0] = 0x16; };
  EXPECT_THAT(session_->RequestTscInfo(), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  sp_.edit_payload = [](ByteVector& p) { p.pop_back(); };
  EXPECT_THAT(session_->RequestTscInfo(), IsStatus(Code::kInternal, Source::kSnp, 128));
  sp_.edit_payload = [](ByteVector& p) { p[127] = 1; };
  EXPECT_THAT(session_->RequestTscInfo(), IsStatus(Code::kInternal, Source::kSnp, 0x1C));
  EXPECT_THAT(session_->RequestTscInfo(), IsOk());
  EXPECT_EQ(session_->messages_used(), 10u);
}

TEST_F(GuestMessageSessionTest, HasCpuidChecked) {
  const CpuidFunction wanted[] = {{.leaf = 1, .eax = 0x00A00F11, .ebx = 7},
                                  {.leaf = 0xD, .subleaf = 1, .xcr0 = 7, .xss = 0x1800}};
  CpuidFunction functions[2] = {wanted[0], wanted[1]};
  SVSM_ASSERT_OK_AND_ASSIGN(CpuidVerdict verdict, session_->CheckCpuid(functions));
  EXPECT_EQ(verdict, CpuidVerdict::kAccepted);
  EXPECT_THAT(functions, ::testing::ElementsAreArray(wanted));
  functions[0].eax = 0x00A20F10;
  SVSM_ASSERT_OK_AND_ASSIGN(verdict, session_->CheckCpuid(functions));
  EXPECT_EQ(verdict, CpuidVerdict::kCorrected);
  EXPECT_THAT(functions, ::testing::ElementsAreArray(wanted));
  // A full table goes through, and a busy host holds it up only.
  std::vector<CpuidFunction> many(kMaxCpuidFunctions, wanted[1]);
  host_.moves = {HostMove::kBusy};
  EXPECT_THAT(session_->CheckCpuid(many), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(session_->CheckCpuid(functions), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_THAT(session_->CheckCpuid(many), IsOk());
  many.push_back(wanted[1]);
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kSnp);
  EXPECT_THAT(session_->CheckCpuid(many), invalid);
  EXPECT_THAT(session_->CheckCpuid({}), invalid);
  session_->Close();
  EXPECT_THAT(session_->CheckCpuid(functions), IsStatus(Code::kFailedPrecondition, Source::kSnp));
}

TEST_F(GuestMessageSessionTest, AuthenticCpuidAnswersOfTheWrongFormAreRefused) {
  struct Wrong {
    std::function<void(ByteVector&)> edit;
    Code code;
    std::uint32_t detail;
  };
  const Wrong kWrong[] = {
      {[](ByteVector& p) { p[0] = 0x27; }, Code::kInvalidArgument, 0x27},
      {[](ByteVector& p) { p[4] = 1, p.resize(0x40); }, Code::kInternal, 4},
      {[](ByteVector& p) { p[4] = 0; }, Code::kInternal, 4},
      {[](ByteVector& p) { p.resize(0x6F); }, Code::kInternal, 0x70},
      {[](ByteVector& p) { p[8] = 1; }, Code::kInternal, 8},
      {[](ByteVector& p) { p[0x10] = 2; }, Code::kInternal, 0x10},               // another leaf
      {[](ByteVector& p) { p[0] = 0x16, p[0x44] = 1; }, Code::kInternal, 0x40},  // and subleaf
      {[](ByteVector& p) { p[0x58] ^= 1; }, Code::kInternal, 0x40},  // changed, yet called right
      {[](ByteVector& p) { p[0x68] = 1; }, Code::kInternal, 0x68},
      {[](ByteVector& p) { p.push_back(1); }, Code::kInternal, 0x70},
  };
  const CpuidFunction asked[] = {{.leaf = 1, .eax = 0x00A00F11}, {.leaf = 2}};
  for (const Wrong& wrong : kWrong) {
    CpuidFunction functions[2] = {asked[0], asked[1]};
    sp_.edit_payload = wrong.edit;
    EXPECT_THAT(session_->CheckCpuid(functions), IsStatus(wrong.code, Source::kSnp, wrong.detail));
    EXPECT_THAT(functions, ::testing::ElementsAreArray(asked));
  }
}

TEST_F(GuestMessageSessionTest, WhatIsUnclearWipesTheKey) {
  struct Case {
    HostMove move;
    Status status;
  };
  const Case kCases[] = {
      {HostMove::kDrop, Status(Code::kMalformed, Source::kSnp, 0x30)},
      {HostMove::kReplay, Status(Code::kMalformed, Source::kSnp, 0x20)},
      {HostMove::kCorrupt, Status(Code::kAuthFailed, Source::kSnp)},
      {HostMove::kTruncate, Status(Code::kAuthFailed, Source::kSnp)},
      {HostMove::kCorruptRequest, Status(Code::kPermissionDenied, Source::kSnp, 0x19)},
      {HostMove::kFirmwareError, Status(Code::kPermissionDenied, Source::kSnp, 0x27)},
      {HostMove::kUnknownVmmError, Status(Code::kIoError, Source::kSnp, 9)},
      {HostMove::kTransportFailure, Status(Code::kIoError, Source::kCaller, 77)},
      {HostMove::kInvalidLength, Status(Code::kIoError, Source::kSnp, 1)},
  };
  for (const Case& c : kCases) {
    Open(0);
    ASSERT_THAT(Attest(1), IsOk());
    host_.moves = {c.move};
    EXPECT_EQ(Attest(2).status(), c.status);
    EXPECT_TRUE(IsZero(report_));
    ExpectClosed();
  }
}

TEST_F(GuestMessageSessionTest, AHostThatHidesTheAnswerGainsNothing) {
  host_.moves = {HostMove::kBusyAfterAll};
  EXPECT_THAT(Attest(1), IsStatus(Code::kBusy, Source::kSnp));
  // The AMD-SP has gone on and refuses the repetition; the host could only give the answer it hid.
  EXPECT_THAT(Attest(1), IsStatus(Code::kPermissionDenied, Source::kSnp, 0x18));
  ExpectClosed();

  Open(0);
  host_.moves = {HostMove::kBusyAfterAll, HostMove::kReplay};
  EXPECT_THAT(Attest(3), IsStatus(Code::kBusy, Source::kSnp));
  ASSERT_THAT(Attest(3), IsOk());
  EXPECT_EQ(DecodeReport(report_)->report_data(), Data(3));
}

TEST_F(GuestMessageSessionTest, ReleaseAndCloseEndTheSession) {
  ASSERT_THAT(Attest(1), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(VmpckHandover handover, session_->Release());
  EXPECT_EQ(handover.messages_used, 2u);
  ExpectClosed();
  session_ =
      std::make_unique<GuestMessageSession>(aead_, std::move(handover), host_, clock_, options_);
  EXPECT_THAT(Attest(2), IsOk());
  session_->Close();
  ExpectClosed();
}

TEST_F(GuestMessageSessionTest, SequenceNumbersRunOut) {
  options_.last_sequence_number = 3;
  Open(0);
  ASSERT_THAT(Attest(1), IsOk());
  EXPECT_THAT(Attest(2), IsStatus(Code::kExhausted, Source::kSnp));
  EXPECT_FALSE(session_->closed());
}

// The spy itself can tell.
TEST(SpyAeadTest, SeesAReusedNonce) {
  SpyAead aead;
  Bytes<32> key{};
  Bytes<12> nonce{};
  Bytes<16> tag{};
  Bytes<4> a{1}, b{2}, out{};
  ASSERT_THAT(aead.SetKey(key), IsOk());
  ASSERT_THAT(aead.Seal(nonce, {}, a, out, tag), IsOk());
  ASSERT_THAT(aead.Seal(nonce, {}, a, out, tag), IsOk());
  EXPECT_EQ(aead.reuses, 0u);
  ASSERT_THAT(aead.Seal(nonce, {}, b, out, tag), IsOk());
  EXPECT_EQ(aead.reuses, 1u);
}

}  // namespace
}  // namespace svsm::snp
