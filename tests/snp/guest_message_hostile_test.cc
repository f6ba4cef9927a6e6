// Every sequence of four moves of a host, and honesty after them, against a session.
// Covers: svsm/snp/guest_message_session.h

#include <array>
#include <cstdio>
#include <memory>
#include <optional>

#include "svsm/snp/guest_message_session.h"
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
using snp::testing::kAllHostMoves;
using snp::testing::SpyAead;
using svsm::testing::IsOk;
using svsm::testing::ManualClock;

constexpr std::size_t kNumMoves = std::size(kAllHostMoves);
constexpr std::size_t kLength = 4;

class HostileHostTest : public ::testing::Test {
 protected:
  struct Tally {
    std::size_t sequences = 0;
    std::size_t answers = 0;
    std::size_t closed = 0;
  };

  Bytes<64> Data(std::uint8_t fill) {
    Bytes<64> data;
    data.fill(fill);
    return data;
  }

  // One call of a guest: a report with and without certificates, a key of version 1 and 2, the
  // time stamp counter, CPUID. An answer must be to what was asked.
  Status Call(std::size_t number) {
    const auto fill = static_cast<std::uint8_t>(number / 2 + 1);
    switch (number % 6) {
      case 0:
      case 1: {
        Bytes<kReportSize> report{};
        certificates_.assign(number % 6 == 0 ? 0x2000 : 0, 0xEE);
        const Status status = session_->Attest(Data(fill), report, certificates_).status();
        if (status.ok()) {
          EXPECT_EQ(DecodeReport(report)->report_data(), Data(fill));
        } else {
          EXPECT_TRUE(IsZero(report) && IsZero(certificates_));
        }
        return status;
      }
      case 2:
      case 3: {
        DerivedKeySelection selection;
        selection.guest_svn = fill;
        if (number % 6 == 3) selection.fields = derived_key_field::kLaunchMitVector;
        Secret<32> key;
        const Status status = session_->DeriveKey(selection, key);
        EXPECT_EQ(status.ok(), !IsZero(key.view()));
        return status;
      }
      case 4: {
        const Result<TscInfo> info = session_->RequestTscInfo();
        if (info.ok()) {
          EXPECT_EQ(info->factor, 500u);
        }
        return info.status();
      }
      default: {
        CpuidFunction functions[] = {{.leaf = 1, .ebx = fill}};
        const Status status = session_->CheckCpuid(functions).status();
        EXPECT_EQ(functions[0].eax, status.ok() ? 0x00A00F11u : 0u);
        EXPECT_EQ(functions[0].ebx, fill);
        return status;
      }
    }
  }

  // Each call is tried twice, so that a busy one can be finished; then there is another. The first
  // call differs from sequence to sequence.
  void Run(const std::array<HostMove, kLength>& moves) {
    sp_.Restart();
    aead_.Forget();
    host_.requests.clear();
    host_.certificate_bytes_offered.clear();
    host_.moves = {moves.begin(), moves.end()};
    session_.emplace(aead_, HandoverOf(sp_, 0, 0), host_, clock_, SessionOptions{});
    for (std::size_t call = 0; call < 5; ++call) {
      const bool was_closed = session_->closed();
      Status status = Call(tally_.sequences + call);
      if (status.code() == Code::kBusy) status = Call(tally_.sequences + call);
      if (status.ok()) ++tally_.answers;
      ASSERT_FALSE(was_closed && status != Status(Code::kFailedPrecondition, Source::kSnp));
    }
    ++tally_.sequences;
    if (session_->closed()) ++tally_.closed;
  }

  FakeAmdSp sp_;
  FakeHost host_{sp_};
  ManualClock clock_{0, 5000};
  SpyAead aead_;
  std::optional<GuestMessageSession> session_;
  ByteVector certificates_;
  Tally tally_;
};

TEST_F(HostileHostTest, NoSequenceOfFourMovesReusesANonce) {
  std::size_t wanted = 1;
  for (std::size_t i = 0; i < kLength; ++i) wanted *= kNumMoves;
  for (std::size_t number = 0; number < wanted; ++number) {
    std::array<HostMove, kLength> moves{};
    std::size_t rest = number;
    for (HostMove& move : moves) {
      move = kAllHostMoves[rest % kNumMoves];
      rest /= kNumMoves;
    }
    ASSERT_NO_FATAL_FAILURE(Run(moves)) << number;
    ASSERT_EQ(aead_.reuses, 0u) << number;
  }
  std::printf("%zu reuses in %zu sequences (%zu seals, %zu answers, %zu sessions closed)\n",
              aead_.reuses, tally_.sequences, aead_.seals, tally_.answers, tally_.closed);
  EXPECT_EQ(tally_.sequences, 14u * 14u * 14u * 14u);
  // Both ends are reached.
  EXPECT_GT(tally_.answers, 3000u);
  EXPECT_GT(tally_.closed, 30000u);
  EXPECT_LT(tally_.closed, tally_.sequences);
}

}  // namespace
}  // namespace svsm::snp
