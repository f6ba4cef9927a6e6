#include "svsm/snp/certificate_table.h"

#include <string>
#include <vector>

#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::BytesAre;
using svsm::testing::IsOk;
using svsm::testing::IsOkAnd;
using svsm::testing::IsStatus;
using svsm::testing::SameBytes;
using ::testing::Eq;

// Tables are written by hand here, so that parser and builder do not agree on a common mistake.
struct RawEntry {
  std::string guid_hex;
  std::uint32_t offset;
  std::uint32_t length;
};

constexpr char kVcekHex[] = "63da758de6644564adc5f4b93be8accd";
constexpr char kArkHex[] = "c0b406a4a803495297433fb6014cd0ae";
constexpr char kNullHex[] = "00000000000000000000000000000000";

ByteVector MakeTable(const std::vector<RawEntry>& entries, std::size_t size) {
  ByteVector out;
  for (const RawEntry& entry : entries) {
    const ByteVector guid = FromHex(entry.guid_hex).value();
    out.insert(out.end(), guid.begin(), guid.end());
    for (const std::uint32_t value : {entry.offset, entry.length}) {
      for (int shift = 0; shift < 32; shift += 8) {
        out.push_back(static_cast<std::uint8_t>(value >> shift));
      }
    }
  }
  out.resize(out.size() + 24, 0);
  while (out.size() < size) out.push_back(static_cast<std::uint8_t>(out.size()));
  return out;
}

TEST(CertificateTableTest, GuidsAreInPrintedOrder) {
  EXPECT_THAT(kVcekGuid.rfc4122(), BytesAre(kVcekHex));
  EXPECT_THAT(kVlekGuid.rfc4122(), BytesAre("a8074bc2a25a483eaae639c045a0b8a1"));
  EXPECT_THAT(kAskGuid.rfc4122(), BytesAre("4ab7b379bbac4fe4a02f05aef327c782"));
  EXPECT_THAT(kArkGuid.rfc4122(), BytesAre(kArkHex));
  EXPECT_THAT(kCrlGuid.rfc4122(), BytesAre("92f81bc358114d3d97ffd19f88dc67ea"));
}

TEST(CertificateTableTest, FindsBlobs) {
  const ByteVector bytes = MakeTable({{kVcekHex, 72, 5}, {kArkHex, 80, 20}}, 100);
  SVSM_ASSERT_OK_AND_ASSIGN(const CertificateTable table, CertificateTable::Parse(bytes));
  ASSERT_EQ(table.size(), 2u);
  EXPECT_EQ(table.entry(0).guid, kVcekGuid);
  EXPECT_THAT(table.entry(0).bytes, SameBytes(ByteView(bytes).subspan(72, 5)));
  EXPECT_EQ(table.entry(1).guid, kArkGuid);
  EXPECT_THAT(table.Find(kArkGuid), SameBytes(ByteView(bytes).subspan(80, 20)));
  EXPECT_TRUE(table.Find(kVlekGuid).empty());
}

TEST(CertificateTableTest, ABufferOfZerosIsEmpty) {
  SVSM_ASSERT_OK_AND_ASSIGN(const CertificateTable table,
                            CertificateTable::Parse(ByteVector(4096)));
  EXPECT_EQ(table.size(), 0u);
}

TEST(CertificateTableTest, BlobsMayTouchAndComeInAnyOrder) {
  const ByteVector bytes = MakeTable({{kVcekHex, 80, 20}, {kArkHex, 72, 8}}, 100);
  EXPECT_THAT(CertificateTable::Parse(bytes), IsOk());
}

TEST(CertificateTableTest, TheTerminatorMustBeThere) {
  EXPECT_THAT(CertificateTable::Parse({}), IsStatus(Code::kTruncated, Source::kSnp, 0));
  EXPECT_THAT(CertificateTable::Parse(ByteVector(23)), IsStatus(Code::kTruncated, Source::kSnp, 0));
  const ByteVector bytes = MakeTable({{kVcekHex, 72, 5}}, 0);
  EXPECT_THAT(CertificateTable::Parse(ByteView(bytes).first(47)),
              IsStatus(Code::kTruncated, Source::kSnp, 24));
  EXPECT_THAT(CertificateTable::Parse(ByteView(bytes).first(24)),
              IsStatus(Code::kTruncated, Source::kSnp, 24));
}

