#include "svsm/sim/machine.h"

#include <algorithm>
#include <thread>

#include "svsm/crypto/openssl.h"
#include "svsm/snp/guest_message_session.h"
#include "svsm/snp/report.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

// Answers call 0 with RDX = RCX + 1.
class Adder final : public protocol::Service {
 public:
  std::uint32_t protocol() const override { return 0x80000001; }
  protocol::VersionRange versions() const override { return {1, 1}; }
  Result<protocol::CallReply> Call(protocol::CallContext& context,
                                   const protocol::CallRegisters& in) override {
    protocol::CallReply reply(in);
    reply.registers.rdx = in.rcx + 1;
    reply.registers.r8 = context.vmpl.value();
    return reply;
  }
};

class MachineTest : public ::testing::Test {
 protected:
  MachineTest()
      : rng_(1), sp_(MakeChip(kMilan, 1), PlatformState(), rng_), host_(sp_, 1), program_(10000) {
    for (std::size_t i = 0; i < program_.size(); ++i) {
      program_[i] = static_cast<std::uint8_t>(i);
    }
  }
  std::unique_ptr<Machine> Launch(const LaunchImage& image, const MachineOptions& options = {}) {
    Result<std::unique_ptr<Machine>> machine = Machine::Launch(sp_, host_, image, options);
    EXPECT_THAT(machine, IsOk());
    return *std::move(machine);
  }
  std::unique_ptr<Machine> LaunchSvsm(const MachineOptions& options = {}) {
    return Launch(SvsmImage(program_), options);
  }
  Result<Bytes<snp::kReportSize>> Report(Machine& machine, snp::VmpckHandover vmpck,
                                         std::uint32_t vmpl) {
    crypto::OpensslAesGcm aead;
    testing::ManualClock clock{kTestTime};
    snp::GuestMessageSession session(aead, std::move(vmpck), machine.port(), clock,
                                     {.vmpl = Vmpl(vmpl)});
    Bytes<snp::kReportSize> report{};
    SVSM_TRY(session.Attest(Bytes<64>{}, report, {}).status());
    return report;
  }

  SeededRng rng_;
  AmdSp sp_;
  Host host_;
  ByteVector program_;
};

TEST_F(MachineTest, MeasurementFollowsFromTheImage) {
  const auto first = LaunchSvsm();
  const auto second = LaunchSvsm();
  EXPECT_THAT(second->measurement(), SameBytes(first->measurement()));
  program_[9999] ^= 1;
  EXPECT_NE(LaunchSvsm()->measurement(), first->measurement());

  // The same, computed apart from the AMD-SP.
  program_[9999] ^= 1;
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  snp::LaunchDigest digest(sha384);
  for (const LaunchPage& page : SvsmImage(program_).pages) {
    if (page.contents.empty()) {
      ASSERT_THAT(digest.AddPage(page.type, page.gpa), IsOk());
    } else {
      ASSERT_THAT(digest.AddMeasuredPage(page.type, page.gpa, page.contents, {}), IsOk());
    }
  }
  EXPECT_THAT(first->measurement(), SameBytes(digest.value()));
}

TEST_F(MachineTest, BootsWithoutAViolation) {
  const auto machine = LaunchSvsm();
  EXPECT_THAT(machine->ram().violations(), IsEmpty());
  Bytes<16> out{};
  ASSERT_THAT(machine->ram().ReadAs(Vmpl(2), kGuestHeap, out), IsOk());
  EXPECT_THAT(out, Each(Eq(0)));
  EXPECT_THAT(machine->ram().ReadAs(Vmpl(3), kGuestHeap, out),
              IsStatus(Code::kOutOfRange, Source::kSim));
  EXPECT_THAT(machine->ram().ReadAs(Vmpl(2), kSvsmBase, out),
              IsStatus(Code::kOutOfRange, Source::kSim));
  EXPECT_THAT(machine->ram().ReadAs(Vmpl(2), kBootVmsa, out),
              IsStatus(Code::kOutOfRange, Source::kSim));
  ASSERT_THAT(machine->ram().ReadAs(Vmpl(0), kSvsmBase, out), IsOk());
  EXPECT_THAT(out, SameBytes(ByteView(program_).first(16)));
}

