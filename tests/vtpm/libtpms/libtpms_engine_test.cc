// Covers: svsm/vtpm/engine.h
// Covers: svsm/vtpm/libtpms_engine.h
#include "svsm/vtpm/libtpms_engine.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "svsm/evidence/ek_template.h"
#include "svsm/testing/matchers.h"
#include "tests/vtpm/test_tpm.h"

namespace svsm::vtpm {
namespace {

using testing::BytesAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

constexpr char kFailureResponse[] = "80010000000a00000101";
constexpr char kSizeResponse[] = "80010000000a00000142";
constexpr std::uint32_t kRcLocality = 0x907;

// NV_DefineSpace of an index of 8 bytes: a command that is to last.
Result<ByteView> Define(std::uint32_t index, ByteSpan out) {
  return BuildNvDefineSpace(
      {index, evidence::TpmAlg::kSha256, kNvPlatformCreate | kNvPpWrite | kNvAuthRead | kNvNoDa, 8},
      out);
}

class LibtpmsEngineTest : public ::testing::Test {
 protected:
  LibtpmsEngine& engine() { return tpm_.engine(); }
  ByteVector State(StateKind kind) {
    ByteVector blob(1 << 20);
    const auto size = engine().GetState(kind, blob);
    EXPECT_THAT(size, IsOk());
    blob.resize(size.ok() ? *size : 0);
    return blob;
  }
  bool HasNvIndex(std::uint32_t index) {
    return tpm_.Code(BuildNvReadPublic(index, tpm_.command)) == kTpmRcSuccess;
  }
  std::uint32_t Extend(std::uint32_t pcr, std::uint8_t locality) {
    const Bytes<32> value{1};
    const PcrDigest digest{evidence::TpmAlg::kSha256, value};
    const auto command = BuildPcrExtend(pcr, {&digest, 1}, tpm_.command);
    EXPECT_THAT(command, IsOk());
    const auto code = ResponseCode(tpm_.Run(*command, locality));
    return code.ok() ? *code : 0xFFFFFFFF;
  }