TEST(CertificateTableTest, WrongEntriesAreNamed) {
  struct Case {
    const char* what;
    std::vector<RawEntry> entries;
    std::size_t detail;
  };
  const std::vector<Case> cases = {
      {"offset + length wraps in 32 bits", {{kVcekHex, 72, 0xFFFFFFFF}}, 0},
      {"offset + length wraps to the end", {{kVcekHex, 0xFFFFFFF0, 0x74}}, 0},
      {"ends behind the buffer", {{kVcekHex, 99, 2}}, 0},
      {"begins behind the buffer", {{kVcekHex, 101, 1}}, 0},
      {"lies in the table", {{kVcekHex, 0, 5}}, 0},
      {"lies in the terminator", {{kVcekHex, 47, 5}}, 0},
      {"empty", {{kVcekHex, 72, 0}}, 0},
      {"null GUID", {{kNullHex, 72, 5}}, 0},
      {"null GUID, offset alone", {{kNullHex, 72, 0}}, 0},
      {"twice the same GUID", {{kVcekHex, 72, 5}, {kVcekHex, 80, 5}}, 24},
      {"one byte in common", {{kVcekHex, 72, 6}, {kArkHex, 77, 5}}, 24},
      {"the same blob", {{kVcekHex, 72, 6}, {kArkHex, 72, 6}}, 24},
      {"one in the other", {{kVcekHex, 72, 20}, {kArkHex, 77, 1}}, 24},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(CertificateTable::Parse(MakeTable(c.entries, 100)),
                IsStatus(Code::kMalformed, Source::kSnp, c.detail))
        << c.what;
  }
}

ByteVector ManyEntries(std::size_t count) {
  std::vector<RawEntry> entries;
  for (std::size_t i = 0; i < count; ++i) {
    std::string guid = kVcekHex;
    guid[0] = "0123456789abcdef"[i / 16 % 16];
    guid[1] = "0123456789abcdef"[i % 16];
    entries.push_back({guid, static_cast<std::uint32_t>((count + 1) * 24 + i), 1});
  }
  return MakeTable(entries, (count + 1) * 24 + count);
}

TEST(CertificateTableTest, TheNumberOfEntriesIsBounded) {
  const ByteVector most = ManyEntries(kMaxCertificateEntries);
  SVSM_ASSERT_OK_AND_ASSIGN(const CertificateTable table, CertificateTable::Parse(most));
  EXPECT_EQ(table.size(), kMaxCertificateEntries);
  EXPECT_THAT(CertificateTable::Parse(ManyEntries(kMaxCertificateEntries + 1)),
              IsStatus(Code::kOutOfRange, Source::kSnp, 64));
}

TEST(CertificateTableTest, BuildsWhatItParses) {
  const ByteVector vcek(300, 1), ark(7, 2);
  const Certificate certificates[] = {{kVcekGuid, vcek}, {kArkGuid, ark}};
  ByteVector out(4096, 0xEE);
  EXPECT_THAT(BuildCertificateTable(certificates, out), IsOkAnd(Eq(72u + 307u)));
  EXPECT_THAT(ByteView(out).first(24), BytesAre(std::string(kVcekHex) + "480000002c010000"));
  EXPECT_THAT(ByteView(out).subspan(24, 24), BytesAre(std::string(kArkHex) + "7401000007000000"));
  EXPECT_TRUE(IsZero(ByteView(out).subspan(48, 24)));
  EXPECT_TRUE(IsZero(ByteView(out).subspan(72 + 307)));
  SVSM_ASSERT_OK_AND_ASSIGN(const CertificateTable table, CertificateTable::Parse(out));
  EXPECT_THAT(table.Find(kVcekGuid), SameBytes(vcek));
  EXPECT_THAT(table.Find(kArkGuid), SameBytes(ark));
}

TEST(CertificateTableTest, BuildsAnEmptyTable) {
  ByteVector out(24, 0xEE);
  EXPECT_THAT(BuildCertificateTable({}, out), IsOkAnd(Eq(24u)));
  EXPECT_TRUE(IsZero(out));
}

TEST(CertificateTableTest, RefusesToBuildWhatItWouldNotParse) {
  const ByteVector blob(8, 1);
  ByteVector out(4096, 0xEE);
  const Certificate null_guid[] = {{kVcekGuid, blob}, {Guid(), blob}};
  EXPECT_THAT(BuildCertificateTable(null_guid, out),
              IsStatus(Code::kInvalidArgument, Source::kSnp, 1));
  EXPECT_TRUE(IsZero(out));
  const Certificate twice[] = {{kVcekGuid, blob}, {kArkGuid, blob}, {kVcekGuid, blob}};
  EXPECT_THAT(BuildCertificateTable(twice, out), IsStatus(Code::kInvalidArgument, Source::kSnp, 2));
  const Certificate empty[] = {{kVcekGuid, {}}};
  EXPECT_THAT(BuildCertificateTable(empty, out), IsStatus(Code::kInvalidArgument, Source::kSnp, 0));
  const std::vector<Certificate> many(65, Certificate{kVcekGuid, blob});
  EXPECT_THAT(BuildCertificateTable(many, out), IsStatus(Code::kInvalidArgument, Source::kSnp, 64));
  const Certificate good[] = {{kVcekGuid, blob}};
  Fill(out, 0xEE);
  EXPECT_THAT(BuildCertificateTable(good, ByteSpan(out).first(55)),
              IsStatus(Code::kBufferTooSmall, Source::kSnp, 56));
  EXPECT_TRUE(IsZero(ByteView(out).first(55)));
}

TEST(CertificateTableDeathTest, IndexIsChecked) {
  const ByteVector bytes(24);
  SVSM_ASSERT_OK_AND_ASSIGN(const CertificateTable table, CertificateTable::Parse(bytes));
  EXPECT_DEATH((void)table.entry(0), "check failed");
}

}  // namespace
}  // namespace svsm::snp
