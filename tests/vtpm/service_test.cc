// Covers: svsm/protocol/manifest.h
#include "svsm/vtpm/service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "svsm/evidence/ek_template.h"
#include "svsm/evidence/tpm_public.h"
#include "svsm/evidence/vtpm_manifest.h"
#include "svsm/testing/matchers.h"
#include "tests/protocol/fakes.h"

namespace svsm::vtpm {
namespace {

using protocol::CallContext;
using protocol::CallRegisters;
using protocol::CallReply;
using protocol::FakeMachine;
using protocol::ResultCode;
using testing::BytesAre;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

// Echoes commands, or answers as it is told.
class FakeEngine final : public Engine {
 public:
  Status PowerOn(StoredVolatile) override { return OkStatus(); }
  void PowerOff() override {}
  bool powered() const override { return true; }
  Result<std::size_t> Execute(std::uint8_t where, ByteView command, ByteSpan response) override {
    EXPECT_FALSE(running.exchange(true));
    locality = where;
    last.assign(command.begin(), command.end());
    ++commands;
    const std::size_t size = answer_size != 0 ? answer_size : command.size();
    if (status.ok()) Fill(response.first(size), 0xCD);
    running = false;
    if (!status.ok()) return status;
    return size;
  }
  void Cancel() override {}
  BufferSizes buffer_sizes() const override { return {4096, 4096, 4096}; }
  Result<BufferSizes> SetBufferSize(std::size_t) override { return buffer_sizes(); }
  Result<std::size_t> GetState(StateKind, ByteSpan) override { return std::size_t{0}; }
  Status SetState(StateKind, ByteView) override { return OkStatus(); }
  Status StoreVolatile() override { return OkStatus(); }
  Status HashStart() override { return OkStatus(); }
  Status HashData(ByteView) override { return OkStatus(); }
  Status HashEnd() override { return OkStatus(); }
  Result<bool> TpmEstablished() override { return false; }
  Status ResetTpmEstablished(std::uint8_t) override { return OkStatus(); }

  std::atomic<bool> running = false;
  std::uint8_t locality = 0xFF;
  ByteVector last;
  int commands = 0;
  std::size_t answer_size = 0;
  Status status;
};

class VtpmServiceTest : public ::testing::Test {
 protected:
  CallReply Call(std::uint32_t call, std::uint64_t rcx = 0) {
    CallRegisters in = protocol::MakeCall(protocol::kVtpmProtocol, call);
    in.rcx = rcx;
    in.rdx = 0x1234;
    CallContext context{Gpa(0x5000), Gpa(0x6000), Vmpl(2), machine_};
    const auto reply = service_.Call(context, in);
    EXPECT_THAT(reply, IsOk());
    return reply.ok() ? *reply : CallReply(in);
  }
  // Puts a request into the guest's memory.
  void Request(Gpa at, std::uint32_t platform_command, std::uint8_t locality, ByteView command) {
    const protocol::TpmRequestHeader header{wire::Le32(platform_command), locality,
                                            wire::Le32(static_cast<std::uint32_t>(command.size()))};
    machine_.Poke(at, wire::ToBytes(header));
    machine_.Poke(Gpa(at.value() + 9), command);
  }

