#include "svsm/core/bytes.h"

#include <gtest/gtest.h>

namespace svsm {
namespace {

TEST(Bytes, CopyAllowsOverlap) {
  Bytes<5> bytes = {1, 2, 3, 4, 5};
  Copy(ByteSpan(bytes).subspan(1), ByteView(bytes).first(4));
  EXPECT_EQ(bytes, (Bytes<5>{1, 1, 2, 3, 4}));
}

TEST(BytesDeathTest, CopyIntoAShorterSpanPanics) {
  Bytes<2> to{};
  const Bytes<3> from{};
  EXPECT_DEATH(Copy(to, from), "check failed");
}

TEST(Bytes, EqualComparesLengthAndBytes) {
  const Bytes<3> a = {1, 2, 3};
  const Bytes<3> b = {1, 2, 4};
  for (const auto equal : {&Equal, &ConstantTimeEqual}) {
    EXPECT_TRUE(equal(a, a));
    EXPECT_FALSE(equal(a, b));
    EXPECT_FALSE(equal(a, ByteView(a).first(2)));
    EXPECT_TRUE(equal(ByteView(), ByteView()));
  }
}

TEST(Bytes, IsZeroSeesEveryByte) {
  Bytes<9> bytes{};
  EXPECT_TRUE(IsZero(bytes));
  EXPECT_TRUE(IsZero({}));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = 0x80;
    EXPECT_FALSE(IsZero(bytes)) << i;
    bytes[i] = 0;
  }
}

TEST(Bytes, FillAndWipe) {
  Bytes<4> bytes{};
  Fill(bytes, 7);
  EXPECT_EQ(bytes, (Bytes<4>{7, 7, 7, 7}));
  Wipe(ByteSpan(bytes).first(3));
  EXPECT_EQ(bytes, (Bytes<4>{0, 0, 0, 7}));
}

TEST(Bytes, AsciiLeavesTheNulOut) { EXPECT_EQ(Ascii("ab"), (Bytes<2>{'a', 'b'})); }

}  // namespace
}  // namespace svsm
