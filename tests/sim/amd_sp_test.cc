#include "svsm/sim/amd_sp.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "svsm/crypto/openssl.h"
#include "svsm/snp/report.h"
#include "tests/sim/session.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

Status Firmware(Code code, FirmwareError error) {
  return Status(code, Source::kSim, static_cast<std::uint32_t>(error));
}

// Verifies a report with OpenSSL alone, against the key of a certificate.
bool OpensslVerifies(ByteView report, ByteView vcek_der) {
  const std::uint8_t* at = vcek_der.data();
  X509* const certificate = d2i_X509(nullptr, &at, static_cast<long>(vcek_der.size()));
  ECDSA_SIG* const signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_lebin2bn(report.data() + 0x2A0, 72, nullptr),
                 BN_lebin2bn(report.data() + 0x2E8, 72, nullptr));
  std::uint8_t* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  EVP_MD_CTX* const ctx = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(ctx, nullptr, EVP_sha384(), nullptr, X509_get0_pubkey(certificate));
  const int result =
      EVP_DigestVerify(ctx, der, static_cast<std::size_t>(size), report.data(), 0x2A0);
  EVP_MD_CTX_free(ctx);
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  X509_free(certificate);
  return result == 1;
}

TEST(AmdSpReport, VerifiesWithTheChipsCertificate) {
  LaunchedGuest guest;
  Session session(guest, 0);
  SVSM_ASSERT_OK_AND_ASSIGN(auto report, session.Report(0));
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteVector vcek,
      guest.sp.chip().IssueVcek(TestAuthority(), guest.sp.platform().reported_tcb, kTestTime));
  EXPECT_TRUE(OpensslVerifies(report, vcek));
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteVector other,
      MakeChip(kMilan, 5).IssueVcek(TestAuthority(), guest.sp.platform().reported_tcb, kTestTime));
  EXPECT_FALSE(OpensslVerifies(report, other));
  report[0x90] ^= 1;
  EXPECT_FALSE(OpensslVerifies(report, vcek));
}

TEST(AmdSpReport, SaysWhatIsSo) {
  PlatformState state;
  state.current_tcb = {4, 0, 0, 0, 0, 0, 24, 0xDB};
  state.current_version = {1, 58, 1};
  LaunchedGuest guest(state);
  LaunchFinishParameters finish;
  Fill(finish.host_data, 0x4D);
  guest.handle = guest.Launch(finish);
  Session session(guest, 1);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto bytes, session.Report(2));
  SVSM_ASSERT_OK_AND_ASSIGN(const snp::UnverifiedReport report, snp::DecodeReport(bytes));
  EXPECT_EQ(report.version(), 3u);
  EXPECT_EQ(report.policy(), 0x30000u);
  EXPECT_EQ(report.vmpl(), Vmpl(2));
  EXPECT_EQ(report.report_data()[0], 0xD0);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto measurement, guest.sp.Measurement(guest.handle));
  EXPECT_THAT(report.measurement(), SameBytes(measurement));
  EXPECT_THAT(report.host_data(), SameBytes(finish.host_data));
  EXPECT_THAT(report.chip_id(), SameBytes(guest.sp.chip().chip_id()));
  EXPECT_EQ(report.current_tcb(), state.current_tcb);
  EXPECT_EQ(report.launch_tcb(), state.current_tcb);
  EXPECT_EQ(report.committed_tcb(), PlatformState().committed_tcb);
  EXPECT_EQ(report.reported_tcb(), PlatformState().reported_tcb);
  EXPECT_EQ(report.current_version(), state.current_version);
  EXPECT_EQ(report.committed_version(), PlatformState().committed_version);
  EXPECT_FALSE(IsZero(report.report_id()));
  EXPECT_EQ(report.report_id_ma()[31], 0xFF);
  EXPECT_TRUE(report.is_signed());
  EXPECT_EQ(report.signing_key(), snp::SigningKey::kVcek);
  SVSM_ASSERT_OK_AND_ASSIGN(const snp::Product product, report.product());
  EXPECT_EQ(product, snp::Product::kMilan);
}