  FakeMachine machine_;
  FakeEngine engine_;
  SpinLock lock_;
  VtpmWorkArea work_;
  const Bytes<5> ek_ = {0, 3, 7, 8, 9};
  VtpmService service_{engine_, lock_, work_, ek_};
};

TEST_F(VtpmServiceTest, QueryTellsTheOneCommand) {
  EXPECT_EQ(service_.protocol(), 2u);
  EXPECT_EQ(service_.versions(), (protocol::VersionRange{1, 1}));
  const CallReply reply = Call(protocol::kVtpmQuery, 77);
  EXPECT_EQ(reply.result, ResultCode::kSuccess);
  EXPECT_EQ(reply.registers.rcx, 0x100u);
  EXPECT_EQ(reply.registers.rdx, 0u);
}

TEST_F(VtpmServiceTest, UnknownCallsAreUnsupported) {
  EXPECT_EQ(Call(2).result, ResultCode::kUnsupportedCall);
}

TEST_F(VtpmServiceTest, RunsACommandWhereverTheBufferIs) {
  for (const Gpa at : {Gpa(0x3000), Gpa(0x3FFE)}) {
    const Bytes<12> command = {1, 2, 3};
    machine_.Poke(at, ByteVector(4096, 0x77));
    Request(at, 8, 0, command);
    engine_.answer_size = 5;
    machine_.StartCounting();
    const CallReply reply = Call(protocol::kVtpmCommand, at.value());
    EXPECT_EQ(reply.result, ResultCode::kSuccess);
    EXPECT_EQ(reply.registers.rcx, at.value());
    EXPECT_EQ(reply.registers.rdx, 0x1234u);
    EXPECT_EQ(machine_.MostReads(), 1u);
    EXPECT_EQ(engine_.locality, 0);
    EXPECT_THAT(engine_.last, SameBytes(command));
    // The response; then the guest's own bytes as they were.
    EXPECT_THAT(machine_.Map(at, 9), BytesAre("05000000cdcdcdcdcd"));
    EXPECT_THAT(machine_.Map(Gpa(at.value() + 9), 14), SameBytes([&] {
                  ByteVector rest(command.begin(), command.end());
                  rest.resize(14, 0x77);
                  return rest;
                }()));
  }
}

TEST_F(VtpmServiceTest, RefusesWhatIsNoRequest) {
  Request(Gpa(0x3000), 8, 1, Bytes<10>{});
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0x3000).result, ResultCode::kInvalidParameter);
  Request(Gpa(0x3000), 8, 0, ByteVector(4088));
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0x3000).result, ResultCode::kInvalidParameter);
  Request(Gpa(0x3000), 9, 0, Bytes<10>{});
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0x3000).result, ResultCode::kUnsupportedCall);
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0).result, ResultCode::kInvalidParameter);
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0x100000).result, ResultCode::kInvalidAddress);
  EXPECT_EQ(engine_.commands, 0);
}

TEST_F(VtpmServiceTest, ABusyTpmIsNeverWaitedFor) {
  Request(Gpa(0x3000), 8, 0, Bytes<10>{});
  lock_.Acquire();
  machine_.StartCounting();
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0x3000).result, ResultCode::kBusy);
  EXPECT_EQ(machine_.MostReads(), 0u);
  EXPECT_EQ(Call(protocol::kVtpmQuery).result, ResultCode::kSuccess);
  lock_.Release();
  EXPECT_EQ(engine_.commands, 0);
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0x3000).result, ResultCode::kSuccess);
  // Every way out gives the lock back.
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0).result, ResultCode::kInvalidParameter);
  EXPECT_TRUE(lock_.TryAcquire());
}

TEST_F(VtpmServiceTest, ResponsesFillTheBufferAndNoMore) {
  Request(Gpa(0x3000), 8, 0, Bytes<10>{});
  engine_.answer_size = 4092;
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0x3000).result, ResultCode::kSuccess);
  EXPECT_THAT(machine_.Map(Gpa(0x3000), 6), BytesAre("fc0f0000cdcd"));
  Request(Gpa(0x3000), 8, 0, Bytes<10>{});
  engine_.answer_size = 4093;
  EXPECT_EQ(Call(protocol::kVtpmCommand, 0x3000).result, ResultCode::kSuccess);
  EXPECT_THAT(machine_.Map(Gpa(0x3000), 14), BytesAre("0a00000080010000000a00000904"));
}

TEST_F(VtpmServiceTest, AnEngineThatRefusesIsTheSvsmsFailure) {
  Request(Gpa(0x3000), 8, 0, Bytes<10>{});
  engine_.status = Status(Code::kInternal, Source::kLibtpms, 9);
  CallRegisters in = protocol::MakeCall(protocol::kVtpmProtocol, protocol::kVtpmCommand);
  in.rcx = 0x3000;
  CallContext context{Gpa(0x5000), Gpa(0x6000), Vmpl(2), machine_};
  EXPECT_THAT(service_.Call(context, in), IsStatus(Code::kInternal, Source::kLibtpms, 9));
  EXPECT_TRUE(lock_.TryAcquire());
}

