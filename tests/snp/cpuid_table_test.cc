#include "svsm/snp/cpuid_table.h"

#include <vector>

#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ::testing::ElementsAre;

constexpr CpuidFunction kOne = {1, 2, 3, 4, 5, 6, 7, 8};
constexpr CpuidFunction kTwo = {0x8000001F, 0, 0, 0, 0xF0, 0xF1, 0xF2, 0xF3};

TEST(CpuidTableTest, BytesAreWhereTheSpecificationPutsThem) {
  const CpuidFunction functions[] = {kOne, kTwo};
  Bytes<0x70> bytes{};
  SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t size, EncodeCpuidRequest(functions, bytes));
  EXPECT_EQ(size, 0x70u);
  Bytes<0x70> wanted{};
  wanted[0] = 2;
  wanted[0x10] = 1;
  wanted[0x14] = 2;
  wanted[0x18] = 3;
  wanted[0x20] = 4;
  wanted[0x28] = 5;
  wanted[0x2C] = 6;
  wanted[0x30] = 7;
  wanted[0x34] = 8;
  wanted[0x40] = 0x1F;
  wanted[0x43] = 0x80;
  for (std::uint8_t i = 0; i < 4; ++i) wanted[0x58 + 4 * i] = 0xF0 + i;
  EXPECT_EQ(bytes, wanted);
  CpuidFunction read[2];
  EXPECT_THAT(DecodeCpuidRequest(bytes, read), IsOk());
  EXPECT_THAT(read, ElementsAre(kOne, kTwo));
}

TEST(CpuidTableTest, AWholePageIsRead) {
  Bytes<4096> page{};
  const std::vector<CpuidFunction> full(kMaxCpuidFunctions, kTwo);
  SVSM_ASSERT_OK_AND_ASSIGN(std::size_t size, EncodeCpuidRequest(full, page));
  EXPECT_EQ(size, 3088u);
  std::vector<CpuidFunction> read(kMaxCpuidFunctions);
  SVSM_ASSERT_OK_AND_ASSIGN(size, DecodeCpuidRequest(page, read));
  EXPECT_EQ(size, 64u);
  EXPECT_EQ(read, full);
}

TEST(CpuidTableTest, AResponseHasAStatus) {
  const CpuidFunction functions[] = {kOne};
  Bytes<0x40> bytes{};
  SVSM_ASSERT_OK_AND_ASSIGN(const std::size_t size, EncodeCpuidResponse(0x16, functions, bytes));
  EXPECT_EQ(size, 0x40u);
  EXPECT_EQ(bytes[0], 0x16);
  EXPECT_EQ(bytes[4], 1);
  SVSM_ASSERT_OK_AND_ASSIGN(const CpuidResponse response, ReadCpuidResponse(bytes));
  EXPECT_EQ(response.status, 0x16u);
  EXPECT_EQ(response.num_functions, 1u);
  SVSM_ASSERT_OK_AND_ASSIGN(const CpuidFunction read, CpuidFunctionAt(bytes, 0));
  EXPECT_EQ(read, kOne);
}

TEST(CpuidTableTest, WrongArgumentsAreRefused) {
  Bytes<4096> page{};
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kSnp);
  const std::vector<CpuidFunction> many(kMaxCpuidFunctions + 1, kOne);
  EXPECT_THAT(EncodeCpuidRequest({}, page), invalid);
  EXPECT_THAT(EncodeCpuidRequest(many, page), invalid);
  EXPECT_THAT(EncodeCpuidResponse(0, {}, page), invalid);
  EXPECT_THAT(EncodeCpuidResponse(0, many, page), invalid);
  const CpuidFunction functions[] = {kOne};
  const auto small = IsStatus(Code::kBufferTooSmall, Source::kSnp, 0x40);
  EXPECT_THAT(EncodeCpuidRequest(functions, ByteSpan(page).first(0x3F)), small);
  EXPECT_THAT(EncodeCpuidResponse(0, functions, ByteSpan(page).first(0x3F)), small);
}

// Both kinds: the count is at 0 in a request and at 4 in a response.
TEST(CpuidTableTest, WrongBytesAreRefused) {
  for (const bool response : {false, true}) {
    const auto read = [response](ByteView bytes) {
      CpuidFunction functions[2];
      return response ? ReadCpuidResponse(bytes).status()
                      : DecodeCpuidRequest(bytes, functions).status();
    };
    const std::size_t count = response ? 4 : 0;
    Bytes<0x80> good{};
    good[count] = 2;
    EXPECT_THAT(read(good), IsOk());
    for (const std::size_t end : {0u, 1u, 0xFu}) {
      EXPECT_THAT(read(ByteView(good).first(end)), IsStatus(Code::kTruncated, Source::kSnp, 0x10));
    }
    for (const std::size_t end : {0x10u, 0x3Fu, 0x6Fu}) {
      EXPECT_THAT(read(ByteView(good).first(end)), IsStatus(Code::kTruncated, Source::kSnp, 0x70));
    }
    const auto malformed = [&](std::size_t at, std::uint8_t value, std::uint32_t detail) {
      Bytes<0x80> bytes = good;
      bytes[at] = value;
      EXPECT_THAT(read(bytes), IsStatus(Code::kMalformed, Source::kSnp, detail)) << at;
    };
    malformed(count, 0, static_cast<std::uint32_t>(count));
    malformed(count, 65, static_cast<std::uint32_t>(count));
    malformed(count + 3, 1, static_cast<std::uint32_t>(count));
    malformed(8, 1, 8);
    malformed(15, 1, 8);
    malformed(0x38, 1, 0x38);
    malformed(0x6F, 1, 0x68);
    malformed(0x70, 1, 0x70);
    malformed(0x7F, 1, 0x70);
    if (!response) malformed(4, 1, 4);
  }
}

TEST(CpuidTableTest, FunctionsNeedRoom) {
  Bytes<0x70> bytes{};
  bytes[0] = 2;
  CpuidFunction one[1];
  EXPECT_THAT(DecodeCpuidRequest(bytes, one), IsStatus(Code::kBufferTooSmall, Source::kSnp, 2));
  EXPECT_THAT(CpuidFunctionAt(bytes, 2), IsStatus(Code::kTruncated, Source::kSnp, 0xA0));
  EXPECT_THAT(CpuidFunctionAt(bytes, SIZE_MAX), IsStatus(Code::kTruncated, Source::kSnp, 0xC40));
  bytes[0x68] = 1;
  EXPECT_THAT(CpuidFunctionAt(bytes, 1), IsStatus(Code::kMalformed, Source::kSnp, 0x68));
}

}  // namespace
}  // namespace svsm::snp
