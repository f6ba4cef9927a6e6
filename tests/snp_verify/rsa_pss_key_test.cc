#include "src/snp/verify/rsa_pss_key.h"

#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/testing/matchers.h"
#include "tests/snp_verify/forge.h"

namespace svsm::snp {
namespace {

using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;

const std::string kShort =
    "304106092a864886f70d01010a3034a00f300d06096086480165030402020500"
    "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130";
const std::string kWithTrailer =
    "304606092a864886f70d01010a3039a00f300d06096086480165030402020500"
    "a11c301a06092a864886f70d010108300d06096086480165030402020500a203020130a303020101";

TEST(IsAmdPss, KnowsBothFormsOfTheTrailer) {
  EXPECT_TRUE(IsAmdPss(*FromHex(kShort)));
  EXPECT_TRUE(IsAmdPss(*FromHex(kWithTrailer)));
}

TEST(IsAmdPss, KnowsNothingElse) {
  for (const std::string& form : {kShort, kWithTrailer}) {
    const ByteVector good = *FromHex(form);
    for (std::size_t i = 0; i < good.size(); ++i) {
      ByteVector bad = good;
      bad[i] ^= 0x01;
      EXPECT_FALSE(IsAmdPss(bad)) << i;
      EXPECT_FALSE(IsAmdPss(ByteView(good).first(i))) << i;
    }
    ByteVector longer = good;
    longer.push_back(0);
    EXPECT_FALSE(IsAmdPss(longer));
  }
}

class Keys : public ::testing::Test {
 protected:
  Keys() : der_(forge::Make(forge::Ark(Product::kMilan))), ark_(*ParseCertificate(der_)) {}
  Status Import(ByteView spki) { return RsaPssKey::Import(spki).status(); }
  ByteVector SpkiOf(forge::Key key) {
    forge::CertificateSpec spec = forge::Ark(Product::kMilan);
    spec.key = key;
    const ByteVector der = forge::Make(spec);
    return ToVector(ParseCertificate(der)->spki);
  }
  const ByteVector der_;
  const X509Certificate ark_;
};

TEST_F(Keys, VerifyTheirOwnSignature) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto key, RsaPssKey::Import(ark_.spki));
  EXPECT_THAT(key->Verify(ark_.tbs, ark_.signature), IsOk());
}

TEST_F(Keys, RefuseOtherBytes) {
  SVSM_ASSERT_OK_AND_ASSIGN(const auto key, RsaPssKey::Import(ark_.spki));
  EXPECT_EQ(key->Verify(ark_.tbs.first(10), ark_.signature).code(), Code::kAuthFailed);
  EXPECT_EQ(key->Verify(ark_.tbs, ark_.signature.first(255)).code(), Code::kAuthFailed);
  EXPECT_EQ(key->Verify(ark_.tbs, {}).code(), Code::kAuthFailed);
}

TEST_F(Keys, OfAnotherSizeAreUnsupported) {
  EXPECT_THAT(Import(SpkiOf(forge::Key::kSmallRsa)),
              IsStatus(Code::kUnsupported, Source::kSnpVerify));
}

TEST_F(Keys, OfAnotherExponentAreUnsupported) {
  ByteVector spki = ToVector(ark_.spki);
  spki.back() = 0x03;  // 65539
  EXPECT_THAT(Import(spki), IsStatus(Code::kUnsupported, Source::kSnpVerify));
}

TEST_F(Keys, OfAnotherAlgorithmAreMalformed) {
  EXPECT_EQ(Import(SpkiOf(forge::Key::kChip)).code(), Code::kMalformed);
}

TEST_F(Keys, EndWhereTheyEnd) {
  ByteVector spki = ToVector(ark_.spki);
  spki.push_back(0);
  EXPECT_THAT(Import(spki), IsStatus(Code::kMalformed, Source::kSnpVerify, spki.size() - 1));
  for (std::size_t size = 0; size < ark_.spki.size(); ++size) {
    EXPECT_EQ(Import(ark_.spki.first(size)).code(), Code::kMalformed) << size;
  }
}

}  // namespace
}  // namespace svsm::snp