TEST_F(VtpmServiceTest, ManifestIsTheEksPublicArea) {
  Bytes<8> out{};
  EXPECT_EQ(service_.service(), protocol::kVtpmService);
  EXPECT_THAT(service_.Manifest(0, out), IsOkAnd(3u));
  EXPECT_THAT(ByteView(out).first(3), BytesAre("070809"));
  EXPECT_THAT(service_.Manifest(1, out), IsStatus(Code::kUnsupported, Source::kVtpm, 1));
  EXPECT_THAT(service_.Manifest(0, ByteSpan(out).first(2)),
              IsStatus(Code::kBufferTooSmall, Source::kVtpm, 3));
  VtpmService without(engine_, lock_, work_, {});
  EXPECT_THAT(without.Manifest(0, out), IsOkAnd(0u));
  const Bytes<3> wrong = {0, 9, 1};
  VtpmService broken(engine_, lock_, work_, wrong);
  EXPECT_EQ(broken.Manifest(0, out).status().code(), Code::kTruncated);
}

TEST_F(VtpmServiceTest, ManifestVersion1ListsKeys) {
  Bytes<1024> ek_area{};
  Bytes<1024> ak_area{};
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView ek,
                            evidence::BuildTpm2bPublic(
                                evidence::TemplatePublic(evidence::KeyTemplate::kEkP256), ek_area));
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView ak,
                            evidence::BuildTpm2bPublic(
                                evidence::TemplatePublic(evidence::KeyTemplate::kAkP256), ak_area));
  const ByteView keys[] = {ek, ak};
  VtpmService both(engine_, lock_, work_, ek, keys);
  Bytes<1024> out{};
  SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t size, both.Manifest(1, out));
  std::array<ByteView, evidence::kMaxManifestKeys> slots;
  SVSM_ASSERT_OK_AND_ASSIGN(const auto listed,
                            evidence::ParseVtpmManifestV1(ByteView(out).first(size), slots));
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_THAT(listed[0], SameBytes(ek));
  EXPECT_THAT(listed[1], SameBytes(ak));
  // Version 0 is the EK alone, as before.
  EXPECT_THAT(both.Manifest(0, out), IsOkAnd(ek.size() - 2));
  EXPECT_THAT(both.Manifest(2, out), IsStatus(Code::kUnsupported, Source::kVtpm, 2));
  const Status too_small = both.Manifest(1, ByteSpan(out).first(size - 1)).status();
  EXPECT_EQ(too_small.code(), Code::kBufferTooSmall);
  EXPECT_EQ(too_small.detail(), size);
  VtpmService one(engine_, lock_, work_, ek, std::span(keys).first(1));
  EXPECT_EQ(one.Manifest(1, out).status().code(), Code::kOutOfRange);
}

TEST_F(VtpmServiceTest, VcpusCallAtOnce) {
  std::atomic<int> done = 0;
  std::vector<std::thread> vcpus;
  for (std::uint64_t i = 0; i < 4; ++i) {
    vcpus.emplace_back([&, i] {
      for (int n = 0; n < 200;) {
        const Gpa at(0x10000 + 0x2000 * i);
        Request(at, 8, 0, Bytes<10>{});
        const ResultCode code = Call(protocol::kVtpmCommand, at.value()).result;
        if (code == ResultCode::kBusy) continue;
        EXPECT_EQ(code, ResultCode::kSuccess);
        ++n;
        ++done;
      }
    });
  }
  for (std::thread& vcpu : vcpus) vcpu.join();
  EXPECT_EQ(done, 800);
  EXPECT_EQ(engine_.commands, 800);
}

}  // namespace
}  // namespace svsm::vtpm
