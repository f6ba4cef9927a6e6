#include "svsm/evidence/ek_template.h"

#include <map>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"
#include "tests/evidence/vectors.h"

namespace svsm::evidence {
namespace {

using testing::BytesAre;
using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

const std::map<KeyTemplate, const char*> kRealKeys = {{KeyTemplate::kEkRsa2048, "ek-rsa2048.pub"},
                                                      {KeyTemplate::kEkP256, "ek-p256.pub"},
                                                      {KeyTemplate::kEkP384, "ek-p384.pub"}};

TEST(EkTemplateTest, MatchesKeysOfAnotherTpm) {
  for (const auto& [id, name] : kRealKeys) {
    SCOPED_TRACE(name);
    const ByteVector file = Vector(name);
    SVSM_ASSERT_OK_AND_ASSIGN(const EkMatch sized, MatchEkTemplate(file));
    EXPECT_EQ(sized.id, id);
    EXPECT_TRUE(sized.with_size);
    EXPECT_THAT(sized.tpmt, SameBytes(Tpm2bContents(file)));
    SVSM_ASSERT_OK_AND_ASSIGN(const EkMatch bare, MatchEkTemplate(Tpm2bContents(file)));
    EXPECT_EQ(bare.id, id);
    EXPECT_FALSE(bare.with_size);
    EXPECT_EQ(bare.key.attributes, sized.key.attributes);
  }
}

// Every byte of the public area counts, but those of `unique`.
TEST(EkTemplateTest, RefusesEveryOtherByteInEachDirection) {
  for (const auto& [id, name] : kRealKeys) {
    const ByteVector file = Vector(name);
    SVSM_ASSERT_OK_AND_ASSIGN(const EkMatch ek, MatchEkTemplate(file));
    const std::size_t coordinate = ek.key.x.size();
    const std::size_t unique = ek.key.type == TpmAlg::kRsa ? 256 : 2 * coordinate + 2;
    for (std::size_t at = 0; at < file.size(); ++at) {
      const std::size_t left = file.size() - at;
      const bool size_of_y = coordinate != 0 && (left == coordinate + 1 || left == coordinate + 2);
      const bool value_of_unique = left <= unique && !size_of_y;
      for (int bit = 0; bit < 8; ++bit) {
        ByteVector changed = file;
        changed[at] ^= static_cast<std::uint8_t>(1 << bit);
        const bool bad_modulus =
            ek.key.type == TpmAlg::kRsa && ((left == 256 && bit == 7) || (left == 1 && bit == 0));
        EXPECT_EQ(MatchEkTemplate(changed).ok(), value_of_unique && !bad_modulus)
            << name << " byte " << at << " bit " << bit;
      }
    }
  }
}

TEST(EkTemplateTest, RefusesOtherKeys) {
  for (const char* name : {"srk-p256.pub", "ecdsa.ak", "rsassa.ak", "rsapss.ak"}) {
    EXPECT_THAT(MatchEkTemplate(Vector(name)), IsStatus(Code::kNotFound, Source::kEvidence))
        << name;
  }
  EXPECT_THAT(MatchEkTemplate({}), IsStatus(Code::kTruncated, Source::kCore, 0));
}

TEST(EkTemplateTest, RefusesTheTemplatesThemselves) {
  for (const KeyTemplate id : kEkTemplates) {
    Bytes<kMaxTpmPublicSize> out;
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView built, BuildTpmtPublic(TemplatePublic(id), out));
    EXPECT_THAT(MatchEkTemplate(built), IsStatus(Code::kNotFound, Source::kEvidence));
  }
}

TEST(EkTemplateTest, RefusesAnExplicitExponentAndShortNumbers) {
  const ByteVector file = Vector("ek-rsa2048.pub");
  SVSM_ASSERT_OK_AND_ASSIGN(const EkMatch ek, MatchEkTemplate(file));
  TpmPublic key = ek.key;
  Bytes<kMaxTpmPublicSize> out;
  key.exponent = 65537;
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView exponent, BuildTpmtPublic(key, out));
  EXPECT_THAT(MatchEkTemplate(exponent), IsStatus(Code::kNotFound, Source::kEvidence));
  key = ek.key;
  key.modulus = key.modulus.first(255);
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView shorter, BuildTpmtPublic(key, out));
  EXPECT_THAT(MatchEkTemplate(shorter), IsStatus(Code::kNotFound, Source::kEvidence));
}

// PolicyA is one TPM2_PolicySecret, PolicyB a TPM2_PolicyOR of PolicyA and the profile's PolicyC.
TEST(EkTemplateTest, PoliciesFollowFromTheProfile) {
  const auto policy_a = [](const crypto::Hash& hash, ByteSpan out) {
    const ByteVector zeros(out.size());
    const Bytes<4> policy_secret = {0x00, 0x00, 0x01, 0x51};
    const Bytes<4> endorsement = {0x40, 0x00, 0x00, 0x0B};
    const ByteView parts[] = {zeros, policy_secret, endorsement};
    EXPECT_THAT(hash.Digest(parts, out), IsOk());
    const ByteVector first = ToVector(out);
    EXPECT_THAT(hash.Digest(ByteView(first), out), IsOk());
  };
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  Bytes<32> a256;
  policy_a(sha256, a256);
  EXPECT_THAT(TemplatePublic(KeyTemplate::kEkRsa2048).auth_policy, SameBytes(a256));
  EXPECT_THAT(TemplatePublic(KeyTemplate::kEkP256).auth_policy, SameBytes(a256));

  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  Bytes<48> a384;
  policy_a(sha384, a384);
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteVector c384,
      FromHex("d6032ce61f2fb3c240eb3cf6a33237ef2b6a16f4293c22b455e261cffd217ad5"
              "b4947c2d73e63005eed2dc2b3593d165"));
  const Bytes<48> zeros{};
  const Bytes<4> policy_or = {0x00, 0x00, 0x01, 0x71};
  const ByteView parts[] = {zeros, policy_or, a384, c384};
  Bytes<48> b384;
  EXPECT_THAT(sha384.Digest(parts, b384), IsOk());
  EXPECT_THAT(TemplatePublic(KeyTemplate::kEkP384).auth_policy, SameBytes(b384));
}

TEST(EkTemplateTest, KnowsNamesAndIndices) {
  EXPECT_EQ(EkCertificateIndex(KeyTemplate::kEkRsa2048), 0x01C00002u);
  EXPECT_EQ(EkCertificateIndex(KeyTemplate::kEkP256), 0x01C0000Au);
  EXPECT_EQ(EkCertificateIndex(KeyTemplate::kEkP384), 0x01C00016u);
  EXPECT_EQ(EkCertificateIndex(KeyTemplate::kSrkP256), 0u);
  EXPECT_STREQ(KeyTemplateName(KeyTemplate::kEkP384), "EK ECC P-384 (H-3)");
  EXPECT_STREQ(KeyTemplateName(KeyTemplate::kAkP256), "AK ECC P-256");
}

TEST(EkTemplateTest, AkTemplateIsARestrictedSigner) {
  Bytes<kMaxTpmPublicSize> out;
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView built,
                            BuildTpm2bPublic(TemplatePublic(KeyTemplate::kAkP256), out));
  EXPECT_THAT(built.first(26), BytesAre("00580023000b00050072000000100018000b0003001000200000"));
}

}  // namespace
}  // namespace svsm::evidence
