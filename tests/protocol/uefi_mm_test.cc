#include "svsm/protocol/uefi_mm.h"

#include <vector>

#include "tests/protocol/client_fakes.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr Guid kKnown = Guid::Parse("ed32d533-99e6-4209-9cc0-2d72cdd998a7");

// Adds one to every byte.
class AddingHandler final : public UefiMmHandler {
 public:
  Status Handle(const Guid& guid, Vmpl vmpl, ByteSpan body) override {
    if (guid != kKnown) return Status(Code::kNotFound, Source::kCaller);
    if (meanwhile != nullptr) *meanwhile = 0xEE;
    caller = vmpl;
    for (std::uint8_t& byte : body) ++byte;
    return error;
  }
  std::uint32_t ManifestFlags() const override { return kUefiMmPersistent | kUefiMmSecureBoot; }

  Vmpl caller;
  Status error;
  std::uint8_t* meanwhile = nullptr;  // a guest byte that another vCPU changes while we work
};

struct UefiMmTest : ::testing::Test {
  UefiMmTest() {
    const Status registered = svsm.dispatcher.Register(service);
    EXPECT_THAT(registered, IsOk());
  }
  void Put(Gpa at, std::uint64_t body_size, const Guid& guid = kKnown) {
    UefiMmHeader header{.guid = guid.mixed_endian(), .body_size = {}};
    header.body_size = body_size;
    svsm.machine.Poke(at, wire::ToBytes(header));
  }
  ResultCode Code(std::uint64_t rcx, std::uint64_t rdx) {
    return svsm.Code(kUefiMmProtocol, kUefiMmRequest, rcx, rdx);
  }
  GuestBuffer Buffer(std::size_t size = 2 * kPageSize) {
    return {kFree, svsm.machine.Map(kFree, size)};
  }

  Svsm svsm;
  AddingHandler handler;
  SpinLock lock;
  std::vector<std::uint8_t> work = std::vector<std::uint8_t>(0x3000);
  UefiMmService service{handler, lock, work};
  FakeExit exit{svsm, kVmsa0};
  Client client{exit, {kArea0, svsm.machine.Map(kArea0, kPageSize)}, {.max_busy = 2}};
  UefiMmClient guest{client};
};

TEST_F(UefiMmTest, TheReplyTakesTheBodysPlace) {
  Fill(Buffer().bytes, 0xAA);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView reply,
                            guest.Request(kKnown, Bytes<3>{1, 2, 0xFF}, Buffer()));
  EXPECT_THAT(reply, testing::BytesAre("020300"));
  EXPECT_EQ(handler.caller, Vmpl(2));
  EXPECT_EQ(svsm.machine.Peek<UefiMmHeader>(kFree).body_size.get(), 3u);
  EXPECT_EQ(svsm.machine.Map(Plus(kFree, 27), 1)[0], 0xAA);
}

TEST_F(UefiMmTest, ServesItsOwnCopy) {
  handler.meanwhile = &svsm.machine.Map(Plus(kFree, sizeof(UefiMmHeader)), 1)[0];
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView reply, guest.Request(kKnown, Bytes<2>{7, 8}, Buffer()));
  EXPECT_THAT(reply, testing::BytesAre("0809"));
}

TEST_F(UefiMmTest, AnUnknownMessageStaysAsItWas) {
  const Guid unknown = Guid::Parse("00000000-0000-0000-0000-000000000001");
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView reply, guest.Request(unknown, Bytes<2>{7, 8}, Buffer()));
  EXPECT_THAT(reply, testing::BytesAre("0708"));
}

TEST_F(UefiMmTest, HasOneCall) {
  EXPECT_THAT(client.QueryProtocol(kUefiMmProtocol, 1), IsOkAnd(VersionRange{1, 1}));
  for (const std::uint32_t call : {0u, 2u}) {
    EXPECT_EQ(svsm.Code(kUefiMmProtocol, call, kFree.value(), 0x1000),
              ResultCode::kUnsupportedCall);
  }
}

TEST_F(UefiMmTest, RefusesBadBuffers) {
  Put(kFree, 8);
  EXPECT_EQ(Code(0, 0x1000), ResultCode::kInvalidAddress);
  EXPECT_EQ(Code(kFree.value() + 8, 0x1000), ResultCode::kInvalidAddress);
  for (const Gpa at : {kSvsmPage, kNowhere, kVmsa0, kArea0, Gpa(~std::uint64_t{0xFFF})}) {
    EXPECT_EQ(Code(at.value(), 0x1000), ResultCode::kInvalidAddress) << at.value();
  }
  EXPECT_EQ(Code(kFree.value(), 23), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kFree.value(), kMaxUefiMmBuffer + 1), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kFree.value(), ~std::uint64_t{0}), ResultCode::kInvalidParameter);
  EXPECT_EQ(Code(kFree.value(), kMaxUefiMmBuffer), ResultCode::kSuccess);
  EXPECT_EQ(Code(kFree.value(), 32), ResultCode::kSuccess);
}

TEST_F(UefiMmTest, RefusesBodiesThatDoNotFit) {
  Put(kFree, 9);
  EXPECT_EQ(Code(kFree.value(), 32), ResultCode::kInvalidParameter);
  Put(kFree, ~std::uint64_t{0});
  EXPECT_EQ(Code(kFree.value(), 0x10000), ResultCode::kInvalidParameter);
  Put(kFree, work.size() + 1);  // more than this SVSM serves
  EXPECT_EQ(Code(kFree.value(), 0x10000), ResultCode::kInvalidParameter);
  Put(kFree, work.size());
  EXPECT_EQ(Code(kFree.value(), 0x10000), ResultCode::kSuccess);
  Put(kFree, 0);
  EXPECT_EQ(Code(kFree.value(), 24), ResultCode::kSuccess);
}

