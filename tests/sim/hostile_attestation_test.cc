// An SVSM's attestation service on a host that misbehaves: the guest gets a report that is right,
// or an error, and the SVSM goes on.
// Covers: svsm/sim/host.h

#include <cstdio>
#include <memory>
#include <optional>

#include "svsm/core/log.h"
#include "svsm/crypto/openssl.h"
#include "svsm/protocol/attestation.h"
#include "svsm/sim/machine.h"
#include "svsm/snp/guest_message_session.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using ::testing::IsEmpty;
using testing::IsOk;

// A booted VM whose SVSM attests for VMPL 0.
class AttestingVm {
 public:
  AttestingVm(AmdSp& sp, Host& host)
      : machine(*Machine::Launch(sp, host, SvsmImage(AsBytes("svsm")), {})),
        session_(aead_, machine->TakeVmpck(snp::VmpckId(0)).value(), machine->port(), clock_, {}),
        service_({.attester = session_,
                  .sha512 = sha512_,
                  .providers = {},
                  .workspace = workspace_,
                  .log = log_,
                  .workspace_lock = lock_}) {
    EXPECT_THAT(machine->dispatcher().Register(service_), IsOk());
    EXPECT_THAT(machine->StartGuest(), IsOk());
    client.emplace(machine->boot_vcpu(), machine->boot_calling_area(), protocol::ClientOptions());
    nonce_ = machine->pages().Allocate(64).value();
    nonce_.bytes = nonce_.bytes.first(64);
    Fill(nonce_.bytes, 0x4E);
  }

  // The guest asks; an answer must be the right one.
  Status Attest() {
    const auto buffers = client->AttestServices(nonce_, machine->pages());
    if (!buffers.ok()) return buffers.status();
    const ByteView report = buffers->report.bytes.first(buffers->report_bytes);
    EXPECT_EQ(report.size(), snp::kReportSize);
    EXPECT_EQ(report[0x30], 0);  // VMPL
    Bytes<64> wanted{};
    const ByteView parts[] = {nonce_.bytes, buffers->manifest.bytes.first(buffers->manifest_bytes)};
    EXPECT_THAT(sha512_.Digest(parts, wanted), IsOk());
    EXPECT_THAT(report.subspan(0x50, 64), testing::SameBytes(wanted));
    for (const auto& buffer : {buffers->report, buffers->manifest, buffers->certificates}) {
      machine->pages().Free(buffer);
    }
    return OkStatus();
  }
  bool closed() const { return session_.closed(); }

  const std::unique_ptr<Machine> machine;
  std::optional<protocol::Client> client;

 private:
  testing::ManualClock clock_{kTestTime};
  crypto::OpensslAesGcm aead_;
  const crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  NullLog log_;
  MutexLock lock_;
  ByteVector workspace_ =
      ByteVector(protocol::AttestationService::WorkspaceSize(0x1000, snp::kReportSize));
  snp::GuestMessageSession session_;
  protocol::AttestationService service_;
  protocol::GuestBuffer nonce_;
};

class HostileAttestation : public ::testing::Test {
 protected:
  HostileAttestation() : rng_(1), sp_(MakeChip(kMilan, 1), PlatformState(), rng_) {}

  // The SVSM answers other calls, kept to its order of pages, and the guest's own key still works.
  static void ExpectWell(AttestingVm& vm, Host& host) {
    host.Plan({});
    EXPECT_THAT(vm.client->QueryProtocol(0, 1), IsOk());
    EXPECT_THAT(vm.machine->ram().violations(), IsEmpty());
    const Status after = vm.Attest();
    EXPECT_EQ(after.ok(), !vm.closed()) << ToString(after);
  }

  SeededRng rng_;
  AmdSp sp_;
};

TEST_F(HostileAttestation, NoMoveStopsTheSvsm) {
  const ByteVector table(5000, 0x11);
  for (std::size_t number = 0; number < kNumHostMoves; ++number) {
    const auto move = static_cast<HostMove>(number);
    SCOPED_TRACE(HostMoveName(move));
    Host host(sp_, 1);
    host.SetCertificates(table);
    AttestingVm vm(sp_, host);
    ASSERT_THAT(vm.Attest(), IsOk());
    host.Plan({move});
    const Status status = vm.Attest();
    const bool harmless =
        move == HostMove::kHonest || move == HostMove::kBusy || move == HostMove::kMutateTable;
    EXPECT_EQ(status.ok(), harmless) << ToString(status);
    // A host that claims to need a billion pages is not believed, and the key is kept.
    EXPECT_EQ(vm.closed(), !harmless && move != HostMove::kInvalidLength);
    ExpectWell(vm, host);
  }
}

TEST_F(HostileAttestation, NorDoPlansDrawnFromASeed) {
  std::size_t answers = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(::testing::Message() << "seed " << seed);
    Host host(sp_, seed);
    AttestingVm vm(sp_, host);
    host.PlanAtRandom(6);
    for (int call = 0; call < 4; ++call) answers += vm.Attest().ok() ? 1 : 0;
    ExpectWell(vm, host);
  }
  std::printf("seeds 1 to 60: %zu reports, each the right one\n", answers);
  EXPECT_GE(answers, 10u);
}

TEST_F(HostileAttestation, NorDoesAHostThatRunsItNever) {
  Host host(sp_, 1);
  AttestingVm vm(sp_, host);
  host.SetScheduling(SvsmScheduling::kNeverRuns);
  EXPECT_EQ(vm.Attest().code(), Code::kUnavailable);
  host.SetScheduling(SvsmScheduling::kRuns);
  EXPECT_THAT(vm.Attest(), IsOk());
}

}  // namespace
}  // namespace svsm::sim
