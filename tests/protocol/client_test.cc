#include "svsm/protocol/client.h"

#include "svsm/protocol/vtpm.h"
#include "tests/protocol/client_fakes.h"
#include "tests/protocol/reversing_vtpm.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

struct ClientTest : ::testing::Test {
  ClientTest() {
    const Status registered = svsm.dispatcher.Register(vtpm);
    EXPECT_THAT(registered, IsOk());
  }
  std::uint8_t Pending() { return svsm.machine.Map(kArea0, 1)[0]; }
  GuestBuffer Buffer(Gpa gpa, std::size_t size = kPageSize) {
    return {gpa, svsm.machine.Map(gpa, size)};
  }

  Svsm svsm{CoreOptions{.max_version = 1, .pvalidate_pages_per_call = 100}};
  ReversingVtpm vtpm;
  FakeExit exit{svsm, kVmsa0};
  Client client{exit, Buffer(kArea0), {.max_busy = 3, .max_incomplete = 20}};
};

TEST_F(ClientTest, QueriesProtocols) {
  EXPECT_THAT(client.QueryProtocol(kCoreProtocol, 1), IsOkAnd(VersionRange{1, 1}));
  EXPECT_THAT(client.QueryProtocol(kVtpmProtocol, 1), IsOkAnd(VersionRange{1, 1}));
  EXPECT_THAT(client.QueryProtocol(kVtpmProtocol, 2), IsOkAnd(VersionRange{}));
  EXPECT_THAT(client.QueryProtocol(kApicProtocol, 1), IsOkAnd(VersionRange{}));
  EXPECT_EQ(Pending(), 0);
  exit.forge_rcx = std::uint64_t{9} << 32 | 5;
  EXPECT_THAT(client.QueryProtocol(kCoreProtocol, 1),
              IsStatus(Code::kMalformed, Source::kProtocol, 5));
}

TEST_F(ClientTest, AHostThatNeverRunsTheSvsmIsNoticed) {
  exit.host_ignores = true;
  EXPECT_THAT(client.QueryProtocol(kCoreProtocol, 1),
              IsStatus(Code::kUnavailable, Source::kProtocol));
  EXPECT_EQ(exit.exits, 1u);
  EXPECT_EQ(Pending(), 0);
  exit.host_ignores = false;
  EXPECT_THAT(client.QueryProtocol(kCoreProtocol, 1), IsOk());
}

TEST_F(ClientTest, AHostThatRefusesIsHandedOn) {
  exit.host_error = Status(Code::kIoError, Source::kCaller, 3);
  EXPECT_THAT(client.QueryVtpm(), IsStatus(Code::kIoError, Source::kCaller, 3));
  EXPECT_EQ(Pending(), 0);
}

TEST_F(ClientTest, BusyIsRepeatedWithinABudget) {
  exit.busy = 3;
  EXPECT_THAT(client.QueryVtpm(), IsOkAnd(0x100u));
  EXPECT_EQ(exit.exits, 4u);
  exit.busy = 4;
  EXPECT_THAT(client.QueryVtpm(), IsStatus(Code::kBusy, Source::kProtocol, 4));
}

TEST_F(ClientTest, IncompleteIsRepeatedWithinABudget) {
  exit.forge_rax = ToU32(ResultCode::kIncomplete);
  EXPECT_THAT(client.QueryVtpm(), IsStatus(Code::kExhausted, Source::kProtocol, 21));
}

TEST_F(ClientTest, CallHandsOnEveryOtherCode) {
  SVSM_ASSERT_OK_AND_ASSIGN(const CallRegisters out, client.Call(MakeCall(kCoreProtocol, 99)));
  EXPECT_EQ(out.rax, ToU32(ResultCode::kUnsupportedCall));
  EXPECT_THAT(client.CallChecked(MakeCall(kCoreProtocol, 99)),
              IsStatus(Code::kUnsupported, Source::kProtocol, 0x80000002));
  EXPECT_THAT(client.CallChecked(MakeCall(99, 0)),
              IsStatus(Code::kUnsupported, Source::kProtocol, 0x80000001));
}

TEST_F(ClientTest, MovesItsCallingArea) {
  EXPECT_THAT(client.RemapCallingArea(Buffer(kSvsmPage)),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000003));
  EXPECT_THAT(client.QueryVtpm(), IsOk());
  EXPECT_THAT(client.RemapCallingArea(Buffer(kFree)), IsOk());
  EXPECT_EQ(svsm.vcpus.Find(kVmsa0)->calling_area, kFree);
  EXPECT_THAT(client.QueryVtpm(), IsOk());
}

TEST_F(ClientTest, ValidatesMorePagesThanAListHolds) {
  std::vector<PvalidateEntry> entries;
  for (std::size_t i = 0; i < 768; ++i) {
    entries.push_back({FakeMachine::Frame(0x200 + i), PageSize::k4K, PageState::kValid});
  }
  EXPECT_THAT(client.Pvalidate(entries), IsOk());
  EXPECT_TRUE(svsm.machine.page(0x200).valid);
  EXPECT_TRUE(svsm.machine.page(0x4FF).access[2]);
  EXPECT_EQ(exit.exits, 6u + 3u);  // 510 and 258 entries, 100 a call
}

TEST_F(ClientTest, PvalidateStopsAtAnError) {
  const PvalidateEntry entries[] = {{FakeMachine::Frame(0x200), PageSize::k4K, PageState::kValid},
                                    {kSvsmPage, PageSize::k4K, PageState::kValid},
                                    {FakeMachine::Frame(0x201), PageSize::k4K, PageState::kValid}};
  EXPECT_THAT(client.Pvalidate(entries),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000003));
  EXPECT_TRUE(svsm.machine.page(0x200).valid);
  EXPECT_FALSE(svsm.machine.page(0x201).valid);
}

