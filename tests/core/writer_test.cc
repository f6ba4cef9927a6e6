#include "svsm/core/writer.h"

#include <gtest/gtest.h>

#include <vector>

#include "svsm/testing/matchers.h"

namespace svsm::wire {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOkAnd;
using ::svsm::testing::IsStatus;

void WriteSample(Writer& w) {
  w.U8(1);
  w.Be16(2);
  w.Le32(3);
  const Writer::Mark outer = w.BeginBe32Sized();
  const Writer::Mark inner = w.BeginBe16Sized();
  w.Put(Bytes<2>{0xAA, 0xBB});
  w.End(inner);
  w.Zeros(1);
  w.End(outer);
}

TEST(Writer, NestsSizedParts) {
  Bytes<64> buffer{};
  Writer w(buffer);
  WriteSample(w);
  EXPECT_THAT(w.Finish(), IsOkAnd(BytesAre("01000203000000000000050002aabb00")));
}

TEST(Writer, SaysHowMuchItWouldHaveNeededAndWritesNothingBeyond) {
  Bytes<18> guarded;
  guarded.fill(0xEE);
  for (std::size_t size = 0; size < 16; ++size) {
    Writer w(ByteSpan(guarded).first(size));
    WriteSample(w);
    EXPECT_THAT(w.Finish(), IsStatus(Code::kBufferTooSmall, Source::kCore, 16)) << size;
    EXPECT_EQ(guarded[size], 0xEE) << size;
  }
}

TEST(Writer, ASizedPartMustFitItsPrefix) {
  std::vector<std::uint8_t> buffer(70000);
  Writer w(buffer);
  w.PutBe16Sized(ByteView(buffer).first(65536));
  EXPECT_THAT(w.Finish(), IsStatus(Code::kOutOfRange, Source::kCore, 65536));
}

TEST(Writer, PutsSizedViewsAndPatches) {
  Bytes<64> buffer{};
  Writer w(buffer);
  w.Be32(0);
  w.PutBe32Sized(Bytes<1>{7});
  w.Be64(0x0102030405060708);
  w.Le16(9);
  w.Le64(10);
  w.PatchBe32(0, static_cast<std::uint32_t>(w.size()));
  EXPECT_THAT(w.Finish(),
              IsOkAnd(BytesAre("0000001b0000000107010203040506070809000a00000000000000")));
}

TEST(WriterDeathTest, PatchingBeyondWhatWasWrittenPanics) {
  Bytes<8> buffer{};
  Writer w(buffer);
  w.Be16(0);
  EXPECT_DEATH(w.PatchBe32(0, 1), "check failed");
}

}  // namespace
}  // namespace svsm::wire
