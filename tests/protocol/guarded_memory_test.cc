// Covers: svsm/protocol/guest_memory.h
#include "protocol/guarded_memory.h"

#include "tests/protocol/fixture.h"

namespace svsm::protocol::internal {
namespace {

using testing::IsOk;
using testing::IsStatus;

struct GuardedMemoryTest : ::testing::Test {
  Svsm svsm{{}, Svsm::kDeposits};
  GuardedMemory memory{svsm.machine, svsm.vcpus, kArea0};
};

TEST_F(GuardedMemoryTest, PassesOnWhatIsTheGuests) {
  EXPECT_THAT(memory.Write(kFree, Bytes<3>{1, 2, 3}), IsOk());
  Bytes<3> out{};
  EXPECT_THAT(memory.Read(kFree, out), IsOk());
  EXPECT_THAT(out, testing::BytesAre("010203"));
}

TEST_F(GuardedMemoryTest, AVmsaCountsAsTheSvsms) {
  EXPECT_EQ(memory.Classify(kVmsa0), PageKind::kSvsm);
  EXPECT_EQ(memory.Classify(kVmsa1), PageKind::kGuest);
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  EXPECT_EQ(memory.Classify(kVmsa1), PageKind::kSvsm);
  EXPECT_EQ(memory.Classify(kNowhere), PageKind::kUnmapped);
}

TEST_F(GuardedMemoryTest, RefusesEveryRangeThatTouchesAVmsa) {
  const auto refused = IsStatus(Code::kOutOfRange, Source::kProtocol);
  Bytes<2> two = {1, 1};
  EXPECT_THAT(memory.Read(Plus(kVmsa0, 4095), two), refused);
  EXPECT_TRUE(IsZero(two));
  EXPECT_THAT(memory.Write(Gpa(kVmsa0.value() - 1), two), refused);
  EXPECT_THAT(memory.Write(kVmsa0, {}), IsOk());
}

TEST_F(GuardedMemoryTest, TheHeadOfTheCallingAreaIsTheDispatchers) {
  const auto refused = IsStatus(Code::kOutOfRange, Source::kProtocol);
  Bytes<2> two{};
  EXPECT_THAT(memory.Read(kArea0, two), refused);
  EXPECT_THAT(memory.Write(Plus(kArea0, 7), two), refused);
  EXPECT_THAT(memory.Write(Plus(kArea0, 8), two), IsOk());
  EXPECT_THAT(memory.Write(kArea1, two), IsOk());
}

TEST_F(GuardedMemoryTest, RefusesWhatWasDeposited) {
  const auto refused = IsStatus(Code::kOutOfRange, Source::kProtocol);
  ASSERT_THAT(svsm.vcpus.pool().AddLocked(kFree, PageSize::k4K, kVmsa0), IsOk());
  Bytes<2> two{};
  EXPECT_EQ(memory.Classify(kFree), PageKind::kSvsm);
  EXPECT_THAT(memory.Read(Plus(kFree, 4095), two), refused);
  EXPECT_THAT(memory.Write(Gpa(kFree.value() - 1), two), refused);
}

TEST_F(GuardedMemoryTest, GuardsHeadsAndPartsAlike) {
  const auto refused = IsStatus(Code::kOutOfRange, Source::kProtocol);
  Bytes<4> four = {1, 2, 3, 4};
  EXPECT_THAT(memory.WriteParts(kFree, ByteView(four).first(1), ByteView(four).last(2)), IsOk());
  EXPECT_THAT(svsm.machine.Map(kFree, 4), testing::BytesAre("01030400"));
  EXPECT_THAT(memory.ReadHead(kFree, 4, four), IsOk());
  EXPECT_EQ(four, (Bytes<4>{1, 3, 4, 0}));
  // Of the buffer, the head may not touch the dispatcher's bytes, and nothing a VMSA.
  EXPECT_THAT(memory.ReadHead(Plus(kArea0, 4), kPageSize, four), refused);
  EXPECT_TRUE(IsZero(four));
  EXPECT_THAT(memory.ReadHead(kFree, 3, four), refused);
  const Gpa before_vmsa(kVmsa0.value() - 4);
  EXPECT_THAT(memory.ReadHead(before_vmsa, 4, four), IsOk());
  EXPECT_THAT(memory.ReadHead(before_vmsa, 5, four), refused);
  EXPECT_THAT(memory.WriteParts(before_vmsa, four, ByteView(four).first(1)), refused);
  EXPECT_THAT(memory.WriteParts(kArea0, {}, four), refused);
}

TEST_F(GuardedMemoryTest, HandsOnFaults) {
  svsm.machine.page(0x40).faults = true;
  Bytes<1> byte{};
  EXPECT_THAT(memory.Read(kFree, byte), IsStatus(Code::kOutOfRange, Source::kCaller));
  EXPECT_THAT(memory.Write(kFree, byte), IsStatus(Code::kOutOfRange, Source::kCaller));
}

}  // namespace
}  // namespace svsm::protocol::internal