  FaultStore store_;
  TestTpm tpm_{store_};
};

TEST_F(LibtpmsEngineTest, OnlyOneLives) {
  MemoryStateStore other;
  EXPECT_THAT(LibtpmsEngine::Create(other, tpm_.rng),
              IsStatus(Code::kAlreadyExists, Source::kVtpm));
}

TEST(LibtpmsEngineLifeTest, OneMayFollowAnother) {
  MemoryStateStore store;
  { TestTpm first(store); }
  TestTpm second(store);
  second.Start();
}

TEST_F(LibtpmsEngineTest, WithoutPowerEveryCommandFails) {
  EXPECT_FALSE(engine().powered());
  const auto startup = BuildStartup(StartupKind::kClear, tpm_.command);
  EXPECT_THAT(tpm_.Run(startup), BytesAre(kFailureResponse));
  EXPECT_THAT(tpm_.Run(ByteView()), BytesAre(kFailureResponse));
  tpm_.Start();
  engine().PowerOff();
  engine().PowerOff();
  const std::uint64_t writes = store_.writes;
  EXPECT_THAT(tpm_.Run(startup), BytesAre(kFailureResponse));
  EXPECT_EQ(store_.writes, writes);
}

TEST_F(LibtpmsEngineTest, WithoutPowerNothingElseWorksThatNeedsIt) {
  const Status no_power(Code::kFailedPrecondition, Source::kVtpm);
  Bytes<16> out;
  EXPECT_EQ(engine().GetState(StateKind::kVolatile, out).status(), no_power);
  EXPECT_EQ(engine().StoreVolatile(), no_power);
  EXPECT_EQ(engine().HashStart(), no_power);
  EXPECT_EQ(engine().HashData(out), no_power);
  EXPECT_EQ(engine().HashEnd(), no_power);
  EXPECT_EQ(engine().TpmEstablished().status(), no_power);
  EXPECT_EQ(engine().ResetTpmEstablished(4), no_power);
}

TEST_F(LibtpmsEngineTest, ABlankTpmIsStoredAndHasFourBanks) {
  tpm_.Start();
  EXPECT_GT(store_.Blob("tpm2.permanent").size(), 1000u);
  EXPECT_THAT(ParseGetPcrBanks(tpm_.Run(BuildGetPcrBanks(tpm_.command))), IsOkAnd(kAllPcrBanks));
}

TEST_F(LibtpmsEngineTest, WantsStartupAfterEachPowerOn) {
  tpm_.PowerOn();
  EXPECT_EQ(tpm_.Code(BuildGetRandom(8, tpm_.command)), kTpmRcInitialize);
  tpm_.Start();
  EXPECT_EQ(tpm_.Code(BuildGetRandom(8, tpm_.command)), kTpmRcSuccess);
}

TEST_F(LibtpmsEngineTest, ChecksItsArguments) {
  tpm_.Start();
  const auto command = BuildGetRandom(8, tpm_.command);
  ASSERT_THAT(command, IsOk());
  EXPECT_THAT(engine().Execute(5, *command, tpm_.response),
              IsStatus(Code::kInvalidArgument, Source::kVtpm));
  EXPECT_THAT(engine().Execute(0, *command, ByteSpan(tpm_.response).first(4095)),
              IsStatus(Code::kBufferTooSmall, Source::kVtpm, 4096));
}

TEST_F(LibtpmsEngineTest, TouchesNothingBehindTheResponse) {
  tpm_.Start();
  tpm_.response.fill(0xEE);
  const std::size_t size = tpm_.Run(BuildGetRandom(8, tpm_.command)).size();
  EXPECT_EQ(size, 20u);
  for (std::size_t i = size; i < tpm_.response.size(); ++i) ASSERT_EQ(tpm_.response[i], 0xEE);
}

TEST_F(LibtpmsEngineTest, AnswersCommandsOfWrongSize) {
  tpm_.Start();
  const ByteVector large(4097, 0x80);
  EXPECT_THAT(tpm_.Run(ByteView(large)), BytesAre(kSizeResponse));
  constexpr std::uint32_t kInsufficient = 0x9A;
  EXPECT_EQ(tpm_.CodeOfHex(""), kInsufficient);
  EXPECT_EQ(tpm_.CodeOfHex("8001"), kInsufficient);
  EXPECT_EQ(tpm_.CodeOfHex("80010000000a000001"), kTpmRcCommandSize);
  EXPECT_EQ(tpm_.CodeOfHex("80010000000b0000017b"), kTpmRcCommandSize);
  EXPECT_EQ(tpm_.CodeOfHex("80010000000a0000017b00"), kTpmRcCommandSize);
}

TEST_F(LibtpmsEngineTest, CommandsHaveALocality) {
  tpm_.Start();
  EXPECT_EQ(Extend(17, 0), kRcLocality);
  EXPECT_EQ(Extend(17, 3), 0u);
  EXPECT_EQ(Extend(17, 1), kRcLocality);
}

TEST_F(LibtpmsEngineTest, WhatWasStoredIsThereAfterAPowerCycle) {
  tpm_.Start();
  ASSERT_EQ(tpm_.Code(Define(0x01C10001, tpm_.command)), 0u);
  ASSERT_EQ(tpm_.Code(BuildPcrAllocate(kPcrBankSha384, tpm_.command)), 0u);
  tpm_.Start();
  EXPECT_TRUE(HasNvIndex(0x01C10001));
  EXPECT_THAT(ParseGetPcrBanks(tpm_.Run(BuildGetPcrBanks(tpm_.command))), IsOkAnd(kPcrBankSha384));
}

// The command that cannot be stored is not done, nor is any later one; a power cycle finds the old
// state or the new.
class StoreFaultTest : public LibtpmsEngineTest,
                       public ::testing::WithParamInterface<FaultStore::Fault> {};

TEST_P(StoreFaultTest, AFailingStoreNeverAnswersACommandAsDone) {
  tpm_.Start();
  ASSERT_EQ(tpm_.Code(Define(0x01C10001, tpm_.command)), 0u);
  for (std::uint32_t write = 0; write < 6; ++write) {
    store_.fault = FaultStore::Fault::kNone;
    tpm_.Start();
    const ByteVector before = store_.Blob("tpm2.permanent");
    store_.fault = GetParam();
    store_.fail_from = store_.writes + 1 + write;
    std::uint32_t done = 0;
    std::uint32_t index = 0x01C20000 + 0x100 * write;
    while (done < 10 && tpm_.Code(Define(index + done, tpm_.command)) == 0) ++done;
    EXPECT_EQ(done, write);
    EXPECT_THAT(engine().failure(), IsStatus(Code::kIoError, Source::kCaller, 5));
    store_.fault = FaultStore::Fault::kNone;
    const std::uint64_t writes = store_.writes;
    EXPECT_EQ(tpm_.Code(BuildGetRandom(8, tpm_.command)), kTpmRcFailure);
    EXPECT_EQ(tpm_.Code(Define(index + done + 1, tpm_.command)), kTpmRcFailure);
    EXPECT_EQ(store_.writes, writes);
    if (write == 0 && GetParam() == FaultStore::Fault::kBefore) {
      EXPECT_EQ(store_.Blob("tpm2.permanent"), before);
    }
    tpm_.Start();
    EXPECT_THAT(engine().failure(), IsOk());
    EXPECT_TRUE(HasNvIndex(0x01C10001));
    for (std::uint32_t i = 0; i < done; ++i) EXPECT_TRUE(HasNvIndex(index + i));
    EXPECT_EQ(HasNvIndex(index + done), GetParam() == FaultStore::Fault::kAfter);
    EXPECT_FALSE(HasNvIndex(index + done + 1));
  }
}

TEST_P(StoreFaultTest, ABlankTpmThatCannotBeStoredHasNoPower) {
  store_.fault = GetParam();
  EXPECT_THAT(engine().PowerOn(StoredVolatile::kDelete),
              IsStatus(Code::kIoError, Source::kCaller, 5));
  EXPECT_FALSE(engine().powered());
  store_.fault = FaultStore::Fault::kNone;
  tpm_.Start();
}

INSTANTIATE_TEST_SUITE_P(Faults, StoreFaultTest,
                         ::testing::Values(FaultStore::Fault::kBefore, FaultStore::Fault::kAfter));

TEST_F(LibtpmsEngineTest, TellsWhatBecameOfThePermanentState) {
  tpm_.Start();
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kMatters);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kNone);
  ASSERT_EQ(Extend(3, 0), 0u);
  ASSERT_EQ(tpm_.Code(BuildGetRandom(8, tpm_.command)), 0u);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kNone);
  ASSERT_EQ(tpm_.Code(Define(0x01C10001, tpm_.command)), 0u);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kMatters);
  const auto write = [&](std::uint8_t value) {
    return tpm_.Code(BuildNvWrite(0x01C10001, Bytes<8>{value}, 0, tpm_.command));
  };
  ASSERT_EQ(write(1), 0u);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kMatters);
  ASSERT_EQ(tpm_.Code(BuildNvRead(0x01C10001, 8, 0, tpm_.command)), 0u);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kNone);
  // TPM2_ClockSet by the owner, to 2^32 ms; libtpms stores that with what it stores next.
  ASSERT_EQ(tpm_.CodeOfHex("8002000000230000012840000001"
                           "000000094000000900000000000000000100000000"),
            0u);
  // TPM2_HierarchyChangeAuth of the owner's, to what it is.
  constexpr char kSameAuth[] =
      "80020000001d0000012940000001"
      "000000094000000900000000000000";
  ASSERT_EQ(tpm_.CodeOfHex(kSameAuth), 0u);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kPlain);
  ASSERT_EQ(tpm_.CodeOfHex(kSameAuth), 0u);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kNone);
  ASSERT_EQ(write(2), 0u);
  ASSERT_EQ(write(2), 0u);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kMatters);
  store_.fault = FaultStore::Fault::kBefore;
  EXPECT_EQ(write(3), kTpmRcFailure);
  EXPECT_EQ(engine().TakeStateChange(), StateChange::kMatters);
}

