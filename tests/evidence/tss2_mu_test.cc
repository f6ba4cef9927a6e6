// The TPM software stack's marshaller as judge of what we build and read.
#include <tss2/tss2_mu.h>

#include <cstring>

#include "svsm/core/hosted.h"
#include "svsm/evidence/attest.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/testing/matchers.h"
#include "tests/evidence/vectors.h"

namespace svsm::evidence {
namespace {

using testing::SameBytes;

ByteVector Marshal(const TPMT_PUBLIC& key) {
  ByteVector out(2048);
  std::size_t size = 0;
  EXPECT_EQ(Tss2_MU_TPMT_PUBLIC_Marshal(&key, out.data(), out.size(), &size), TSS2_RC_SUCCESS);
  out.resize(size);
  return out;
}

void SetPolicy(TPMT_PUBLIC& key, const char* hex) {
  const Result<ByteVector> policy = FromHex(hex);
  ASSERT_TRUE(policy.ok());
  key.authPolicy.size = static_cast<UINT16>(policy->size());
  std::memcpy(key.authPolicy.buffer, policy->data(), policy->size());
}

constexpr char kPolicyA[] = "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa";
constexpr char kPolicyB384[] =
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca"
    "cb47ba09699646150f9fc000f3f80e12";
constexpr TPMA_OBJECT kStorage = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT |
                                 TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_RESTRICTED |
                                 TPMA_OBJECT_DECRYPT;

TPMT_PUBLIC Rsa(TPMA_OBJECT attributes) {
  TPMT_PUBLIC key{};
  key.type = TPM2_ALG_RSA;
  key.nameAlg = TPM2_ALG_SHA256;
  key.objectAttributes = attributes;
  auto& parameters = key.parameters.rsaDetail;
  parameters.symmetric.algorithm = TPM2_ALG_AES;
  parameters.symmetric.keyBits.aes = 128;
  parameters.symmetric.mode.aes = TPM2_ALG_CFB;
  parameters.scheme.scheme = TPM2_ALG_NULL;
  parameters.keyBits = 2048;
  key.unique.rsa.size = 256;
  return key;
}

TPMT_PUBLIC Ecc(TPMA_OBJECT attributes, TPMI_ECC_CURVE curve, UINT16 aes_bits, UINT16 unique) {
  TPMT_PUBLIC key{};
  key.type = TPM2_ALG_ECC;
  key.nameAlg = TPM2_ALG_SHA256;
  key.objectAttributes = attributes;
  auto& parameters = key.parameters.eccDetail;
  parameters.symmetric.algorithm = TPM2_ALG_AES;
  parameters.symmetric.keyBits.aes = aes_bits;
  parameters.symmetric.mode.aes = TPM2_ALG_CFB;
  parameters.scheme.scheme = TPM2_ALG_NULL;
  parameters.curveID = curve;
  parameters.kdf.scheme = TPM2_ALG_NULL;
  key.unique.ecc.x.size = unique;
  key.unique.ecc.y.size = unique;
  return key;
}

TPMT_PUBLIC Expected(KeyTemplate id) {
  constexpr TPMA_OBJECT kSrk = kStorage | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA;
  TPMT_PUBLIC key{};
  switch (id) {
    case KeyTemplate::kEkRsa2048:
      key = Rsa(kStorage | TPMA_OBJECT_ADMINWITHPOLICY);
      SetPolicy(key, kPolicyA);
      break;
    case KeyTemplate::kEkP256:
      key = Ecc(kStorage | TPMA_OBJECT_ADMINWITHPOLICY, TPM2_ECC_NIST_P256, 128, 32);
      SetPolicy(key, kPolicyA);
      break;
    case KeyTemplate::kEkP384:
      key = Ecc(kStorage | TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_USERWITHAUTH,
                TPM2_ECC_NIST_P384, 256, 0);
      key.nameAlg = TPM2_ALG_SHA384;
      SetPolicy(key, kPolicyB384);
      break;
    case KeyTemplate::kSrkRsa2048:
      key = Rsa(kSrk);
      break;
    case KeyTemplate::kSrkP256:
      key = Ecc(kSrk, TPM2_ECC_NIST_P256, 128, 32);
      break;
    case KeyTemplate::kAkP256:
      key = Ecc(TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                    TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT,
                TPM2_ECC_NIST_P256, 0, 32);
      key.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
      key.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
      key.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
      break;
  }
  return key;
}

TEST(Tss2MuTest, TemplatesAreMarshalledTheSame) {
  for (const KeyTemplate id :
       {KeyTemplate::kEkRsa2048, KeyTemplate::kEkP256, KeyTemplate::kEkP384,
        KeyTemplate::kSrkRsa2048, KeyTemplate::kSrkP256, KeyTemplate::kAkP256}) {
    Bytes<kMaxTpmPublicSize> out;
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView built, BuildTpmtPublic(TemplatePublic(id), out));
    EXPECT_THAT(built, SameBytes(Marshal(Expected(id)))) << KeyTemplateName(id);
  }
}

TEST(Tss2MuTest, QuotesAreReadTheSame) {
  for (const char* name : {"ecdsa.msg", "rsassa.msg", "rsapss.msg"}) {
    const ByteVector message = Vector(name);
    TPMS_ATTEST attest{};
    std::size_t offset = 0;
    ASSERT_EQ(Tss2_MU_TPMS_ATTEST_Unmarshal(message.data(), message.size(), &offset, &attest),
              TSS2_RC_SUCCESS);
    SVSM_ASSERT_OK_AND_ASSIGN(const TpmQuote quote, ParseQuote(message));
    EXPECT_EQ(quote.common.clock.clock_ms, attest.clockInfo.clock);
    EXPECT_EQ(quote.common.clock.reset_count, attest.clockInfo.resetCount);
    EXPECT_EQ(quote.common.clock.restart_count, attest.clockInfo.restartCount);
    EXPECT_EQ(quote.common.firmware_version, attest.firmwareVersion);
    ASSERT_EQ(quote.selection.size, attest.attested.quote.pcrSelect.count);
    EXPECT_THAT(quote.pcr_digest, SameBytes(ByteView(attest.attested.quote.pcrDigest.buffer,
                                                     attest.attested.quote.pcrDigest.size)));
  }
}

}  // namespace
}  // namespace svsm::evidence
