#include "svsm/protocol/guest_memory.h"

#include "tests/protocol/fixture.h"

namespace svsm::protocol {
namespace {

constexpr Gpa kTop(~std::uint64_t{0});

TEST(GuestMemory, RangesDoNotWrap) {
  EXPECT_TRUE(FitsAddressSpace(kTop, 1));
  EXPECT_FALSE(FitsAddressSpace(kTop, 2));
  EXPECT_TRUE(FitsAddressSpace(kTop, 0));
  EXPECT_TRUE(FitsAddressSpace(Gpa(0), ~std::uint64_t{0}));
  EXPECT_FALSE(FitsAddressSpace(Gpa(2), ~std::uint64_t{0}));
}

TEST(GuestMemory, OnePage) {
  EXPECT_TRUE(InOnePage(Gpa(0x1FFF), 1));
  EXPECT_FALSE(InOnePage(Gpa(0x1FFF), 2));
  EXPECT_TRUE(InOnePage(Gpa(0x1000), 0x1000));
  EXPECT_FALSE(InOnePage(Gpa(0x1000), 0x1001));
  EXPECT_FALSE(InOnePage(Gpa(0x1000), 0));
  EXPECT_FALSE(InOnePage(Gpa(0x1001), ~std::uint64_t{0}));
}

TEST(GuestMemory, Overlaps) {
  EXPECT_TRUE(Overlap(Gpa(0), 1, Gpa(0), 1));
  EXPECT_FALSE(Overlap(Gpa(0), 1, Gpa(1), 1));
  EXPECT_FALSE(Overlap(Gpa(1), 1, Gpa(0), 1));
  EXPECT_TRUE(Overlap(Gpa(0), 10, Gpa(9), 1));
  EXPECT_TRUE(Overlap(Gpa(9), 1, Gpa(0), 10));
  EXPECT_FALSE(Overlap(Gpa(5), 0, Gpa(0), 10));
  EXPECT_TRUE(Overlap(kTop, 1, Gpa(0), ~std::uint64_t{0}) == false);
  EXPECT_TRUE(Overlap(Gpa(1), ~std::uint64_t{0}, kTop, 1));
}

TEST(GuestMemory, ARangeIsTheGuestsOnlyAsAWhole) {
  const FakeMachine machine;
  EXPECT_TRUE(IsGuestRange(machine, Gpa(0), 0x1000));
  EXPECT_TRUE(IsGuestRange(machine, Gpa(1), 0x1FFF));
  EXPECT_TRUE(IsGuestRange(machine, kNowhere, 0));
  // The end of one part of its memory and the start of the next.
  EXPECT_TRUE(IsGuestRange(machine, Gpa(FakeMachine::Frame(0x200).value() - 1), 2));
  EXPECT_TRUE(IsGuestRange(machine, FakeMachine::Frame(0x1FF), 0x200000));
  EXPECT_FALSE(IsGuestRange(machine, kSvsmPage, 1));
  EXPECT_FALSE(IsGuestRange(machine, Gpa(kSvsmPage.value() - 1), 2));
  EXPECT_TRUE(IsGuestRange(machine, Gpa(kSvsmPage.value() - 1), 1));
  EXPECT_FALSE(IsGuestRange(machine, Gpa(kNowhere.value() - 1), 2));
  // From above the memory around 2^64 to its start.
  EXPECT_FALSE(IsGuestRange(machine, kTop, 2));
  EXPECT_FALSE(IsGuestRange(machine, Gpa(~std::uint64_t{0xFFF}), 0x2000));
}

TEST(GuestMemory, TheHeadOfABufferIsReadIfAllOfItIsTheGuests) {
  FakeMachine machine;
  machine.Poke(kFree, Bytes<2>{7, 8});
  Bytes<2> out{};
  EXPECT_THAT(machine.ReadHead(kFree, kPageSize, out), testing::IsOk());
  EXPECT_EQ(out, (Bytes<2>{7, 8}));
  const Gpa before_svsm(kSvsmPage.value() - 2);
  EXPECT_THAT(machine.ReadHead(before_svsm, 3, out),
              testing::IsStatus(Code::kOutOfRange, Source::kProtocol));
  EXPECT_TRUE(IsZero(out));
  EXPECT_THAT(machine.ReadHead(before_svsm, 2, out), testing::IsOk());
}

TEST(GuestMemory, PartsAreWrittenOneBehindTheOther) {
  FakeMachine machine;
  EXPECT_THAT(machine.WriteParts(kFree, Bytes<2>{1, 2}, Bytes<1>{3}), testing::IsOk());
  EXPECT_THAT(machine.Map(kFree, 4), testing::BytesAre("01020300"));
  EXPECT_THAT(machine.WriteParts(Gpa(kSvsmPage.value() - 2), Bytes<2>{1, 2}, Bytes<1>{3}),
              testing::IsStatus(Code::kOutOfRange, Source::kCaller));
  EXPECT_THAT(machine.WriteParts(Gpa(kTop.value() - 1), {}, Bytes<3>{}),
              testing::IsStatus(Code::kOutOfRange, Source::kProtocol));
}

}  // namespace
}  // namespace svsm::protocol
