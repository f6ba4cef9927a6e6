#include "svsm/snp_verify/pcr_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"
#include "tests/snp_verify/quote_vectors.h"

namespace svsm::snp {
namespace {

using evidence::TpmAlg;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

const auto kMalformed = [](std::size_t offset) {
  return IsStatus(Code::kMalformed, Source::kSnpVerify, offset);
};

TEST(PcrTableTest, FormsOfOneQuoteAgree) {
  const auto selection = SelectionOf(QuoteVector("ecdsa.msg"));
  std::string error;
  SVSM_ASSERT_OK_AND_ASSIGN(const PcrTable serialized,
                            ReadPcrFile(QuoteVector("ecdsa.pcrs"), selection, error));
  SVSM_ASSERT_OK_AND_ASSIGN(const PcrTable values,
                            ReadPcrFile(QuoteVector("ecdsa-values.pcrs"), selection, error));
  ASSERT_EQ(serialized.size(), 3u);
  ASSERT_EQ(values.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(serialized[i].bank, values[i].bank);
    EXPECT_EQ(serialized[i].index, values[i].index);
    EXPECT_THAT(serialized[i].value, SameBytes(values[i].value));
  }
  EXPECT_EQ(values[2].bank, TpmAlg::kSha384);
  EXPECT_EQ(values[2].index, 5u);
  const std::string json = "{\"sha384\": {\"5\": \"" + ToHex(values[2].value) +
                           "\"}, \"sha256\": {\"0\": \"" + ToHex(values[0].value) +
                           "\", \"5\": \"" + ToHex(values[1].value) + "\"}}";
  SVSM_ASSERT_OK_AND_ASSIGN(const PcrTable from_json,
                            ReadPcrFile(AsBytes("\n " + json), selection, error));
  ASSERT_EQ(from_json.size(), 3u);
}

TEST(PcrTableTest, RawValuesHaveTheSelectionsExactSize) {
  const auto selection = SelectionOf(QuoteVector("ecdsa.msg"));
  ByteVector values = QuoteVector("ecdsa-values.pcrs");
  EXPECT_THAT(ParsePcrValues(values, selection), IsOk());
  EXPECT_THAT(ParsePcrValues(ByteView(values).first(111), selection), kMalformed(64));
  values.push_back(0);
  EXPECT_THAT(ParsePcrValues(values, selection), kMalformed(112));
  EXPECT_THAT(ParsePcrValues({}, {}), kMalformed(0));
}

TEST(PcrTableTest, RefusesDamagedSerializedFiles) {
  const ByteVector file = QuoteVector("ecdsa.pcrs");
  ASSERT_THAT(ParsePcrSerialized(file), IsOk());
  const auto patched = [&](std::size_t at, std::uint8_t value) {
    ByteVector bytes = file;
    bytes.at(at) = value;
    return ParsePcrSerialized(bytes).status();
  };
  constexpr std::size_t kLists = 132;  // number of digest lists
  constexpr std::size_t kCount = 136;  // digests in the first
  constexpr std::size_t kFirst = 140;  // its size
  EXPECT_THAT(patched(0, 0), kMalformed(0));
  EXPECT_THAT(patched(0, 17), kMalformed(0));
  EXPECT_THAT(patched(kLists, 2), kMalformed(0));
  EXPECT_THAT(ParsePcrSerialized(ByteView(file).first(file.size() - 1)), kMalformed(0));
  EXPECT_THAT(patched(4, 0x12), IsStatus(Code::kUnsupported, Source::kSnpVerify, 0x12));
  EXPECT_THAT(patched(6, 5), kMalformed(12));
  EXPECT_THAT(patched(kCount, 9), kMalformed(140));
  EXPECT_THAT(patched(kCount, 2), kMalformed(file.size()));
  EXPECT_THAT(patched(kFirst, 48), kMalformed(206));
  // A PCR fewer in the selection than there are digests; the same bank twice.
  EXPECT_THAT(patched(7, 0x01), kMalformed(272));
  EXPECT_EQ(patched(12, 0x0B).code(), Code::kMalformed);
}

TEST(PcrTableTest, RefusesOtherFiles) {
  const auto selection = SelectionOf(QuoteVector("ecdsa.msg"));
  std::string error;
  EXPECT_THAT(ReadPcrFile({}, selection, error), kMalformed(0));
  EXPECT_THAT(ReadPcrFile(AsBytes("sha256: 0"), selection, error), kMalformed(0));
  EXPECT_NE(error.find("neither JSON"), std::string::npos);
  EXPECT_THAT(ReadPcrFile(ByteVector(kMaxPcrFileSize + 1), selection, error),
              IsStatus(Code::kOutOfRange, Source::kSnpVerify, kMaxPcrFileSize));
}

TEST(PcrTableTest, BanksHaveNames) {
  EXPECT_STREQ(PcrBankName(TpmAlg::kSha1), "sha1");
  EXPECT_STREQ(PcrBankName(TpmAlg::kSha512), "sha512");
  EXPECT_STREQ(PcrBankName(TpmAlg::kRsa), "?");
}

}  // namespace
}  // namespace svsm::snp
