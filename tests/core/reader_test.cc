#include "svsm/core/reader.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"

namespace svsm::wire {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;

constexpr Bytes<15> kIn = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

TEST(Reader, ReadsBothByteOrders) {
  Reader r(kIn);
  EXPECT_EQ(r.U8(), 1);
  EXPECT_EQ(r.Be16(), 0x0203);
  EXPECT_EQ(r.Le32(), 0x07060504u);
  EXPECT_EQ(r.Be64(), 0x08090A0B0C0D0E0Fu);
  EXPECT_THAT(r.Finish(), IsOk());
  Reader s(kIn);
  EXPECT_EQ(s.Le16(), 0x0201);
  EXPECT_EQ(s.Be32(), 0x03040506u);
  EXPECT_EQ(s.Le64(), 0x0E0D0C0B0A090807u);
  EXPECT_EQ(s.remaining(), 1u);
}

TEST(Reader, TheFirstFailureSticks) {
  Reader r(kIn);
  EXPECT_EQ(r.Take(14).size(), 14u);
  EXPECT_EQ(r.Be16(), 0);
  EXPECT_EQ(r.U8(), 0);
  EXPECT_EQ(r.remaining(), 0u);
  EXPECT_TRUE(r.Rest().empty());
  EXPECT_FALSE(r.ok());
  r.Fail(Status(Code::kUnsupported, Source::kCaller));
  EXPECT_THAT(r.Finish(), IsStatus(Code::kTruncated, Source::kCore, 14));
}

TEST(Reader, FinishRefusesWhatIsLeftOver) {
  Reader r(kIn);
  r.Skip(14);
  EXPECT_THAT(r.Finish(), IsStatus(Code::kMalformed, Source::kCore, 14));
}

TEST(Reader, TakesTheCallersVerdict) {
  Reader r(kIn);
  r.Skip(3);
  r.Require(true);
  EXPECT_TRUE(r.ok());
  r.Require(false);
  EXPECT_THAT(r.status(), IsStatus(Code::kMalformed, Source::kCore, 3));
}

TEST(Reader, CopyToZeroesAfterFailure) {
  Reader r(kIn);
  Bytes<16> out;
  out.fill(9);
  r.CopyTo(out);
  EXPECT_TRUE(IsZero(out));
  EXPECT_THAT(r.Finish(), IsStatus(Code::kTruncated, Source::kCore, 0));
}

TEST(Reader, TakesSizedViews) {
  const Bytes<9> in = {0, 1, 0xAA, 0, 0, 0, 2, 0xBB, 0xCC};
  Reader r(in);
  EXPECT_THAT(r.TakeBe16Sized(), BytesAre("aa"));
  EXPECT_THAT(r.TakeBe32Sized(), BytesAre("bbcc"));
  EXPECT_THAT(r.Finish(), IsOk());
}

TEST(Reader, AHugeLengthIsTruncationNotOverflow) {
  Reader r(kIn);
  r.Skip(1);
  EXPECT_TRUE(r.Take(SIZE_MAX).empty());
  EXPECT_THAT(r.Finish(), IsStatus(Code::kTruncated, Source::kCore, 1));
}

}  // namespace
}  // namespace svsm::wire