TEST_F(MachineTest, TheGuestCallsTheSvsm) {
  const auto machine = LaunchSvsm();
  Adder adder;
  ASSERT_THAT(machine->dispatcher().Register(adder), IsOk());
  ASSERT_THAT(machine->StartGuest(), IsOk());
  protocol::Client client(machine->boot_vcpu(), machine->boot_calling_area(), {});
  EXPECT_THAT(client.QueryProtocol(protocol::kCoreProtocol, 1),
              IsOkAnd(Eq(protocol::VersionRange{1, 1})));
  protocol::CallRegisters call = protocol::MakeCall(adder.protocol(), 0);
  call.rcx = 41;
  SVSM_ASSERT_OK_AND_ASSIGN(const protocol::CallRegisters answer, client.CallChecked(call));
  EXPECT_EQ(answer.rdx, 42u);
  EXPECT_EQ(answer.r8, 2u);
  EXPECT_THAT(machine->ram().violations(), IsEmpty());
}

TEST_F(MachineTest, AHostThatNeverRunsTheSvsmIsNoticed) {
  const auto machine = LaunchSvsm();
  ASSERT_THAT(machine->StartGuest(), IsOk());
  protocol::Client client(machine->boot_vcpu(), machine->boot_calling_area(), {});
  host_.SetScheduling(SvsmScheduling::kNeverRuns);
  EXPECT_THAT(client.QueryProtocol(0, 1), IsStatus(Code::kUnavailable, Source::kProtocol));
  host_.SetScheduling(SvsmScheduling::kRuns);
  EXPECT_THAT(client.QueryProtocol(0, 1), IsOk());
}

TEST_F(MachineTest, PagesChangeHandsInTheRightOrder) {
  const auto machine = LaunchSvsm();
  ASSERT_THAT(machine->StartGuest(), IsOk());
  protocol::Client client(machine->boot_vcpu(), machine->boot_calling_area(), {});
  protocol::PvalidateEntry entry;
  entry.gpa = kGuestHeap;
  entry.state = protocol::PageState::kInvalid;
  ASSERT_THAT(client.Pvalidate({&entry, 1}), IsOk());
  Bytes<16> out{};
  EXPECT_THAT(machine->ram().ReadAs(Vmpl(2), kGuestHeap, out),
              IsStatus(Code::kOutOfRange, Source::kSim));

  // Meanwhile the host puts the SVSM's first page there.
  machine->ram().HostRemap(kSvsmBase, kGuestHeap);
  entry.state = protocol::PageState::kValid;
  ASSERT_THAT(client.Pvalidate({&entry, 1}), IsOk());
  ASSERT_THAT(machine->ram().ReadAs(Vmpl(2), kGuestHeap, out), IsOk());
  EXPECT_THAT(out, Each(Eq(0)));
  EXPECT_THAT(machine->ram().violations(), IsEmpty());
}

TEST_F(MachineTest, AFurtherVcpuIsMadeRunAndDeleted) {
  const auto machine = LaunchSvsm();
  ASSERT_THAT(machine->StartGuest(), IsOk());
  protocol::Client client(machine->boot_vcpu(), machine->boot_calling_area(), {});
  const Gpa vmsa = kGuestHeap;
  const Gpa calling_area(kGuestHeap.value() + kPageSize);
  const protocol::GuestBuffer state = machine->Map(vmsa, kPageSize);
  state.bytes[0xCA] = 2;     // VMPL
  state.bytes[0xD1] = 0x10;  // EFER.SVME
  state.bytes[0x3B0] = 1;    // SEV features
  ASSERT_THAT(client.CreateVcpu(vmsa, calling_area, 1), IsOk());
  protocol::Client second(machine->VcpuAt(vmsa), machine->Map(calling_area, kPageSize), {});
  EXPECT_THAT(second.QueryProtocol(0, 1), IsOk());
  EXPECT_THAT(client.DeleteVcpu(vmsa),
              IsStatus(Code::kPermissionDenied, Source::kProtocol,
                       static_cast<std::uint32_t>(protocol::ResultCode::kVcpuInUse)));
  machine->ram().NoteRunning(vmsa, false);
  EXPECT_THAT(client.DeleteVcpu(vmsa), IsOk());
  EXPECT_THAT(machine->ram().violations(), IsEmpty());
}

