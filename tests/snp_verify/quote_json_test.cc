#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "svsm/snp_verify/hcl.h"
#include "svsm/snp_verify/pcr_table.h"
#include "svsm/testing/matchers.h"

namespace svsm::snp {
namespace {

using evidence::TpmAlg;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

std::string Hex(std::size_t size) { return '"' + std::string(2 * size, 'a') + '"'; }

TEST(PcrJsonTest, AListNamesItsBankByLength) {
  std::string error;
  const struct {
    std::size_t size;
    TpmAlg bank;
  } kBanks[] = {
      {20, TpmAlg::kSha1}, {32, TpmAlg::kSha256}, {48, TpmAlg::kSha384}, {64, TpmAlg::kSha512}};
  for (const auto& bank : kBanks) {
    SVSM_ASSERT_OK_AND_ASSIGN(
        const PcrTable table,
        ParsePcrJson("[" + Hex(bank.size) + "," + Hex(bank.size) + "]", error));
    ASSERT_EQ(table.size(), 2u);
    EXPECT_EQ(table[1].bank, bank.bank);
    EXPECT_EQ(table[1].index, 1u);
    EXPECT_THAT(table[1].value, SameBytes(ByteVector(bank.size, 0xAA)));
  }
}

TEST(PcrJsonTest, AnObjectNamesBanksAndNumbers) {
  std::string error;
  SVSM_ASSERT_OK_AND_ASSIGN(
      const PcrTable table,
      ParsePcrJson("{\"sha1\":[" + Hex(20) + "],\"sha256\":{\"23\":" + Hex(32) + "}}", error));
  ASSERT_EQ(table.size(), 2u);
  EXPECT_EQ(table[1].index, 23u);
}

TEST(PcrJsonTest, SaysWhatIsWrong) {
  std::string many = "[" + Hex(32);
  for (int i = 0; i < 24; ++i) many += "," + Hex(32);
  many += "]";
  const std::pair<std::string, const char*> kCases[] = {
      {"", "parse error"},
      {"[" + Hex(32) + "]x", "parse error"},
      {"[]", "no PCR values"},
      {"{}", "no PCR values"},
      {"7", "no PCR values"},
      {"[7]", "0: not a string of hex digits"},
      {"[\"xy\"]", "0: not a string of hex digits"},
      {"[" + Hex(31) + "]", "no PCR values"},
      {"[" + Hex(32) + "," + Hex(48) + "]", "sha256:1: not of the bank's size"},
      {many, "more values than there are PCRs"},
      {"{\"sm3\":[]}", "sm3: not a bank"},
      {"{\"sha256\":7}", "sha256: neither a list nor an object"},
      {"{\"sha256\":{\"24\":" + Hex(32) + "}}", "24: not the number of a PCR"},
      {"{\"sha256\":{\"01\":" + Hex(32) + "}}", "01: not the number of a PCR"},
      {"{\"sha256\":{\"1\":" + Hex(32) + ",\"1\":" + Hex(32) + "}}", "1: key is there twice"},
  };
  for (const auto& [json, wanted] : kCases) {
    std::string error;
    EXPECT_THAT(ParsePcrJson(json, error), IsStatus(Code::kMalformed, Source::kSnpVerify)) << json;
    EXPECT_THAT(error, ::testing::HasSubstr(wanted)) << json;
  }
  std::string error;
  EXPECT_THAT(ParsePcrJson(std::string(kMaxPcrFileSize + 1, ' '), error),
              IsStatus(Code::kOutOfRange, Source::kSnpVerify, kMaxPcrFileSize));
}

// 256 bytes FF in base64url.
std::string Modulus() { return std::string(341, '_') + "w"; }
std::string Jwk(const std::string& kid, const std::string& modulus) {
  return "{\"kid\":\"" + kid + "\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"" +
         modulus + "\"}";
}
std::string Keys(const std::string& keys) { return "{\"keys\":[" + keys + "],\"more\":1}"; }

TEST(HclJsonTest, FindsTheAttestationKey) {
  const std::string json = Keys(Jwk("HCLEkPub", "AQ") + "," + Jwk("HCLAkPub", Modulus()));
  SVSM_ASSERT_OK_AND_ASSIGN(const QuoteKey key, ParseHclQuoteKey(json));
  EXPECT_THAT(key.modulus, SameBytes(ByteVector(256, 0xFF)));
  EXPECT_THAT(key.exponent, SameBytes(ByteVector{1, 0, 1}));
  EXPECT_TRUE(key.tpmt.empty());
}

TEST(HclJsonTest, RefusesEverythingElse) {
  const std::string good = Jwk("HCLAkPub", Modulus());
  std::string encrypts = good;
  encrypts.replace(encrypts.find("sign"), 4, "encr");
  std::string ec = good;
  ec.replace(ec.find("RSA"), 3, "EC1");
  std::string no_e = good;
  no_e.replace(no_e.find("\"e\""), 3, "\"f\"");
  for (const std::string& json :
       {std::string(), std::string("[]"), std::string("{}"), std::string("{\"keys\":{}}"), Keys(""),
        Keys("7"), Keys(Jwk("HCLEkPub", Modulus())), Keys(good + "," + good), Keys(encrypts),
        Keys(ec), Keys(no_e), Keys(Jwk("HCLAkPub", "A+//")), Keys(Jwk("HCLAkPub", "AAAAA")),
        Keys(Jwk("HCLAkPub", Modulus() + "=")), Keys(Jwk("HCLAkPub", std::string(341, '_') + "x")),
        Keys(good).insert(1, "\"keys\":[],"), Keys(good) + "x"}) {
    EXPECT_THAT(ParseHclQuoteKey(json), IsStatus(Code::kMalformed, Source::kSnpVerify)) << json;
  }
  EXPECT_THAT(ParseHclQuoteKey(Keys(Jwk("HCLAkPub", "_w"))),
              IsStatus(Code::kUnsupported, Source::kSnpVerify, 8));
}

}  // namespace
}  // namespace svsm::snp