TEST_F(LibtpmsEngineTest, AStoreThatCannotBeReadIsNotFormattedAnew) {
  tpm_.Start();
  engine().PowerOff();
  const ByteVector blob = store_.Blob("tpm2.permanent");
  const std::uint64_t writes = store_.writes;
  for (const Code code : {Code::kAuthFailed, Code::kIoError, Code::kDataLoss, Code::kOutOfMemory}) {
    store_.read_fault = Status(code, Source::kSealedFile, 7);
    EXPECT_THAT(engine().PowerOn(StoredVolatile::kDelete), IsStatus(code, Source::kSealedFile, 7));
    EXPECT_FALSE(engine().powered());
  }
  store_.read_fault = OkStatus();
  EXPECT_EQ(store_.Blob("tpm2.permanent"), blob);
  EXPECT_EQ(store_.writes, writes);
  tpm_.Start();
}

TEST_F(LibtpmsEngineTest, ADamagedStateIsLeftAsItIs) {
  tpm_.Start();
  engine().PowerOff();
  const ByteVector good = store_.Blob("tpm2.permanent");
  std::vector<ByteVector> bad = {{}, {1, 2, 3}, ByteVector(good.size(), 0xA5), good};
  bad.back().resize(good.size() / 2);
  for (const ByteVector& blob : bad) {
    ASSERT_THAT(store_.store.Write("tpm2.permanent", blob), IsOk());
    const Status status = engine().PowerOn(StoredVolatile::kDelete);
    EXPECT_EQ(status.code(), Code::kDataLoss);
    EXPECT_EQ(status.source(), Source::kVtpm);
    EXPECT_FALSE(engine().powered());
    EXPECT_EQ(store_.Blob("tpm2.permanent"), blob);
  }
  ASSERT_THAT(store_.store.Write("tpm2.permanent", good), IsOk());
  tpm_.Start();
}