TEST_F(ClientTest, ASizeMismatchIsRepeatedInSmallPages) {
  const PvalidateEntry entries[] = {{FakeMachine::Frame(0x400), PageSize::k4K, PageState::kValid},
                                    {FakeMachine::Frame(0x200), PageSize::k2M, PageState::kValid},
                                    {FakeMachine::Frame(0x401), PageSize::k4K, PageState::kValid}};
  // The first PVALIDATE is for the first entry: let it be done, and fail the second.
  ASSERT_THAT(client.Pvalidate(std::span(entries).first(1)), IsOk());
  svsm.machine.FailNext("pvalidate", kFailSizeMismatch);
  svsm.machine.TakeSteps();
  ASSERT_THAT(client.Pvalidate(std::span(entries).subspan(1)), IsOk());
  const std::vector<std::string> steps = svsm.machine.TakeSteps();
  EXPECT_EQ(steps.size(), 1u + 512 * 3 + 3);
  EXPECT_EQ(steps[0], "pvalidate 200 2M valid");
  EXPECT_EQ(steps[1], "pvalidate 200 4K valid");
  EXPECT_EQ(steps[steps.size() - 4], "grant 3ff 4K 2");
  EXPECT_TRUE(svsm.machine.page(0x3FF).valid);
  EXPECT_TRUE(svsm.machine.page(0x401).valid);
}

TEST_F(ClientTest, ASizeMismatchOfASmallPageIsAnError) {
  svsm.machine.FailNext("pvalidate", kFailSizeMismatch);
  const PvalidateEntry entry{FakeMachine::Frame(0x200), PageSize::k4K, PageState::kValid};
  EXPECT_THAT(client.Pvalidate({&entry, 1}),
              IsStatus(Code::kPermissionDenied, Source::kProtocol, 0x80001006));
}

// An SVSM whose answer to PVALIDATE makes no sense.
class LyingExit final : public GuestExit {
 public:
  explicit LyingExit(FakeMachine& machine) : machine_(machine) {}
  Status RunSvsm(CallRegisters& registers) override {
    registers.rax = rax;
    machine_.Poke(Plus(kArea0, 10), wire::ToBytes(wire::Le16(next)));
    machine_.Poke(kArea0, Bytes<1>{0});
    return OkStatus();
  }
  std::uint64_t rax = 0;
  std::uint16_t next = 0;

 private:
  FakeMachine& machine_;
};

TEST_F(ClientTest, ANextThatCannotBeIsRefused) {
  LyingExit liar(svsm.machine);
  Client lied_to(liar, Buffer(kArea0), {});
  const PvalidateEntry entry{FakeMachine::Frame(0x200), PageSize::k2M, PageState::kValid};
  liar.next = 0;  // success, but nothing done
  EXPECT_THAT(lied_to.Pvalidate({&entry, 1}), IsStatus(Code::kMalformed, Source::kProtocol, 0));
  liar.next = 2;  // more than there is
  EXPECT_THAT(lied_to.Pvalidate({&entry, 1}), IsStatus(Code::kMalformed, Source::kProtocol, 2));
  liar.next = 1;  // failed, yet all done
  liar.rax = ToU32(ResultCode::kSizeMismatch);
  EXPECT_THAT(lied_to.Pvalidate({&entry, 1}),
              IsStatus(Code::kPermissionDenied, Source::kProtocol, 0x80001006));
}

TEST_F(ClientTest, CreatesAndDeletesVcpus) {
  svsm.machine.PokeVmsa(kVmsa1, 2, kEfer, kFeatures);
  EXPECT_THAT(client.CreateVcpu(kVmsa1, kArea1, 1), IsOk());
  EXPECT_THAT(svsm.vcpus.Find(kVmsa1), IsOk());
  EXPECT_THAT(client.CreateVcpu(kVmsa1, kArea1, 1),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000003));
  EXPECT_THAT(client.DeleteVcpu(kVmsa1), IsOk());
  EXPECT_THAT(client.DeleteVcpu(kVmsa1),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000005));
}

TEST_F(ClientTest, SendsTpmCommands) {
  EXPECT_THAT(client.QueryVtpm(), IsOkAnd(kTpmPlatformCommands));
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView response,
                            client.SendTpmCommand(Bytes<4>{1, 2, 3, 4}, Buffer(kFree)));
  EXPECT_THAT(response, testing::BytesAre("04030201"));
  const std::vector<std::uint8_t> more(4088);
  EXPECT_THAT(client.SendTpmCommand(more, Buffer(kFree)),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 4088));
  EXPECT_THAT(client.SendTpmCommand({}, Buffer(kFree, 4095)),
              IsStatus(Code::kBufferTooSmall, Source::kProtocol, 4096));
  EXPECT_THAT(client.SendTpmCommand({}, Buffer(kSvsmPage)),
              IsStatus(Code::kInvalidArgument, Source::kProtocol, 0x80000003));
}

TEST_F(ClientTest, WantsAWholeAlignedCallingArea) {
  EXPECT_DEATH(Client(exit, Buffer(kFree, 4095), {}), "calling_area");
  EXPECT_DEATH(Client(exit, Buffer(Plus(kFree, 8)), {}), "calling_area");
}

}  // namespace
}  // namespace svsm::protocol
