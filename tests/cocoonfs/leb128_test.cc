#include "cocoonfs/leb128.h"

#include <gtest/gtest.h>

#include <vector>

#include "support.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;

TEST(Leb128, ComesBackAndHasItsShortestSize) {
  TestAllocator allocator;
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t offset :
         {~std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{0}, std::uint64_t{1}}) {
      for (const std::uint64_t value :
           {(std::uint64_t{1} << bit) + offset, 0 - ((std::uint64_t{1} << bit) + offset)}) {
        Vec<std::uint8_t> out(allocator);
        ASSERT_THAT(AppendUnsignedLeb128(value, out), IsOk());
        EXPECT_EQ(out.size(), UnsignedLeb128Size(value));
        Leb128Reader reader(out.view());
        EXPECT_EQ(reader.Unsigned(), value);
        EXPECT_TRUE(reader.ok());
        EXPECT_EQ(reader.remaining(), 0u);

        out.Clear();
        ASSERT_THAT(AppendSignedLeb128(value, out), IsOk());
        EXPECT_EQ(out.size(), SignedLeb128Size(value));
        Leb128Reader signed_reader(out.view());
        EXPECT_EQ(signed_reader.Signed(), value);
        EXPECT_TRUE(signed_reader.ok());
      }
    }
  }
}

TEST(Leb128, KnowsTheTextbookExamples) {
  TestAllocator allocator;
  Vec<std::uint8_t> out(allocator);
  ASSERT_THAT(AppendUnsignedLeb128(624485, out), IsOk());
  EXPECT_THAT(out.view(), testing::BytesAre("e58e26"));
  out.Clear();
  ASSERT_THAT(AppendSignedLeb128(static_cast<std::uint64_t>(-123456), out), IsOk());
  EXPECT_THAT(out.view(), testing::BytesAre("c0bb78"));
  out.Clear();
  ASSERT_THAT(AppendSignedLeb128(63, out), IsOk());
  ASSERT_THAT(AppendSignedLeb128(64, out), IsOk());
  ASSERT_THAT(AppendSignedLeb128(static_cast<std::uint64_t>(-64), out), IsOk());
  EXPECT_THAT(out.view(), testing::BytesAre("3fc00040"));
}

TEST(Leb128, RefusesWhatIsCutLongOrWide) {
  const std::vector<std::vector<std::uint8_t>> bad_unsigned = {
      {},
      {0x80},
      {0x80, 0x00},
      {0xFF, 0x80, 0x00},
      {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02},
      {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}};
  for (const auto& bytes : bad_unsigned) {
    Leb128Reader reader(bytes);
    EXPECT_EQ(reader.Unsigned(), 0u);
    EXPECT_FALSE(reader.ok());
    EXPECT_EQ(reader.remaining(), 0u);
    EXPECT_TRUE(reader.Take(0).empty());
  }
  const std::vector<std::vector<std::uint8_t>> bad_signed = {
      {},
      {0x80},
      {0x80, 0x00},
      {0xFF, 0x7F},
      {0xBF, 0x00, 0x00},
      {0x80, 0x80},
      {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01},
      {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F}};
  for (const auto& bytes : bad_signed) {
    Leb128Reader reader(bytes);
    (void)reader.Signed();
    EXPECT_TRUE(!reader.ok() || reader.remaining() != 0);
  }
}

}  // namespace
}  // namespace svsm::cocoonfs
