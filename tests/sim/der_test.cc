#include "src/sim/der.h"

#include "tests/sim/support.h"

namespace svsm::sim::der {
namespace {

using testing::BytesAre;

TEST(Der, IntegersAreMinimal) {
  EXPECT_THAT(Integer(0), BytesAre("020100"));
  EXPECT_THAT(Integer(0x7F), BytesAre("02017f"));
  EXPECT_THAT(Integer(0xDB), BytesAre("020200db"));
  EXPECT_THAT(Integer(0x10001), BytesAre("0203010001"));
  EXPECT_THAT(Integer(UINT64_MAX), BytesAre("020900ffffffffffffffff"));
}

TEST(Der, LengthsAreMinimal) {
  EXPECT_THAT(Tlv(kOctetString, ByteVector(2, 1)), BytesAre("04020101"));
  EXPECT_THAT(ByteView(Tlv(kOctetString, ByteVector(127))).first(2), BytesAre("047f"));
  EXPECT_THAT(ByteView(Tlv(kOctetString, ByteVector(128))).first(3), BytesAre("048180"));
  EXPECT_THAT(ByteView(Tlv(kOctetString, ByteVector(256))).first(4), BytesAre("04820100"));
}

TEST(Der, ObjectIdentifiers) {
  EXPECT_THAT(Oid({2, 5, 4, 3}), BytesAre("0603550403"));
  EXPECT_THAT(Oid({1, 2, 840, 113549, 1, 1, 10}), BytesAre("06092a864886f70d01010a"));
}

TEST(Der, BitStringsBooleansAndNull) {
  EXPECT_THAT(BitString(ByteVector{0x06}, 1), BytesAre("03020106"));
  EXPECT_THAT(Boolean(true), BytesAre("0101ff"));
  EXPECT_THAT(Null(), BytesAre("0500"));
  EXPECT_THAT(Sequence({Null(), Boolean(false)}), BytesAre("30050500010100"));
}

TEST(Der, UtcTimeCovers1950To2049) {
  EXPECT_THAT(UtcTime(1603387385), BytesAre("170d3230313032323137323330355a"));  // 201022172305Z
  EXPECT_TRUE(FitsUtcTime(-631152000));
  EXPECT_FALSE(FitsUtcTime(-631152001));
  EXPECT_TRUE(FitsUtcTime(2524607999));
  EXPECT_FALSE(FitsUtcTime(2524608000));
}

}  // namespace
}  // namespace svsm::sim::der