TEST_F(MachineTest, VcpusCallAtOnce) {
  const auto machine = LaunchSvsm();
  Adder adder;
  ASSERT_THAT(machine->dispatcher().Register(adder), IsOk());
  ASSERT_THAT(machine->StartGuest(), IsOk());
  protocol::Client boot(machine->boot_vcpu(), machine->boot_calling_area(), {});
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 4; ++i) {
    const Gpa vmsa(kGuestHeap.value() + 4 * i * kPageSize);
    const Gpa calling_area(vmsa.value() + kPageSize);
    const protocol::GuestBuffer state = machine->Map(vmsa, kPageSize);
    state.bytes[0xCA] = 2;
    state.bytes[0xD1] = 0x10;
    state.bytes[0x3B0] = 1;
    ASSERT_THAT(boot.CreateVcpu(vmsa, calling_area, static_cast<std::uint32_t>(i + 1)), IsOk());
    threads.emplace_back([&machine, &adder, vmsa, calling_area] {
      protocol::Client client(machine->VcpuAt(vmsa), machine->Map(calling_area, kPageSize), {});
      protocol::PvalidateEntry entry;
      entry.gpa = Gpa(calling_area.value() + kPageSize);
      for (std::uint64_t call = 0; call < 100; ++call) {
        protocol::CallRegisters registers = protocol::MakeCall(adder.protocol(), 0);
        registers.rcx = call;
        const Result<protocol::CallRegisters> answer = client.CallChecked(registers);
        ASSERT_THAT(answer, IsOk());
        EXPECT_EQ(answer->rdx, call + 1);
        entry.state = call % 2 == 0 ? protocol::PageState::kInvalid : protocol::PageState::kValid;
        ASSERT_THAT(client.Pvalidate({&entry, 1}), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(machine->ram().violations(), IsEmpty());
}

TEST_F(MachineTest, TheGuestFindsTheSvsmAndItsOwnKeysOnly) {
  const auto machine = LaunchSvsm();
  SVSM_ASSERT_OK_AND_ASSIGN(snp::VmpckHandover svsm_key, machine->TakeVmpck(snp::VmpckId(0)));
  EXPECT_THAT(machine->TakeVmpck(snp::VmpckId(0)), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_THAT(machine->TakeVmpck(snp::VmpckId(4)), IsStatus(Code::kOutOfRange, Source::kProtocol));
  ASSERT_THAT(machine->TakeVmpck(snp::VmpckId(3)), IsOk());  // for the SVSM's generator
  ASSERT_THAT(machine->StartGuest(), IsOk());
  EXPECT_THAT(machine->StartGuest(), IsStatus(Code::kFailedPrecondition, Source::kSim));
  EXPECT_THAT(machine->TakeVmpck(snp::VmpckId(1)), IsStatus(Code::kNotFound, Source::kProtocol));

  const protocol::GuestBuffer secrets = machine->Map(kGuestSecrets, kPageSize);
  SVSM_ASSERT_OK_AND_ASSIGN(const protocol::SvsmPlace place,
                            protocol::FindSvsm(secrets.bytes.first<kPageSize>()));
  EXPECT_EQ(place.base, kSvsmBase);
  EXPECT_EQ(place.boot_calling_area, kBootCallingArea);
  EXPECT_EQ(place.guest_vmpl, Vmpl(2));
  for (const std::uint8_t gone : Bytes<3>{0, 1, 3}) {
    EXPECT_THAT(machine->GuestVmpck(snp::VmpckId(gone)),
                IsStatus(Code::kNotFound, Source::kProtocol));
  }
  EXPECT_THAT(machine->GuestVmpck(snp::VmpckId(4)), IsStatus(Code::kOutOfRange, Source::kProtocol));
  SVSM_ASSERT_OK_AND_ASSIGN(snp::VmpckHandover guest_key, machine->GuestVmpck(snp::VmpckId(2)));

  SVSM_ASSERT_OK_AND_ASSIGN(const auto svsm_report, Report(*machine, std::move(svsm_key), 0));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto guest_report, Report(*machine, std::move(guest_key), 2));
  EXPECT_EQ(svsm_report[0x30], 0);
  EXPECT_EQ(guest_report[0x30], 2);
  EXPECT_THAT(ByteView(svsm_report).subspan(0x90, 48), SameBytes(machine->measurement()));
}

// Counters go along with keys: the next owner's first message is the one that the AMD-SP expects.
TEST_F(MachineTest, KeysAndTheirCountersAreHandedOn) {
  const auto machine = LaunchSvsm();
  testing::ManualClock clock{kTestTime};
  const auto use = [&](snp::VmpckHandover key) {
    crypto::OpensslAesGcm aead;
    snp::GuestMessageSession session(aead, std::move(key), machine->port(), clock,
                                     {.vmpl = Vmpl(3)});
    Bytes<snp::kReportSize> report{};
    EXPECT_THAT(session.Attest(Bytes<64>{}, report, {}), IsOk());
    return session.Release().value();
  };
  // The SVSM uses the guest's key at boot, once; the guest goes on; and so does its successor.
  SVSM_ASSERT_OK_AND_ASSIGN(snp::VmpckHandover key, machine->TakeVmpck(snp::VmpckId(2)));
  key = use(std::move(key));
  EXPECT_THAT(machine->ReturnVmpck(key), IsOk());
  EXPECT_TRUE(IsZero(key.key.view()));
  EXPECT_THAT(machine->ReturnVmpck(key), IsStatus(Code::kFailedPrecondition, Source::kSim));
  ASSERT_THAT(machine->StartGuest(), IsOk());
  EXPECT_THAT(machine->ReturnVmpck(key), IsStatus(Code::kFailedPrecondition, Source::kSim));
  for (const std::uint64_t used : {2u, 4u, 6u}) {
    SVSM_ASSERT_OK_AND_ASSIGN(key, machine->GuestVmpck(snp::VmpckId(2)));
    EXPECT_EQ(key.messages_used, used);
    key = use(std::move(key));
    EXPECT_THAT(machine->ReturnGuestVmpck(key), IsOk());
  }
  EXPECT_THAT(machine->ReturnGuestVmpck(key), IsStatus(Code::kFailedPrecondition, Source::kSim));

  SVSM_ASSERT_OK_AND_ASSIGN(key, machine->GuestVmpck(snp::VmpckId(2)));
  key.messages_used = 1ull << 32;
  const auto out_of_range = IsStatus(Code::kOutOfRange, Source::kProtocol);
  EXPECT_THAT(machine->ReturnGuestVmpck(key), out_of_range);
  EXPECT_FALSE(IsZero(key.key.view()));
  key.id = snp::VmpckId(4);
  EXPECT_THAT(machine->ReturnGuestVmpck(key), out_of_range);
}

TEST_F(MachineTest, AGuestCannotGetAReportOfVmpl0) {
  for (const std::uint8_t vmpl : Bytes<3>{1, 2, 3}) {
    MachineOptions options;
    options.guest_vmpl = Vmpl(vmpl);
    const auto machine = LaunchSvsm(options);
    ASSERT_THAT(machine->StartGuest(), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(snp::VmpckHandover key, machine->GuestVmpck(snp::VmpckId(vmpl)));
    EXPECT_THAT(Report(*machine, std::move(key), 0),
                IsStatus(Code::kInvalidArgument, Source::kSnp, 0x16));
  }
}

TEST_F(MachineTest, SeveralVmsShareAChip) {
  const auto first = LaunchSvsm();
  const auto second = LaunchSvsm();
  SVSM_ASSERT_OK_AND_ASSIGN(const auto one, Report(*first, *first->TakeVmpck(snp::VmpckId(0)), 0));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto two,
                            Report(*second, *second->TakeVmpck(snp::VmpckId(0)), 0));
  EXPECT_THAT(ByteView(one).subspan(0x1A0, 64), SameBytes(ByteView(two).subspan(0x1A0, 64)));
  EXPECT_NE(ToHex(ByteView(one).subspan(0x140, 32)), ToHex(ByteView(two).subspan(0x140, 32)));
  // A key of one VM opens nothing at the other.
  snp::VmpckHandover key = *first->TakeVmpck(snp::VmpckId(1));
  EXPECT_THAT(Report(*second, std::move(key), 1),
              IsStatus(Code::kPermissionDenied, Source::kSnp, 0x0B));
}

TEST_F(MachineTest, AVmWithoutSvsmRunsAtVmpl0) {
  const auto machine = Launch(PlainImage(program_));
  EXPECT_FALSE(machine->has_svsm());
  EXPECT_NE(machine->measurement(), LaunchSvsm()->measurement());
  EXPECT_THAT(machine->StartGuest(), IsStatus(Code::kFailedPrecondition, Source::kSim));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto report,
                            Report(*machine, *machine->TakeVmpck(snp::VmpckId(0)), 0));
  EXPECT_EQ(report[0x30], 0);
  protocol::Client client(machine->boot_vcpu(), machine->boot_calling_area(), {});
  EXPECT_THAT(client.QueryProtocol(0, 1), IsStatus(Code::kUnavailable, Source::kProtocol));
  Bytes<16> out{};
  ASSERT_THAT(machine->ram().ReadAs(Vmpl(0), kPlainBase, out), IsOk());
  EXPECT_THAT(out, SameBytes(ByteView(program_).first(16)));
}

TEST_F(MachineTest, RefusesImagesThatCannotBe) {
  LaunchImage image = SvsmImage(program_);
  image.pages[1].contents.pop_back();
  EXPECT_THAT(Machine::Launch(sp_, host_, image, {}),
              IsStatus(Code::kInvalidArgument, Source::kSim, 1));
  image = SvsmImage(program_);
  image.pages[2].gpa = Gpa(1ull << 40);
  EXPECT_THAT(Machine::Launch(sp_, host_, image, {}),
              IsStatus(Code::kInvalidArgument, Source::kSim, 2));
  image = SvsmImage(program_);
  std::erase_if(image.pages,
                [](const LaunchPage& page) { return page.type == snp::PageType::kSecrets; });
  EXPECT_THAT(Machine::Launch(sp_, host_, image, {}),
              IsStatus(Code::kInvalidArgument, Source::kSim,
                       static_cast<std::uint32_t>(image.pages.size())));
}

TEST_F(MachineTest, HandsOutPagesOfTheGuestsHeap) {
  const auto machine = LaunchSvsm();
  SVSM_ASSERT_OK_AND_ASSIGN(const protocol::GuestBuffer first, machine->pages().Allocate(1));
  SVSM_ASSERT_OK_AND_ASSIGN(const protocol::GuestBuffer second, machine->pages().Allocate(8193));
  EXPECT_EQ(first.gpa, kGuestHeap);
  EXPECT_EQ(first.bytes.size(), kPageSize);
  EXPECT_EQ(second.gpa, Gpa(kGuestHeap.value() + kPageSize));
  EXPECT_EQ(second.bytes.size(), 3 * kPageSize);
  EXPECT_THAT(machine->pages().Allocate(kGuestHeapPages * kPageSize),
              IsStatus(Code::kOutOfMemory, Source::kSim));
  machine->pages().Free(first);
  machine->pages().Free(second);
  SVSM_ASSERT_OK_AND_ASSIGN(const protocol::GuestBuffer all,
                            machine->pages().Allocate(kGuestHeapPages * kPageSize));
  EXPECT_EQ(all.gpa, kGuestHeap);
}

}  // namespace
}  // namespace svsm::sim
