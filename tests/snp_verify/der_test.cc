#include "src/snp/verify/der.h"

#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp::der {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;

ByteVector Hex(std::string_view hex) { return *FromHex(hex); }

std::int64_t TimeOf(std::uint8_t tag, std::string_view text, Status& status) {
  ByteVector der = {tag, static_cast<std::uint8_t>(text.size())};
  der.insert(der.end(), text.begin(), text.end());
  Reader reader(der);
  const std::int64_t time = reader.Time();
  status = reader.Finish();
  return time;
}

TEST(Der, ReadsNestedElements) {
  const ByteVector der = Hex("30080201050c03616263");
  Reader reader(der);
  Reader child = reader.Enter(kSequence);
  EXPECT_THAT(reader.Finish(), IsOk());
  EXPECT_TRUE(child.Next(kInteger));
  EXPECT_EQ(child.SmallInteger(), 5);
  EXPECT_EQ(child.offset(), 5u);
  EXPECT_THAT(child.Element(kUtf8String), BytesAre("0c03616263"));
  EXPECT_TRUE(child.empty());
  EXPECT_THAT(child.Finish(), IsOk());
}

TEST(Der, RejectsOtherLengthsThanTheShortest) {
  for (const char* hex : {"0480", "048100", "04817f", "0482007f", "04850000000001", "04ff", "04"}) {
    const ByteVector der = Hex(hex);
    Reader reader(der);
    EXPECT_TRUE(reader.Content(kOctetString).empty()) << hex;
    EXPECT_THAT(reader.Finish(), IsStatus(Code::kMalformed, Source::kSnpVerify, 0)) << hex;
  }
}

TEST(Der, ReadsLongLengths) {
  ByteVector der = Hex("048180");
  der.resize(3 + 0x80, 7);
  Reader reader(der);
  EXPECT_EQ(reader.Content(kOctetString).size(), 0x80u);
  EXPECT_THAT(reader.Finish(), IsOk());
}

TEST(Der, RejectsContentBeyondTheEnd) {
  const ByteVector der = Hex("0403aabb");
  Reader reader(der);
  (void)reader.Content(kOctetString);
  EXPECT_THAT(reader.status(), IsStatus(Code::kMalformed, Source::kSnpVerify, 0));
}

TEST(Der, RejectsWhatIsLeftOver) {
  const ByteVector der = Hex("05000500");
  Reader reader(der);
  (void)reader.Element(0x05);
  EXPECT_THAT(reader.Finish(), IsStatus(Code::kMalformed, Source::kSnpVerify, 2));
}

TEST(Der, KeepsItsFirstFailureInEnteredReaders) {
  const ByteVector der = Hex("3003020100");
  Reader reader(der);
  (void)reader.Content(kSet);
  Reader child = reader.Enter(kSequence);
  EXPECT_TRUE(child.empty());
  EXPECT_THAT(child.Finish(), IsStatus(Code::kMalformed, Source::kSnpVerify, 0));
}

TEST(Der, CountsOffsetsFromTheOutermostInput) {
  const ByteVector der = Hex("3006300402020001");
  Reader reader(der);
  Reader child = reader.Enter(kSequence);
  Reader grandchild = child.Enter(kSequence);
  (void)grandchild.Integer();
  EXPECT_THAT(grandchild.status(), IsStatus(Code::kMalformed, Source::kSnpVerify, 8));
}

TEST(Der, ReadsIntegersInShortestFormOnly) {
  for (const char* hex : {"0200", "02020001", "0202007f", "0202ff80"}) {
    const ByteVector der = Hex(hex);
    Reader reader(der);
    EXPECT_TRUE(reader.Integer().empty()) << hex;
    EXPECT_FALSE(reader.ok()) << hex;
  }
  const ByteVector good = Hex("020200db");
  Reader reader(good);
  EXPECT_THAT(reader.Integer(), BytesAre("00db"));
}

TEST(Der, ReadsSmallIntegers) {
  const struct {
    const char* hex;
    int value;  // -1: refused
  } kCases[] = {{"020100", 0},  {"02017f", 127},  {"020200db", 0xDB},
                {"020180", -1}, {"02020100", -1}, {"0203000100", -1}};
  for (const auto& c : kCases) {
    const ByteVector der = Hex(c.hex);
    Reader reader(der);
    const int value = reader.SmallInteger();
    EXPECT_EQ(reader.ok() ? value : -1, c.value) << c.hex;
  }
}

TEST(Der, ReadsBooleans) {
  const ByteVector yes = Hex("0101ff");
  const ByteVector no = Hex("010100");
  const ByteVector ber = Hex("010101");
  EXPECT_TRUE(Reader(yes).Boolean());
  EXPECT_FALSE(Reader(no).Boolean());
  Reader reader(ber);
  EXPECT_FALSE(reader.Boolean());
  EXPECT_FALSE(reader.ok());
}

TEST(Der, ReadsBitStringsOfWholeBytes) {
  const ByteVector good = Hex("030300aabb");
  EXPECT_THAT(Reader(good).BitString(), BytesAre("aabb"));
  for (const char* hex : {"0300", "03020180"}) {
    const ByteVector der = Hex(hex);
    Reader reader(der);
    (void)reader.BitString();
    EXPECT_FALSE(reader.ok()) << hex;
  }
}

TEST(Der, ReadsTimes) {
  Status status;
  EXPECT_EQ(TimeOf(kUtcTime, "700101000000Z", status), 0);
  EXPECT_EQ(TimeOf(kUtcTime, "201022172305Z", status), 1603387385);
  EXPECT_EQ(TimeOf(kUtcTime, "491231235959Z", status), 2524607999);
  EXPECT_EQ(TimeOf(kUtcTime, "500101000000Z", status), -631152000);
  EXPECT_EQ(TimeOf(kUtcTime, "240229000000Z", status), 1709164800);
  EXPECT_EQ(TimeOf(kGeneralizedTime, "20500101000000Z", status), 2524608000);
  EXPECT_EQ(TimeOf(kGeneralizedTime, "99991231235959Z", status), 253402300799);
  EXPECT_THAT(status, IsOk());
}

TEST(Der, RejectsTimesThatAreNone) {
  for (const char* text : {"2310010000Z", "231001000000", "231301000000Z", "230001000000Z",
                           "230229000000Z", "230431000000Z", "231001240000Z", "231001006000Z",
                           "231001000060Z", "2310010000-1Z", "23100100000:Z", "231001000000+"}) {
    Status status;
    EXPECT_EQ(TimeOf(kUtcTime, text, status), 0) << text;
    EXPECT_EQ(status.code(), Code::kMalformed) << text;
  }
  Status status;
  // RFC 5280: UTCTime until 2049.
  EXPECT_EQ(TimeOf(kGeneralizedTime, "20491231235959Z", status), 0);
  EXPECT_EQ(status.code(), Code::kMalformed);
}

TEST(Der, SpellsObjectIdentifiers) {
  EXPECT_EQ(OidText(Hex("2b060104019c78010308")), "1.3.6.1.4.1.3704.1.3.8");
  EXPECT_EQ(OidText(Hex("551d13")), "2.5.29.19");
  EXPECT_EQ(OidText(Hex("8837")), "2.999");
  EXPECT_EQ(OidText({}), "");
  EXPECT_EQ(OidText(Hex("2b80")), "2b80");
  EXPECT_EQ(OidText(Hex("ffffffffffffffffff7f")), "ffffffffffffffffff7f");
}

}  // namespace
}  // namespace svsm::snp::der
