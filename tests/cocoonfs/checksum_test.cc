#include "cocoonfs/checksum.h"

#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::BytesAre;

TEST(ChecksumTest, IsCrc32OfPlainAndSwappedBits) {
  Checksum checksum;
  checksum.Update(Ascii("123456789"));
  // The first half is the CRC-32 check value 0xCBF43926.
  EXPECT_THAT(ByteView(checksum.Finish()).first(4), BytesAre("2639f4cb"));
  // '1' = 0x31 with odd and even bits swapped is 0x32 = '2', and so on.
  Checksum again;
  Bytes<9> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned c = Ascii("123456789")[i];
    bytes[i] = static_cast<std::uint8_t>((c & 0xAA) >> 1 | (c & 0x55) << 1);
  }
  again.Update(bytes);
  EXPECT_TRUE(Equal(ByteView(again.Finish()).first(4), ByteView(checksum.Finish()).last(4)));
}

TEST(ChecksumTest, PiecesDoNotMatter) {
  Bytes<300> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  Checksum whole;
  whole.Update(bytes);
  Checksum pieces;
  pieces.Update(ByteView(bytes).first(1));
  pieces.Update(ByteView(bytes).subspan(1, 130));
  pieces.Update(ByteView(bytes).subspan(131));
  EXPECT_EQ(whole.Finish(), pieces.Finish());
  Bytes<200> zeros{};
  Checksum a, b;
  a.Update(zeros);
  b.UpdateZeros(200);
  EXPECT_EQ(a.Finish(), b.Finish());
}

}  // namespace
}  // namespace svsm::cocoonfs
