#include "svsm/sim/host.h"

#include <optional>
#include <ostream>

#include "svsm/crypto/openssl.h"
#include "svsm/snp/certificate_table.h"
#include "svsm/snp/guest_message_session.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

class HostTest : public ::testing::Test {
 protected:
  HostTest() : host_(guest_.sp, 1), port_(host_, guest_.handle) { Restart(0); }

  // A session with the VMPCK's counter where the AMD-SP has it.
  void Restart(std::uint64_t used) {
    snp::SessionOptions options;
    options.busy_budget_ms = 1000;
    session_.emplace(aead_, snp::VmpckHandover{snp::VmpckId(0), guest_.Vmpck(0), used}, port_,
                     clock_, options);
  }
  Status Report() { return session_->Attest(report_data_, report_, {}).status(); }

  LaunchedGuest guest_;
  Host host_;
  GuestPort port_;
  testing::ManualClock clock_{kTestTime};
  crypto::OpensslAesGcm aead_;
  std::optional<snp::GuestMessageSession> session_;
  const Bytes<64> report_data_{};
  Bytes<snp::kReportSize> report_{};
};

TEST_F(HostTest, BusyIsWaitedOutAndCostsNoNumber) {
  host_.Plan({HostMove::kBusy, HostMove::kBusy, HostMove::kBusy});
  EXPECT_THAT(Report(), IsOk());
  EXPECT_EQ(session_->messages_used(), 2u);
  EXPECT_GE(clock_.MonotonicMs(), 300u);
  EXPECT_THAT(host_.made(),
              ElementsAre(HostMove::kBusy, HostMove::kBusy, HostMove::kBusy, HostMove::kHonest));
}

TEST_F(HostTest, ALaterCallFinishesWhatABusyHostHeldUp) {
  host_.Plan(std::vector<HostMove>(100, HostMove::kBusy));
  EXPECT_THAT(Report(), IsStatus(Code::kBusy, Source::kSnp));
  EXPECT_TRUE(session_->pending());
  host_.Plan({});
  EXPECT_THAT(Report(), IsOk());
  EXPECT_EQ(session_->messages_used(), 2u);
}

struct Misdeed {
  HostMove move;
  Code code;
  std::uint32_t detail;
};
void PrintTo(const Misdeed& misdeed, std::ostream* os) {
  *os << HostMoveName(misdeed.move) << ": " << CodeName(misdeed.code);
}

class Misdeeds : public HostTest, public ::testing::WithParamInterface<Misdeed> {};

// Whatever the host does to a message, the report does not come and the key is gone for good.
TEST_P(Misdeeds, CloseTheSession) {
  ASSERT_THAT(Report(), IsOk());  // so that there is something to replay
  crypto::OpensslAesGcm other_aead;
  snp::GuestMessageSession other(other_aead, {snp::VmpckId(1), guest_.Vmpck(1), 0}, port_, clock_,
                                 {.vmpl = Vmpl(1)});
  Bytes<snp::kReportSize> other_report{};
  ASSERT_THAT(other.Attest(report_data_, other_report, {}), IsOk());  // and to swap
  host_.Plan({GetParam().move});
  const Status status = Report();
  EXPECT_EQ(status.code(), GetParam().code) << ToString(status);
  if (GetParam().detail != UINT32_MAX) {
    EXPECT_EQ(status.detail(), GetParam().detail);
  }
  EXPECT_TRUE(IsZero(report_));
  EXPECT_TRUE(session_->closed());
  EXPECT_THAT(Report(), IsStatus(Code::kFailedPrecondition, Source::kSnp));
}

INSTANTIATE_TEST_SUITE_P(
    Each, Misdeeds,
    ::testing::Values(Misdeed{HostMove::kDropRequest, Code::kMalformed, UINT32_MAX},
                      Misdeed{HostMove::kDropResponse, Code::kMalformed, UINT32_MAX},
                      Misdeed{HostMove::kFail, Code::kIoError, UINT32_MAX},
                      Misdeed{HostMove::kReplayResponse, Code::kMalformed, UINT32_MAX},
                      Misdeed{HostMove::kReplayRequest, Code::kPermissionDenied, 0x16},
                      Misdeed{HostMove::kSwapResponse, Code::kMalformed, UINT32_MAX},
                      Misdeed{HostMove::kCorruptRequest, Code::kPermissionDenied, 0x0B},
                      Misdeed{HostMove::kCorruptTag, Code::kAuthFailed, 0},
                      Misdeed{HostMove::kCorruptPayload, Code::kAuthFailed, 0},
                      Misdeed{HostMove::kTruncate, Code::kAuthFailed, 0},
                      Misdeed{HostMove::kWrongLength, Code::kAuthFailed, 0},
                      Misdeed{HostMove::kFirmwareError, Code::kPermissionDenied, 0x16},
                      Misdeed{HostMove::kUnknownVmmError, Code::kIoError, 0x77}),
    [](const auto& param) { return HostMoveName(param.param.move); });