TEST(AmdSpReport, EachVersionDecodes) {
  for (std::uint32_t version = 2; version <= 5; ++version) {
    PlatformState state;
    state.report_version = version;
    state.mit_vector = 3;
    LaunchedGuest guest(state);
    Session session(guest, 0);
    SVSM_ASSERT_OK_AND_ASSIGN(const auto bytes, session.Report(0));
    SVSM_ASSERT_OK_AND_ASSIGN(const snp::UnverifiedReport report, snp::DecodeReport(bytes));
    EXPECT_EQ(report.version(), version);
    EXPECT_EQ(report.cpuid_family(), version >= 3 ? 0x19 : 0);
    EXPECT_EQ(report.current_mit_vector(), version >= 5 ? 3u : 0u);
    EXPECT_EQ(report.launch_mit_vector(), version >= 5 ? 3u : 0u);
  }
}

TEST(AmdSpReport, MaskingHidesChipAndKey) {
  PlatformState state;
  state.mask_chip_id = Masking::kOn;
  state.mask_chip_key = Masking::kOn;
  LaunchedGuest guest(state);
  Session session(guest, 0);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto bytes, session.Report(0));
  SVSM_ASSERT_OK_AND_ASSIGN(const snp::UnverifiedReport report, snp::DecodeReport(bytes));
  EXPECT_TRUE(IsZero(report.chip_id()));
  EXPECT_FALSE(report.is_signed());
  EXPECT_TRUE(report.mask_chip_key());
}

TEST(AmdSpReport, VmplComesFromTheKey) {
  LaunchedGuest guest;
  for (std::uint8_t vmpck = 0; vmpck < 4; ++vmpck) {
    Session session(guest, vmpck);
    for (std::uint32_t vmpl = 0; vmpl < 4; ++vmpl) {
      const auto report = session.Report(vmpl);
      if (vmpl < vmpck) {
        EXPECT_THAT(report, IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
      } else {
        ASSERT_THAT(report, IsOk());
        EXPECT_EQ((*report)[0x30], vmpl);
      }
    }
    EXPECT_EQ(session.session.messages_used(), 8u);  // a refusal uses numbers, too
  }
}

TEST(AmdSpReport, WithoutAVlekOnlyTheVcekSigns) {
  LaunchedGuest guest;
  Session session(guest, 0);
  EXPECT_THAT(session.Report(0, snp::ReportKey::kVcek), IsOk());
  EXPECT_THAT(session.Report(0, snp::ReportKey::kVlek),
              IsStatus(Code::kInvalidArgument, Source::kSnp, 0x27));
}

snp::SigningKey SignerOf(const Result<Bytes<snp::kReportSize>>& report) {
  EXPECT_THAT(report, IsOk());
  return snp::DecodeReport(*report)->signing_key();
}

TEST(AmdSpReport, KeySelectChoosesBetweenVlekAndVcek) {
  LaunchedGuest guest;
  Session session(guest, 0);
  EXPECT_EQ(SignerOf(session.Report(0, snp::ReportKey::kVlekIfLoaded)), snp::SigningKey::kVcek);
  const Provider provider = MakeProvider(kMilan, 1);
  ASSERT_THAT(guest.sp.LoadVlek(provider), IsOk());
  EXPECT_EQ(SignerOf(session.Report(0, snp::ReportKey::kVlekIfLoaded)), snp::SigningKey::kVlek);
  EXPECT_EQ(SignerOf(session.Report(0, snp::ReportKey::kVlek)), snp::SigningKey::kVlek);
  EXPECT_EQ(SignerOf(session.Report(0, snp::ReportKey::kVcek)), snp::SigningKey::kVcek);
  EXPECT_EQ(SignerOf(guest.sp.HostReport(guest.handle)), snp::SigningKey::kVlek);
}

TEST(AmdSpReport, ANewReportedTcbUnloadsTheVlek) {
  LaunchedGuest guest;
  Session session(guest, 0);
  const Provider provider = MakeProvider(kMilan, 1);
  ASSERT_THAT(guest.sp.LoadVlek(provider), IsOk());
  PlatformState state = guest.sp.platform();
  state.mit_vector = 1;
  ASSERT_THAT(guest.sp.SetPlatform(state), IsOk());
  EXPECT_THAT(session.Report(0, snp::ReportKey::kVlek), IsOk());
  state.reported_tcb[7] = 1;
  ASSERT_THAT(guest.sp.SetPlatform(state), IsOk());
  EXPECT_THAT(session.Report(0, snp::ReportKey::kVlek),
              IsStatus(Code::kInvalidArgument, Source::kSnp, 0x27));
}

TEST(AmdSpReport, AnotherLinesProviderIsRefused) {
  LaunchedGuest guest;
  const Provider provider = MakeProvider(kGenoa, 1);
  EXPECT_EQ(guest.sp.LoadVlek(provider),
            Firmware(Code::kInvalidArgument, FirmwareError::kInvalidParam));
}

TEST(AmdSpReport, EachLaunchHasItsOwnReportId) {
  LaunchedGuest guest;
  Session first(guest, 0);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto one, first.Report(0));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto again, first.Report(0));
  guest.handle = guest.Launch({});
  Session second(guest, 0);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto two, second.Report(0));
  const auto id = [](const auto& report) { return ToHex(ByteView(report).subspan(0x140, 32)); };
  EXPECT_EQ(id(one), id(again));
  EXPECT_NE(id(one), id(two));
}

