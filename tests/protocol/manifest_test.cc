#include "svsm/protocol/manifest.h"

#include <algorithm>
#include <array>
#include <vector>

#include "svsm/testing/matchers.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

const Bytes<3> kFirst = {1, 2, 3};
const Bytes<5> kSecond = {4, 5, 6, 7, 8};
constexpr Guid kThirdService = Guid::Parse("00112233-4455-6677-8899-aabbccddeeff");

struct ManifestTest : ::testing::Test {
  ManifestTest() : bytes(ServicesManifestSize(entries)) {
    EXPECT_THAT(BuildServicesManifest(entries, bytes), IsOkAnd(bytes.size()));
  }
  Result<std::span<ManifestEntry>> Parse() { return ParseServicesManifest(bytes, slots); }
  void Put32(std::size_t at, std::uint32_t value) {
    Copy(ByteSpan(bytes).subspan(at), wire::ToBytes(wire::Le32(value)));
  }
  std::array<ManifestEntry, 3> entries = {ManifestEntry{kVtpmService, kFirst},
                                          ManifestEntry{kUefiMmService, {}},
                                          ManifestEntry{kThirdService, kSecond}};
  std::vector<std::uint8_t> bytes;
  std::array<ManifestEntry, 4> slots;
};

TEST_F(ManifestTest, HasTheLayoutOfTheSpecification) {
  EXPECT_EQ(bytes.size(), 24u + 3 * 24 + 3 + 5);
  // Mixed-endian: the first three groups turned.
  EXPECT_THAT(ByteView(bytes).first(16), testing::BytesAre("bb9e8463923d7046a1ff58f9c94b87bb"));
  EXPECT_THAT(ByteView(bytes).subspan(16, 8), testing::BytesAre("6800000003000000"));
  EXPECT_THAT(ByteView(bytes).subspan(24, 24), testing::BytesAre("ebf176c42301a54596"
                                                                 "41b4e7dde5bfe3"
                                                                 "6000000003000000"));
  EXPECT_THAT(ByteView(bytes).subspan(96), testing::BytesAre("0102030405060708"));
}

TEST_F(ManifestTest, RoundTrips) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto parsed, Parse());
  ASSERT_EQ(parsed.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(parsed[i].guid, entries[i].guid);
    EXPECT_THAT(parsed[i].manifest, testing::SameBytes(entries[i].manifest));
  }
}

TEST_F(ManifestTest, OfNothingIsAHeader) {
  bytes.resize(24);
  EXPECT_THAT(BuildServicesManifest({}, bytes), IsOkAnd(24u));
  SVSM_ASSERT_OK_AND_ASSIGN(const auto parsed, Parse());
  EXPECT_TRUE(parsed.empty());
}

TEST_F(ManifestTest, IsBuiltAroundManifestsThatAreInPlace) {
  std::vector<std::uint8_t> place(bytes.size(), 0xEE);
  Copy(ByteSpan(place).subspan(96), kFirst);
  Copy(ByteSpan(place).subspan(99), kSecond);
  entries[0].manifest = ByteView(place).subspan(96, 3);
  entries[2].manifest = ByteView(place).subspan(99, 5);
  EXPECT_THAT(BuildServicesManifest(entries, place), IsOkAnd(bytes.size()));
  EXPECT_EQ(place, bytes);
}

TEST_F(ManifestTest, BuilderErrors) {
  std::vector<std::uint8_t> small(bytes.size() - 1, 0xEE);
  EXPECT_THAT(BuildServicesManifest(entries, small),
              IsStatus(Code::kBufferTooSmall, Source::kProtocol, bytes.size()));
  EXPECT_TRUE(IsZero(small));
  entries[1].guid = kVtpmService;
  EXPECT_THAT(BuildServicesManifest(entries, bytes),
              IsStatus(Code::kInvalidArgument, Source::kProtocol));
  entries[1].guid = Guid();
  EXPECT_THAT(BuildServicesManifest(entries, bytes),
              IsStatus(Code::kInvalidArgument, Source::kProtocol));
}