TEST_F(HostTest, ACorruptHeaderIsRefused) {
  for (int i = 0; i < 20; ++i) {
    Restart(2 * static_cast<std::uint64_t>(i));
    host_.Plan({HostMove::kCorruptHeader});
    const Status status = Report();
    EXPECT_TRUE(status.code() == Code::kMalformed || status.code() == Code::kAuthFailed)
        << ToString(status);
    EXPECT_TRUE(session_->closed());
  }
}

TEST_F(HostTest, GivesCertificatesToAnExtendedRequest) {
  ByteVector table(5000, 0x11);
  host_.SetCertificates(table);
  Bytes<4096> small{};
  EXPECT_THAT(session_->Attest(report_data_, report_, small),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, 8192));
  EXPECT_FALSE(session_->closed());
  Bytes<8192> enough{};
  SVSM_ASSERT_OK_AND_ASSIGN(const AttestationSizes sizes,
                            session_->Attest(report_data_, report_, enough));
  EXPECT_EQ(sizes.certificates_bytes, 8192u);
  EXPECT_THAT(ByteView(enough).first(5000), SameBytes(table));
  EXPECT_TRUE(IsZero(ByteView(enough).subspan(5000)));
}

TEST_F(HostTest, AnAbsurdPageCountIsNotBelieved) {
  host_.SetCertificates(ByteVector(100, 0x11));
  host_.Plan({HostMove::kInvalidLength});
  Bytes<4096> certificates{};
  EXPECT_THAT(session_->Attest(report_data_, report_, certificates),
              IsStatus(Code::kOutOfRange, Source::kSnp, 1'000'000'000));
}

// Whatever a host makes of a table, the report is still good, and the parser is not led astray.
TEST_F(HostTest, MutatedCertificateTablesAreReadWithoutHarm) {
  const ByteVector leaf(1300, 0x30);
  const ByteVector ask(1600, 0x31);
  const snp::Certificate certificates[] = {
      {snp::kVcekGuid, leaf}, {snp::kAskGuid, ask}, {snp::kArkGuid, ask}};
  Bytes<8192> table{};
  ASSERT_THAT(snp::BuildCertificateTable(certificates, table), IsOk());
  host_.SetCertificates(table);
  std::size_t refused = 0;
  for (int i = 0; i < 300; ++i) {
    host_.Plan({HostMove::kMutateTable});
    Bytes<8192> found{};
    ASSERT_THAT(session_->Attest(report_data_, report_, found), IsOk());
    const auto read = snp::CertificateTable::Parse(found);
    if (!read.ok()) ++refused;
  }
  EXPECT_GT(refused, 150u);
  EXPECT_LT(refused, 300u);
}

// From any seed: no report but a genuine one, and no number used for two plaintexts (the AMD-SP
// would refuse it, and a later honest exchange would fail).
TEST_F(HostTest, RandomPlansGiveAReportOrAnError) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    LaunchedGuest guest(PlatformState(), seed);
    Host host(guest.sp, seed);
    GuestPort port(host, guest.handle);
    crypto::OpensslAesGcm aead;
    snp::SessionOptions options;
    options.busy_budget_ms = 200;
    snp::GuestMessageSession session(aead, {snp::VmpckId(0), guest.Vmpck(0), 0}, port, clock_,
                                     options);
    host.PlanAtRandom(8);
    for (int i = 0; i < 6; ++i) {
      Bytes<64> data{};
      data[0] = static_cast<std::uint8_t>(i);
      const bool pending = session.pending();
      const Status status = session.Attest(data, report_, {}).status();
      if (status.ok()) {
        EXPECT_EQ(report_[0x50], i);
        EXPECT_EQ(report_[0], 3);
      } else {
        EXPECT_TRUE(IsZero(report_));
        if (status.code() == Code::kBusy) {
          EXPECT_TRUE(session.pending() || pending);
        }
      }
    }
  }
}

TEST_F(HostTest, OneSeedOneSequenceOfMoves) {
  const auto moves = [this](std::uint64_t seed) {
    Host host(guest_.sp, seed);
    host.PlanAtRandom(16);
    Bytes<4096> request{};
    Bytes<4096> response{};
    for (int i = 0; i < 16; ++i) (void)host.Exchange(guest_.handle, request, response, {});
    return host.made();
  };
  EXPECT_EQ(moves(3), moves(3));
  EXPECT_NE(moves(3), moves(4));
}

TEST_F(HostTest, RemembersWhetherItRunsTheSvsm) {
  EXPECT_EQ(host_.scheduling(), SvsmScheduling::kRuns);
  host_.SetScheduling(SvsmScheduling::kNeverRuns);
  EXPECT_EQ(host_.scheduling(), SvsmScheduling::kNeverRuns);
}

TEST(HostMoveName, NamesEachMove) {
  EXPECT_STREQ(HostMoveName(HostMove::kSwapResponse), "SwapResponse");
  EXPECT_STREQ(HostMoveName(static_cast<HostMove>(99)), "?");
}

}  // namespace
}  // namespace svsm::sim