TEST(AmdSpReport, TheHostsOwnHasNoVmpl) {
  LaunchedGuest guest;
  SVSM_ASSERT_OK_AND_ASSIGN(const auto bytes, guest.sp.HostReport(guest.handle));
  SVSM_ASSERT_OK_AND_ASSIGN(const snp::UnverifiedReport report, snp::DecodeReport(bytes));
  EXPECT_TRUE(report.made_by_host());
  EXPECT_TRUE(IsZero(report.report_data()));
}

TEST(AmdSpKey, IsTheSameAgainAndAnotherForAnythingElse) {
  LaunchedGuest guest;
  Session session(guest, 0);
  snp::DerivedKeySelection selection;
  selection.fields = snp::derived_key_field::kMeasurement | snp::derived_key_field::kTcbVersion;
  selection.tcb = PlatformState().committed_tcb;
  SVSM_ASSERT_OK_AND_ASSIGN(const auto key, session.Key(selection));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto again, session.Key(selection));
  EXPECT_EQ(key, again);
  EXPECT_FALSE(IsZero(key));

  // A reboot of the same guest on the same chip, with other VMPCKs.
  guest.handle = guest.Launch({});
  Session rebooted(guest, 0);
  SVSM_ASSERT_OK_AND_ASSIGN(const auto after_reboot, rebooted.Key(selection));
  EXPECT_EQ(key, after_reboot);

  snp::DerivedKeySelection other = selection;
  other.vmpl = Vmpl(1);
  EXPECT_NE(key, *rebooted.Key(other));
  other = selection;
  other.fields |= snp::derived_key_field::kPolicy;
  EXPECT_NE(key, *rebooted.Key(other));
  other = selection;
  other.tcb[0] = 1;
  EXPECT_NE(key, *rebooted.Key(other));
}