TEST_F(ManifestTest, BuilderRefusesMoreThan32Bits) {
  // The view is never read: the size is judged first.
  const ByteView huge(bytes.data(), std::size_t{1} << 32);
  entries[0].manifest = huge;
  std::vector<std::uint8_t> out(8, 0xEE);
  EXPECT_THAT(BuildServicesManifest(entries, out), IsStatus(Code::kOutOfRange, Source::kProtocol));
  EXPECT_TRUE(IsZero(out));
}

TEST_F(ManifestTest, EveryPrefixIsTruncated) {
  const std::vector<std::uint8_t> whole = bytes;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    bytes.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_THAT(Parse(),
                IsStatus(Code::kTruncated, Source::kProtocol, size < 24 ? 24 : whole.size()));
  }
}

TEST_F(ManifestTest, ParserIsStrict) {
  const auto spoil = [this](std::size_t at, std::uint32_t value, std::size_t offset) {
    const std::vector<std::uint8_t> before = bytes;
    Put32(at, value);
    EXPECT_THAT(Parse(), IsStatus(Code::kMalformed, Source::kProtocol, offset)) << at;
    bytes = before;
  };
  spoil(0, 1, 0);       // not this header
  spoil(16, 0x67, 16);  // a byte left over
  spoil(20, 4, 20);     // a table longer than the whole
  spoil(20, 0xFFFFFFFF, 20);
  spoil(20, 2, 40);     // a row less: the first manifest has another place
  spoil(40, 0x61, 40);  // a gap
  spoil(40, 0x5F, 40);  // into the table
  spoil(88, 0x60, 88);  // over another manifest
  spoil(88, 0xFFFFFFFF, 88);
  spoil(44, 9, 44);  // to the outside
  spoil(92, 6, 92);
  spoil(92, 4, 103);  // a byte that belongs to nobody
  // Null, and the same twice.
  const std::vector<std::uint8_t> before = bytes;
  Fill(ByteSpan(bytes).subspan(48, 16), 0);
  EXPECT_THAT(Parse(), IsStatus(Code::kMalformed, Source::kProtocol, 48));
  bytes = before;
  std::copy_n(bytes.begin() + 24, 16, bytes.begin() + 48);
  EXPECT_THAT(Parse(), IsStatus(Code::kMalformed, Source::kProtocol, 48));
}

TEST_F(ManifestTest, ParserSaysHowManySlotsItNeeds) {
  EXPECT_THAT(ParseServicesManifest(bytes, std::span(slots).first(2)),
              IsStatus(Code::kOutOfMemory, Source::kProtocol, 3));
}

TEST(VtpmManifestV0, TakesThePrefixOff) {
  const Bytes<5> tpm2b = {0, 3, 7, 8, 9};
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView area, VtpmManifestV0(tpm2b));
  EXPECT_THAT(area, testing::BytesAre("070809"));
  EXPECT_THAT(VtpmManifestV0(ByteView(tpm2b).first(1)),
              IsStatus(Code::kTruncated, Source::kProtocol, 2));
  EXPECT_THAT(VtpmManifestV0(ByteView(tpm2b).first(4)),
              IsStatus(Code::kTruncated, Source::kProtocol, 5));
  EXPECT_THAT(VtpmManifestV0(Bytes<4>{0, 1, 7, 8}),
              IsStatus(Code::kMalformed, Source::kProtocol, 3));
  EXPECT_THAT(VtpmManifestV0(Bytes<2>{0, 0}), IsStatus(Code::kMalformed, Source::kProtocol, 0));
}

TEST(FixedManifest, IsOneVersionOfOneService) {
  const Guid guid = Guid::Parse("28f7f118-3fbf-4459-84ed-541003c585bd");
  const ByteVector bytes = {1, 2, 3};
  FixedManifest manifest(guid, bytes);
  EXPECT_EQ(manifest.service(), guid);
  ByteVector out(4, 9);
  EXPECT_THAT(manifest.Manifest(0, out), testing::IsOkAnd(::testing::Eq(3u)));
  EXPECT_THAT(out, testing::SameBytes(ByteVector{1, 2, 3, 9}));
  EXPECT_THAT(manifest.Manifest(1, out),
              testing::IsStatus(Code::kUnsupported, Source::kProtocol, 1));
  EXPECT_THAT(manifest.Manifest(0, ByteSpan(out).first(2)),
              testing::IsStatus(Code::kBufferTooSmall, Source::kProtocol, 3));
}

}  // namespace
}  // namespace svsm::protocol