TEST_F(UefiMmTest, ABodyThatReachesElsewhereIsNotServed) {
  const Gpa before_svsm(kSvsmPage.value() - kPageSize);
  Put(before_svsm, 2 * kPageSize);
  EXPECT_EQ(Code(before_svsm.value(), 0x10000), ResultCode::kInvalidAddress);
  Put(kFree, 2 * kPageSize);
  svsm.machine.page(0x41).faults = true;
  EXPECT_EQ(Code(kFree.value(), 0x10000), ResultCode::kInvalidAddress);
  EXPECT_EQ(handler.caller, Vmpl());
}

TEST_F(UefiMmTest, WhatTheHandlerSaysIsAnsweredAndNothingWritten) {
  const struct {
    svsm::Code code;
    ResultCode answer;
  } rows[] = {{svsm::Code::kInvalidArgument, ResultCode::kInvalidParameter},
              {svsm::Code::kPermissionDenied, ResultCode::kInvalidRequest},
              {svsm::Code::kBusy, ResultCode::kBusy},
              {svsm::Code::kNotFound, ResultCode::kSuccess},
              {svsm::Code::kDataLoss, ResultCode::kInvalidRequest}};
  for (const auto& row : rows) {
    handler.error = Status(row.code, Source::kCaller);
    Put(kFree, 1);
    svsm.machine.Poke(Plus(kFree, 24), Bytes<1>{5});
    EXPECT_EQ(Code(kFree.value(), 0x1000), row.answer);
    EXPECT_EQ(svsm.machine.Map(Plus(kFree, 24), 1)[0], 5);
  }
  ASSERT_EQ(svsm.log.lines.size(), 1u);
  EXPECT_THAT(svsm.log.lines[0].status, IsStatus(svsm::Code::kDataLoss, Source::kCaller));
}

TEST_F(UefiMmTest, ServesOneMessageAtATime) {
  lock.Acquire();
  Put(kFree, 1);
  EXPECT_EQ(Code(kFree.value(), 0x1000), ResultCode::kBusy);
  lock.Release();
  EXPECT_EQ(Code(kFree.value(), 0x1000), ResultCode::kSuccess);
  EXPECT_TRUE(lock.TryAcquire());
}

TEST_F(UefiMmTest, HasAManifest) {
  Bytes<8> out{};
  EXPECT_EQ(service.service(), kUefiMmService);
  EXPECT_THAT(service.Manifest(0, out), IsOkAnd(8u));
  EXPECT_THAT(out, testing::BytesAre("0000000003000000"));
  EXPECT_THAT(service.Manifest(1, out), IsStatus(svsm::Code::kUnsupported, Source::kProtocol, 1));
  EXPECT_THAT(service.Manifest(0, ByteSpan(out).first(7)),
              IsStatus(svsm::Code::kBufferTooSmall, Source::kProtocol, 8));
  EXPECT_THAT(ParseUefiMmManifest(out), IsOkAnd(3u));
  EXPECT_THAT(ParseUefiMmManifest(ByteView(out).first(7)),
              IsStatus(svsm::Code::kTruncated, Source::kProtocol, 8));
  EXPECT_THAT(ParseUefiMmManifest(Bytes<9>{}),
              IsStatus(svsm::Code::kMalformed, Source::kProtocol, 8));
  EXPECT_THAT(ParseUefiMmManifest(Bytes<8>{0, 0, 0, 0, 8}),
              IsStatus(svsm::Code::kMalformed, Source::kProtocol, 4));
  EXPECT_THAT(ParseUefiMmManifest(Bytes<8>{1}),
              IsStatus(svsm::Code::kUnsupported, Source::kProtocol, 1));
}

TEST_F(UefiMmTest, TheClientWantsABufferThatFits) {
  const std::vector<std::uint8_t> message(kPageSize);
  EXPECT_THAT(guest.Request(kKnown, message, Buffer(kPageSize)),
              IsStatus(svsm::Code::kBufferTooSmall, Source::kProtocol, kPageSize + 24));
  EXPECT_THAT(guest.Request(kKnown, {}, Buffer(23)),
              IsStatus(svsm::Code::kBufferTooSmall, Source::kProtocol, 24));
  const GuestBuffer askew{Plus(kFree, 8), svsm.machine.Map(Plus(kFree, 8), kPageSize)};
  EXPECT_THAT(guest.Request(kKnown, message, askew),
              IsStatus(svsm::Code::kInvalidArgument, Source::kProtocol));
  EXPECT_THAT(guest.Request(kKnown, message, Buffer(kMaxUefiMmBuffer + 1)),
              IsStatus(svsm::Code::kInvalidArgument, Source::kProtocol));
  const GuestBuffer svsms{kSvsmPage, svsm.machine.Map(kSvsmPage, 2 * kPageSize)};
  EXPECT_THAT(guest.Request(kKnown, message, svsms),
              IsStatus(svsm::Code::kInvalidArgument, Source::kProtocol, 0x80000003));
  // In place.
  Copy(Buffer().bytes.subspan(100), Bytes<2>{1, 2});
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView reply,
                            guest.Request(kKnown, Buffer().bytes.subspan(100, 2), Buffer()));
  EXPECT_THAT(reply, testing::BytesAre("0203"));
}

}  // namespace
}  // namespace svsm::protocol