TEST(AmdSpKey, DependsOnTheMeasurementOnlyIfSelected) {
  LaunchedGuest guest;
  Session session(guest, 0);
  SVSM_ASSERT_OK_AND_ASSIGN(const GuestHandle handle, guest.sp.LaunchStart({}));
  Bytes<kPageSize> page{};
  ASSERT_THAT(guest.sp.LaunchUpdate(handle, snp::PageType::kSecrets, Gpa(0), page, {}), IsOk());
  ASSERT_THAT(guest.sp.LaunchFinish(handle, {}), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const auto bare, session.Key({}));
  snp::DerivedKeySelection measured;
  measured.fields = snp::derived_key_field::kMeasurement;
  SVSM_ASSERT_OK_AND_ASSIGN(const auto bound, session.Key(measured));
  guest.handle = handle;
  guest.secrets = page;
  Session other(guest, 0);
  EXPECT_EQ(bare, *other.Key({}));
  EXPECT_NE(bound, *other.Key(measured));
}

TEST(AmdSpKey, RefusesWhatIsAboveTheCaller) {
  LaunchedGuest guest;
  Session session(guest, 1);
  snp::DerivedKeySelection selection;
  selection.vmpl = Vmpl(0);
  EXPECT_THAT(session.Key(selection), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  selection.vmpl = Vmpl(1);
  EXPECT_THAT(session.Key(selection), IsOk());
  selection.guest_svn = 1;  // above the launch's 0
  EXPECT_THAT(session.Key(selection), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  selection.guest_svn = 0;
  selection.tcb[7] = 116;  // above the committed one
  EXPECT_THAT(session.Key(selection), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  selection.tcb = {};
  selection.root = snp::RootKey::kVmrk;
  EXPECT_THAT(session.Key(selection), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x27));
}

TEST(AmdSpKey, MessageVersionTwoBindsTheMitigationVector) {
  PlatformState state;
  state.mit_vector = 1;
  LaunchedGuest guest(state);
  Session session(guest, 0);
  snp::DerivedKeySelection selection;
  selection.fields = snp::derived_key_field::kLaunchMitVector;
  SVSM_ASSERT_OK_AND_ASSIGN(const auto without, session.Key(selection));
  selection.launch_mit_vector = 1;
  EXPECT_NE(without, *session.Key(selection));
  selection.launch_mit_vector = 2;
  EXPECT_THAT(session.Key(selection), IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
}

// --- Guest messages ----------------------------------------------------------------------------

class Message : public ::testing::Test {
 protected:
  Bytes<4096> Seal(snp::GuestMessageInfo info, ByteView payload) {
    crypto::OpensslAesGcm aead;
    EXPECT_THAT(aead.SetKey(guest_.Vmpck(info.vmpck.value()).view()), IsOk());
    Bytes<4096> page{};
    EXPECT_THAT(snp::SealGuestMessage(aead, info, payload, page), IsOk());
    return page;
  }
  Status Send(const Bytes<4096>& request) {
    return guest_.sp.GuestRequest(guest_.handle, request, response_);
  }
  static snp::GuestMessageInfo ReportInfo(std::uint64_t number) {
    return {snp::MessageType::kReportRequest, 1, snp::VmpckId(0), number, 0};
  }
  LaunchedGuest guest_;
  const Bytes<sizeof(snp::ReportRequest)> payload_{};
  Bytes<4096> response_{};
};

TEST_F(Message, NumbersMustFollowEachOther) {
  const Status refused = Firmware(Code::kInvalidArgument, FirmwareError::kInvalidParam);
  EXPECT_EQ(Send(Seal(ReportInfo(2), payload_)), refused);
  EXPECT_EQ(Send(Seal(ReportInfo(0), payload_)), refused);
  EXPECT_THAT(Send(Seal(ReportInfo(1), payload_)), IsOk());
  EXPECT_EQ(Send(Seal(ReportInfo(1), payload_)), refused);  // replayed
  EXPECT_TRUE(IsZero(response_));
  EXPECT_EQ(Send(Seal(ReportInfo(2), payload_)), refused);  // the response's
  EXPECT_THAT(Send(Seal(ReportInfo(3), payload_)), IsOk());
}

TEST_F(Message, EachKeyCountsForItself) {
  EXPECT_THAT(Send(Seal(ReportInfo(1), payload_)), IsOk());
  snp::GuestMessageInfo info = ReportInfo(1);
  info.vmpck = snp::VmpckId(3);
  Bytes<sizeof(snp::ReportRequest)> payload = payload_;
  payload[0x40] = 3;
  EXPECT_THAT(Send(Seal(info, payload)), IsOk());
}

TEST_F(Message, AWrongTagDoesNotMoveTheCounter) {
  Bytes<4096> request = Seal(ReportInfo(1), payload_);
  request[0x60] ^= 1;
  EXPECT_EQ(Send(request), Firmware(Code::kAuthFailed, FirmwareError::kBadMeasurement));
  EXPECT_TRUE(IsZero(response_));
  request[0x60] ^= 1;
  EXPECT_THAT(Send(request), IsOk());
}

TEST_F(Message, AKeyCannotSpeakForAnother) {
  Bytes<4096> request = Seal(ReportInfo(1), payload_);
  request[0x3C] = 1;
  EXPECT_EQ(Send(request), Firmware(Code::kAuthFailed, FirmwareError::kBadMeasurement));
}

TEST_F(Message, RefusesWhatIsNoRequest) {
  const Status refused = Firmware(Code::kInvalidArgument, FirmwareError::kInvalidParam);
  EXPECT_EQ(Send(Bytes<4096>{}), refused);
  snp::GuestMessageInfo info = ReportInfo(1);
  info.type = snp::MessageType::kReportResponse;
  EXPECT_EQ(Send(Seal(info, payload_)), refused);
  info = ReportInfo(1);
  info.version = 2;
  EXPECT_EQ(Send(Seal(info, payload_)), refused);
  EXPECT_EQ(Send(Seal(ReportInfo(1), ByteView(payload_).first(95))), refused);
  info = ReportInfo(1);
  info.type = snp::MessageType::kKeyRequest;
  EXPECT_EQ(Send(Seal(info, payload_)), refused);
  Bytes<4096> request = Seal(ReportInfo(1), payload_);
  request[0x3C] = 4;
  EXPECT_EQ(Send(request), refused);
}

// What a client that checks nothing itself is told, inside an authentic answer.
TEST_F(Message, BadFieldsOfAReportRequestAreRefusedInsideTheAnswer) {
  std::uint64_t number = 1;
  for (const std::size_t offset : Bytes<5>{0x40, 0x43, 0x44, 0x48, 0x5F}) {
    SCOPED_TRACE(offset);
    Bytes<sizeof(snp::ReportRequest)> payload = payload_;
    payload[offset] = 4;
    ASSERT_THAT(Send(Seal(ReportInfo(number), payload)), IsOk());
    crypto::OpensslAesGcm aead;
    ASSERT_THAT(aead.SetKey(guest_.Vmpck(0).view()), IsOk());
    Bytes<4000> answer{};
    SVSM_ASSERT_OK_AND_ASSIGN(const snp::GuestMessageInfo info,
                              snp::OpenGuestMessage(aead, response_, answer));
    EXPECT_EQ(info.sequence_number, number + 1);
    EXPECT_EQ(info.type, snp::MessageType::kReportResponse);
    EXPECT_EQ(answer[0], 0x16);
    EXPECT_TRUE(IsZero(ByteView(answer).subspan(1)));
    number += 2;
  }
}

TEST_F(Message, BadFieldsOfAKeyRequestAreRefusedInsideTheAnswer) {
  std::uint64_t number = 1;
  for (const std::uint8_t version : Bytes<2>{1, 3}) {
    snp::GuestMessageInfo info = ReportInfo(number);
    info.type = snp::MessageType::kKeyRequest;
    info.version = version;
    Bytes<sizeof(snp::KeyRequest)> payload{};
    if (version == 1) payload[4] = 1;  // reserved
    ASSERT_THAT(Send(Seal(info, payload)), IsOk());
    crypto::OpensslAesGcm aead;
    ASSERT_THAT(aead.SetKey(guest_.Vmpck(0).view()), IsOk());
    Bytes<4000> answer{};
    SVSM_ASSERT_OK_AND_ASSIGN(info, snp::OpenGuestMessage(aead, response_, answer));
    EXPECT_EQ(info.type, snp::MessageType::kKeyResponse);
    EXPECT_EQ(answer[0], 0x16);
    EXPECT_TRUE(IsZero(ByteView(answer).subspan(1)));
    number += 2;
  }
}

// --- Launch ------------------------------------------------------------------------------------

class Launch : public ::testing::Test {
 protected:
  Launch() : rng_(1), sp_(MakeChip(kMilan, 1), PlatformState(), rng_) {}
  SeededRng rng_;
  AmdSp sp_;
  Bytes<kPageSize> page_{};
};

// Known answers of gce-tcb-verifier: three pages at 0 of which the first begins and the last ends
// with four times "LGTM", and three ZERO pages at 9000h.
TEST_F(Launch, DigestHasKnownAnswers) {
  static constexpr auto kText = Ascii("LGTMLGTMLGTMLGTM");
  SVSM_ASSERT_OK_AND_ASSIGN(const GuestHandle guest, sp_.LaunchStart({}));
  Bytes<kPageSize> pages[3] = {};
  Copy(pages[0], kText);
  Copy(ByteSpan(pages[2]).last(kText.size()), kText);
  for (std::uint64_t i = 0; i < 3; ++i) {
    ASSERT_THAT(sp_.LaunchUpdate(guest, snp::PageType::kNormal, Gpa(i * kPageSize), pages[i], {}),
                IsOk());
  }
  EXPECT_THAT(*sp_.Measurement(guest),
              testing::BytesAre("cba1cd767c33b30f96271837dbbae4081a945464a5af397b9b0336b5d8759ee8"
                                "8cc6b62c05d915c4424a9ac5747437d4"));
  SVSM_ASSERT_OK_AND_ASSIGN(const GuestHandle zero, sp_.LaunchStart({}));
  Fill(page_, 0xEE);
  for (std::uint64_t gpa = 0x9000; gpa < 0xC000; gpa += kPageSize) {
    ASSERT_THAT(sp_.LaunchUpdate(zero, snp::PageType::kZero, Gpa(gpa), page_, {}), IsOk());
  }
  EXPECT_THAT(*sp_.Measurement(zero),
              testing::BytesAre("4bfe18477ba370a50329da74b9621e721c4f29663176e08fbcf088a17c1bc45f"
                                "133898b86d5082acbe202a6e9419808a"));
  EXPECT_TRUE(IsZero(page_));
}

TEST_F(Launch, WritesTheSecretsPage) {
  SVSM_ASSERT_OK_AND_ASSIGN(const GuestHandle guest, sp_.LaunchStart({}));
  Fill(page_, 0xEE);
  ASSERT_THAT(sp_.LaunchUpdate(guest, snp::PageType::kSecrets, Gpa(0), page_, {}), IsOk());
  EXPECT_EQ(page_[0], 3);
  EXPECT_THAT(ByteView(page_).subspan(8, 4), testing::BytesAre("110fa000"));  // 00A00F11h
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_FALSE(IsZero(ByteView(page_).subspan(0x20 + 32 * i, 32)));
  }
  EXPECT_TRUE(IsZero(ByteView(page_).subspan(0xA0)));
}

TEST_F(Launch, KeepsItsOrder) {
  const Status wrong_state = Firmware(Code::kFailedPrecondition, FirmwareError::kInvalidGuestState);
  const Status no_guest = Firmware(Code::kNotFound, FirmwareError::kInvalidGuest);
  SVSM_ASSERT_OK_AND_ASSIGN(const GuestHandle guest, sp_.LaunchStart({}));
  Bytes<4096> response{};
  EXPECT_EQ(sp_.GuestRequest(guest, page_, response), wrong_state);
  EXPECT_EQ(sp_.HostReport(guest).status(), wrong_state);
  ASSERT_THAT(sp_.LaunchFinish(guest, {}), IsOk());
  EXPECT_EQ(sp_.LaunchFinish(guest, {}), wrong_state);
  EXPECT_EQ(sp_.LaunchUpdate(guest, snp::PageType::kZero, Gpa(0), page_, {}), wrong_state);
  ASSERT_THAT(sp_.Decommission(guest), IsOk());
  EXPECT_EQ(sp_.Decommission(guest), no_guest);
  EXPECT_EQ(sp_.GuestRequest(guest, page_, response), no_guest);
  EXPECT_EQ(sp_.LaunchUpdate(guest, snp::PageType::kZero, Gpa(0), page_, {}), no_guest);
  EXPECT_EQ(sp_.LaunchFinish(guest, {}), no_guest);
  EXPECT_EQ(sp_.HostReport(guest).status(), no_guest);
  EXPECT_EQ(sp_.Measurement(guest).status(), no_guest);
}

TEST_F(Launch, ChecksItsParameters) {
  const Status invalid = Firmware(Code::kInvalidArgument, FirmwareError::kInvalidParam);
  const Status policy = Firmware(Code::kPermissionDenied, FirmwareError::kPolicyFailure);
  EXPECT_EQ(sp_.LaunchStart({.policy = 0x10000}).status(), invalid);
  EXPECT_EQ(sp_.LaunchStart({.policy = 0x30000 | 1ull << 26}).status(), invalid);
  EXPECT_EQ(sp_.LaunchStart({.policy = 0x20000}).status(), policy);  // SMT is on
  EXPECT_EQ(sp_.LaunchStart({.policy = 0x30200}).status(), policy);  // ABI 2.0
  EXPECT_EQ(sp_.LaunchStart({.policy = 0x30138}).status(), policy);  // ABI 1.56
  EXPECT_THAT(sp_.LaunchStart({.policy = 0x30137}), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const GuestHandle guest, sp_.LaunchStart({}));
  EXPECT_EQ(sp_.LaunchUpdate(guest, snp::PageType::kZero, Gpa(8), page_, {}),
            Firmware(Code::kInvalidArgument, FirmwareError::kInvalidAddress));
  EXPECT_EQ(sp_.LaunchUpdate(guest, static_cast<snp::PageType>(7), Gpa(0), page_, {}), invalid);
}

TEST_F(Launch, ThePlatformMustBePlausible) {
  const Status invalid = Firmware(Code::kInvalidArgument, FirmwareError::kInvalidParam);
  PlatformState state;
  state.committed_tcb[6] = 9;
  EXPECT_EQ(sp_.SetPlatform(state), invalid);
  state = {};
  state.reported_tcb[0] = 4;
  EXPECT_EQ(sp_.SetPlatform(state), invalid);
  state = {};
  state.current_tcb[3] = 1;  // reserved in Milan's layout
  EXPECT_EQ(sp_.SetPlatform(state), invalid);
  state = {};
  state.report_version = 6;
  EXPECT_EQ(sp_.SetPlatform(state), invalid);
  state.report_version = 1;
  EXPECT_EQ(sp_.SetPlatform(state), invalid);
  state.report_version = 5;
  EXPECT_THAT(sp_.SetPlatform(state), IsOk());
  EXPECT_EQ(sp_.platform().report_version, 5u);
}

TEST_F(Launch, OneSeedOneRun) {
  const auto run = [] {
    LaunchedGuest guest(PlatformState(), 42);
    Session session(guest, 0);
    return *session.Report(0);
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace svsm::sim
