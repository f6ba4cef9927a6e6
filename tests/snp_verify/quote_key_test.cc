#include "svsm/snp_verify/quote_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "svsm/evidence/ek_template.h"
#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"
#include "tests/snp_verify/quote_vectors.h"

namespace svsm::snp {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

const auto kMalformed = IsStatus(Code::kMalformed, Source::kSnpVerify);

TEST(QuoteKeyTest, FormsOfOneKeyAgree) {
  // The PEM files are of the keys made first, each for its own quote.
  for (const char* name : {"ecdsa", "rsassa"}) {
    SCOPED_TRACE(name);
    const ByteVector area = QuoteVector(std::string(name) + ".ak");
    const ByteVector pem = QuoteVector(std::string(name) + ".pem");
    SVSM_ASSERT_OK_AND_ASSIGN(const QuoteKey sized, ReadQuoteKey(area));
    SVSM_ASSERT_OK_AND_ASSIGN(const QuoteKey bare, ReadQuoteKey(ByteView(area).subspan(2)));
    SVSM_ASSERT_OK_AND_ASSIGN(const QuoteKey from_pem, ReadQuoteKey(pem));
    for (const QuoteKey* key : {&bare, &from_pem}) {
      EXPECT_EQ(key->type, sized.type);
      EXPECT_THAT(key->modulus, SameBytes(sized.modulus));
      EXPECT_THAT(key->exponent, SameBytes(sized.exponent));
      EXPECT_EQ(key->curve, sized.curve);
      EXPECT_THAT(key->x, SameBytes(sized.x));
      EXPECT_THAT(key->y, SameBytes(sized.y));
    }
    EXPECT_THAT(bare.tpmt, SameBytes(ByteView(area).subspan(2)));
    EXPECT_THAT(sized.tpmt, SameBytes(bare.tpmt));
    EXPECT_TRUE(from_pem.tpmt.empty());
  }
}

TEST(QuoteKeyTest, ReadsTheExponent) {
  SVSM_ASSERT_OK_AND_ASSIGN(const QuoteKey key, ReadQuoteKey(QuoteVector("rsassa.ak")));
  EXPECT_THAT(key.exponent, BytesAre("010001"));
  EXPECT_EQ(key.modulus.size(), 256u);
  // 3, written out in the public area.
  ByteVector area = QuoteVector("rsassa.ak");
  area[23] = 3;
  SVSM_ASSERT_OK_AND_ASSIGN(const QuoteKey three, ReadQuoteKey(area));
  EXPECT_THAT(three.exponent, BytesAre("03"));
  area[23] = 1;
  EXPECT_THAT(ReadQuoteKey(area), kMalformed);
}

TEST(QuoteKeyTest, RefusesWhatIsNoKey) {
  EXPECT_THAT(ReadQuoteKey({}), IsStatus(Code::kTruncated, Source::kCore, 0));
  EXPECT_EQ(ReadQuoteKey(AsBytes("hello")).status().code(), Code::kMalformed);
  EXPECT_EQ(ReadQuoteKey(AsBytes("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
                .status(),
            Status(Code::kMalformed, Source::kSnpVerify));
  EXPECT_EQ(ReadQuoteKey(AsBytes("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"))
                .status()
                .code(),
            Code::kNotFound);
  const ByteVector pem = QuoteVector("ecdsa.pem");
  ByteVector twice = pem;
  twice.insert(twice.end(), pem.begin(), pem.end());
  EXPECT_THAT(ReadQuoteKey(twice), kMalformed);
}

TEST(QuoteKeyTest, RefusesAPublicAreaWithoutKey) {
  Bytes<evidence::kMaxTpmPublicSize> out;
  const evidence::TpmPublic ecc = evidence::TemplatePublic(evidence::KeyTemplate::kEkP384);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView area, evidence::BuildTpmtPublic(ecc, out));
  EXPECT_THAT(ReadQuoteKey(area), kMalformed);
  const evidence::TpmPublic rsa = evidence::TemplatePublic(evidence::KeyTemplate::kEkRsa2048);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView zeros, evidence::BuildTpmtPublic(rsa, out));
  EXPECT_THAT(ReadQuoteKey(zeros), kMalformed);
}

TEST(QuoteKeyTest, BoundsRsa) {
  ByteVector modulus(256, 0xFF);
  const ByteVector exponent = {1, 0, 1};
  EXPECT_THAT(QuoteKeyFromRsa(modulus, exponent), IsOk());
  modulus[0] = 0x7F;
  EXPECT_THAT(QuoteKeyFromRsa(modulus, exponent),
              IsStatus(Code::kUnsupported, Source::kSnpVerify, 2047));
  EXPECT_THAT(QuoteKeyFromRsa(ByteVector(513, 0xFF), exponent),
              IsStatus(Code::kUnsupported, Source::kSnpVerify, 4104));
  modulus[0] = 0;
  EXPECT_THAT(QuoteKeyFromRsa(modulus, exponent), kMalformed);
  modulus[0] = 0xFF;
  modulus[255] = 0xFE;
  EXPECT_THAT(QuoteKeyFromRsa(modulus, exponent), kMalformed);
  modulus[255] = 0xFF;
  for (const ByteVector& bad :
       {ByteVector{}, ByteVector{0, 3}, ByteVector{4}, ByteVector{1}, ByteVector{1, 0, 0, 0, 1}}) {
    EXPECT_THAT(QuoteKeyFromRsa(modulus, bad), kMalformed);
  }
  EXPECT_THAT(QuoteKeyFromRsa({}, exponent), kMalformed);
}

TEST(QuoteKeyTest, KnowsTwoKindsAndThreeCurves) {
  const auto spki = [](EVP_PKEY* key) {
    std::uint8_t* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    ByteVector bytes(der, der + size);
    OPENSSL_free(der);
    return bytes;
  };
  EXPECT_THAT(ReadQuoteKey(spki(forge::KeyOf(forge::Key::kP256))), IsOk());
  EXPECT_THAT(ReadQuoteKey(spki(forge::KeyOf(forge::Key::kChip))), IsOk());
  EXPECT_EQ(ReadQuoteKey(spki(forge::KeyOf(forge::Key::kSmallRsa))).status().code(),
            Code::kUnsupported);
  EVP_PKEY* ed25519 = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  EXPECT_THAT(ReadQuoteKey(spki(ed25519)), IsStatus(Code::kUnsupported, Source::kSnpVerify));
  EVP_PKEY_free(ed25519);
  EVP_PKEY* k256 = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "secp256k1");
  EXPECT_THAT(ReadQuoteKey(spki(k256)), IsStatus(Code::kUnsupported, Source::kSnpVerify));
  EVP_PKEY_free(k256);
  ByteVector longer = spki(forge::KeyOf(forge::Key::kP256));
  longer.push_back(0);
  EXPECT_EQ(ReadQuoteKey(longer).status().code(), Code::kMalformed);
}

}  // namespace
}  // namespace svsm::snp