// In a process of its own, for libtpms frees nothing when it jumps out of a command into failure
// mode.
TEST_F(LibtpmsEngineTest, ABrokenRngFailsTheCommandAndStoresNothing) {
  const auto test = [this] {
    tpm_.Start();
    const ByteVector blob = store_.Blob("tpm2.permanent");
    tpm_.rng.status = Status(Code::kExhausted, Source::kCrypto);
    Bytes<512> buffer;
    const auto tmpl = evidence::BuildTpmtPublic(
        evidence::TemplatePublic(evidence::KeyTemplate::kSrkP256), buffer);
    ASSERT_THAT(tmpl, IsOk());
    EXPECT_EQ(tpm_.Code(BuildCreatePrimary(kTpmRhOwner, *tmpl, tpm_.command)), kTpmRcFailure);
    EXPECT_THAT(engine().failure(), IsStatus(Code::kExhausted, Source::kCrypto));
    tpm_.rng.status = OkStatus();
    EXPECT_EQ(tpm_.Code(Define(0x01C10001, tpm_.command)), kTpmRcFailure);
    EXPECT_EQ(store_.Blob("tpm2.permanent"), blob);
    tpm_.Start();
  };
  EXPECT_EXIT(
      {
        test();
        _exit(HasFailure() ? 1 : 0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(LibtpmsEngineTest, ABrokenRngMakesNoBlankTpm) {
  tpm_.rng.status = Status(Code::kExhausted, Source::kCrypto);
  EXPECT_THAT(engine().PowerOn(StoredVolatile::kDelete),
              IsStatus(Code::kExhausted, Source::kCrypto));
  EXPECT_FALSE(engine().powered());
  EXPECT_EQ(store_.Blob("tpm2.permanent").size(), 0u);
}

TEST_F(LibtpmsEngineTest, StoredVolatileStateResumesTheTpm) {
  tpm_.Start();
  ASSERT_EQ(Extend(3, 0), 0u);
  const std::string pcr = tpm_.Pcr(3);
  ASSERT_THAT(engine().StoreVolatile(), IsOk());
  ASSERT_EQ(Extend(3, 0), 0u);
  // Resumes each time while it is kept.
  for (const StoredVolatile after : {StoredVolatile::kKeep, StoredVolatile::kDelete}) {
    ASSERT_THAT(engine().PowerOn(after), IsOk());
    EXPECT_EQ(tpm_.Code(BuildStartup(StartupKind::kClear, tpm_.command)), kTpmRcInitialize);
    EXPECT_EQ(tpm_.Pcr(3), pcr);
  }
  tpm_.Start();
  EXPECT_EQ(tpm_.Pcr(3), std::string(64, '0'));
}

TEST_F(LibtpmsEngineTest, AFailingStoreIsToldByStoreVolatile) {
  tpm_.Start();
  store_.fault = FaultStore::Fault::kBefore;
  EXPECT_THAT(engine().StoreVolatile(), IsStatus(Code::kIoError, Source::kCaller, 5));
}

TEST_F(LibtpmsEngineTest, ShutdownStateKeepsThePcrs) {
  tpm_.Start();
  ASSERT_EQ(Extend(3, 0), 0u);
  const std::string pcr = tpm_.Pcr(3);
  ASSERT_EQ(tpm_.Code(BuildShutdown(StartupKind::kState, tpm_.command)), 0u);
  tpm_.PowerOn();
  ASSERT_EQ(tpm_.Code(BuildStartup(StartupKind::kState, tpm_.command)), 0u);
  EXPECT_EQ(tpm_.Pcr(3), pcr);
}

TEST_F(LibtpmsEngineTest, ARunningTpmMovesWithItsBlobs) {
  tpm_.Start();
  ASSERT_EQ(tpm_.Code(Define(0x01C10001, tpm_.command)), 0u);
  ASSERT_EQ(Extend(3, 0), 0u);
  const std::string pcr = tpm_.Pcr(3);
  const ByteVector permanent = State(StateKind::kPermanent);
  const ByteVector running = State(StateKind::kVolatile);
  engine().PowerOff();
  ASSERT_THAT(store_.Remove("tpm2.permanent"), IsOk());
  tpm_.Start();  // another TPM
  ASSERT_FALSE(HasNvIndex(0x01C10001));
  EXPECT_THAT(engine().SetState(StateKind::kPermanent, permanent),
              IsStatus(Code::kFailedPrecondition, Source::kVtpm));
  engine().PowerOff();
  ASSERT_THAT(engine().SetState(StateKind::kPermanent, permanent), IsOk());
  ASSERT_THAT(engine().SetState(StateKind::kVolatile, running), IsOk());
  ASSERT_THAT(engine().SetState(StateKind::kSave, {}), IsOk());
  tpm_.PowerOn();
  EXPECT_EQ(tpm_.Code(BuildStartup(StartupKind::kClear, tpm_.command)), kTpmRcInitialize);
  EXPECT_EQ(tpm_.Pcr(3), pcr);
  EXPECT_TRUE(HasNvIndex(0x01C10001));
  // It is what the store holds from now on.
  tpm_.Start();
  EXPECT_TRUE(HasNvIndex(0x01C10001));
}

TEST_F(LibtpmsEngineTest, RefusesGarbageForStateAndGoesOnWithTheOldOne) {
  tpm_.Start();
  ASSERT_EQ(tpm_.Code(Define(0x01C10001, tpm_.command)), 0u);
  const ByteVector good = State(StateKind::kPermanent);
  engine().PowerOff();
  const ByteVector garbage(100, 0x5A);
  for (const StateKind kind : {StateKind::kPermanent, StateKind::kVolatile, StateKind::kSave}) {
    ASSERT_THAT(engine().SetState(StateKind::kPermanent, good), IsOk());
    EXPECT_THAT(engine().SetState(kind, garbage), IsStatus(Code::kMalformed, Source::kVtpm));
    tpm_.Start();
    EXPECT_TRUE(HasNvIndex(0x01C10001));
    engine().PowerOff();
  }
}

TEST_F(LibtpmsEngineTest, StateIsReadWithoutPowerToo) {
  Bytes<16> small;
  EXPECT_THAT(engine().GetState(StateKind::kPermanent, small).status().code(), Code::kNotFound);
  tpm_.Start();
  EXPECT_THAT(engine().GetState(StateKind::kSave, small), IsStatus(Code::kNotFound, Source::kVtpm));
  const ByteVector running = State(StateKind::kPermanent);
  EXPECT_THAT(engine().GetState(StateKind::kPermanent, small),
              IsStatus(Code::kBufferTooSmall, Source::kVtpm, running.size()));
  engine().PowerOff();
  EXPECT_EQ(State(StateKind::kPermanent), store_.Blob("tpm2.permanent"));
}

TEST_F(LibtpmsEngineTest, BufferSizeIsClippedAndNeedsNoPower) {
  EXPECT_EQ(engine().buffer_sizes().current, 4096u);
  SVSM_ASSERT_OK_AND_ASSIGN(BufferSizes sizes, engine().SetBufferSize(3000));
  EXPECT_EQ(sizes.current, 3000u);
  EXPECT_EQ(sizes.min, 2808u);
  EXPECT_EQ(sizes.max, 4096u);
  SVSM_ASSERT_OK_AND_ASSIGN(sizes, engine().SetBufferSize(0));
  EXPECT_EQ(sizes.current, 2808u);
  tpm_.Start();
  const ByteVector large(2809, 0x80);
  EXPECT_THAT(tpm_.Run(ByteView(large)), BytesAre(kSizeResponse));
  EXPECT_THAT(engine().SetBufferSize(4096), IsStatus(Code::kFailedPrecondition, Source::kVtpm));
  engine().PowerOff();
  SVSM_ASSERT_OK_AND_ASSIGN(sizes, engine().SetBufferSize(1 << 20));
  EXPECT_EQ(sizes.current, 4096u);
}

TEST_F(LibtpmsEngineTest, DrtmSequenceMeasuresIntoPcr17) {
  tpm_.Start();
  EXPECT_THAT(engine().TpmEstablished(), IsOkAnd(false));
  const std::string before = tpm_.Pcr(17);
  ASSERT_THAT(engine().HashStart(), IsOk());
  ASSERT_THAT(engine().HashData(AsBytes("data ")), IsOk());
  ASSERT_THAT(engine().HashData(AsBytes("in pieces")), IsOk());
  ASSERT_THAT(engine().HashEnd(), IsOk());
  EXPECT_NE(tpm_.Pcr(17), before);
  EXPECT_THAT(engine().TpmEstablished(), IsOkAnd(true));
  EXPECT_THAT(engine().ResetTpmEstablished(2), IsStatus(Code::kPermissionDenied, Source::kVtpm));
  EXPECT_THAT(engine().ResetTpmEstablished(3), IsOk());
  EXPECT_THAT(engine().TpmEstablished(), IsOkAnd(false));
}

TEST_F(LibtpmsEngineTest, CancelHurtsNobody) {
  engine().Cancel();
  tpm_.Start();
  engine().Cancel();
  EXPECT_EQ(tpm_.Code(BuildGetRandom(8, tpm_.command)), 0u);
}

TEST_F(LibtpmsEngineTest, DescribesItself) {
  EXPECT_THAT(engine().Info(3), HasSubstr("\"TPMSpecification\""));
  EXPECT_THAT(engine().Info(2), HasSubstr("\"TPMAttributes\""));
}

}  // namespace
}  // namespace svsm::vtpm
