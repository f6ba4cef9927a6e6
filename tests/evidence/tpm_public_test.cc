#include "svsm/evidence/tpm_public.h"

#include <vector>

#include "svsm/crypto/openssl.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/testing/matchers.h"
#include "tests/evidence/vectors.h"

namespace svsm::evidence {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

const char* const kPublicAreas[] = {"ek-rsa2048.pub", "ek-p256.pub", "ek-p384.pub", "srk-p256.pub",
                                    "ecdsa.ak",       "rsassa.ak",   "rsapss.ak"};

ByteVector Patched(ByteVector bytes, std::size_t at, std::uint8_t value) {
  bytes.at(at) = value;
  return bytes;
}

// TPMT_PUBLIC offsets in ek-p256.pub without its size.
constexpr std::size_t kNameAlgAt = 3;
constexpr std::size_t kAttributesAt = 4;
constexpr std::size_t kPolicySizeAt = 9;
constexpr std::size_t kSymmetricAt = 42;
constexpr std::size_t kSchemeAt = 48;
constexpr std::size_t kCurveAt = 50;
constexpr std::size_t kKdfAt = 52;
constexpr std::size_t kXSizeAt = 54;

ByteVector P256Tpmt() { return ToVector(Tpm2bContents(Vector("ek-p256.pub"))); }
ByteVector RsaTpmt() { return ToVector(Tpm2bContents(Vector("ek-rsa2048.pub"))); }

TEST(TpmPublicTest, ReadsWhatOtherSoftwareWrote) {
  const ByteVector file = Vector("ek-p384.pub");
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmPublic key, ParseTpm2bPublic(file));
  EXPECT_EQ(key.type, TpmAlg::kEcc);
  EXPECT_EQ(key.name_alg, TpmAlg::kSha384);
  EXPECT_EQ(key.attributes, 0x000300F2u);
  EXPECT_EQ(key.auth_policy.size(), 48u);
  EXPECT_EQ(key.symmetric, (TpmSymmetric{TpmAlg::kAes, 256, TpmAlg::kCfb}));
  EXPECT_EQ(key.scheme, TpmScheme());
  EXPECT_EQ(key.curve, TpmCurve::kNistP384);
  EXPECT_EQ(key.x.size(), 48u);
  EXPECT_EQ(key.y.size(), 48u);
}

TEST(TpmPublicTest, BuildsTheBytesItRead) {
  for (const char* name : kPublicAreas) {
    SCOPED_TRACE(name);
    const ByteVector file = Vector(name);
    SVSM_ASSERT_OK_AND_ASSIGN(const TpmPublic key, ParseTpm2bPublic(file));
    Bytes<kMaxTpmPublicSize> out;
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView sized, BuildTpm2bPublic(key, out));
    EXPECT_THAT(sized, SameBytes(file));
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView bare, BuildTpmtPublic(key, out));
    EXPECT_THAT(bare, SameBytes(Tpm2bContents(file)));
    EXPECT_THAT(ParseTpmtPublic(bare), IsOk());
  }
}

TEST(TpmPublicTest, RefusesEveryPrefixAndEveryLongerInput) {
  for (const char* name : kPublicAreas) {
    SCOPED_TRACE(name);
    ByteVector bytes = ToVector(Tpm2bContents(Vector(name)));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const Status status = ParseTpmtPublic(ByteView(bytes).first(size)).status();
      EXPECT_EQ(status.code(), Code::kTruncated) << size;
    }
    const auto end = static_cast<std::uint32_t>(bytes.size());
    bytes.push_back(0);
    EXPECT_THAT(ParseTpmtPublic(bytes), IsStatus(Code::kMalformed, Source::kCore, end));
  }
  EXPECT_THAT(ParseTpmtPublic({}), IsStatus(Code::kTruncated, Source::kCore, 0));
}

TEST(TpmPublicTest, SizeMustNameAllThatFollows) {
  ByteVector file = Vector("ek-p256.pub");
  EXPECT_THAT(ParseTpm2bPublic(Patched(file, 1, 0x79)),
              IsStatus(Code::kMalformed, Source::kCore, 2));
  file.pop_back();
  EXPECT_THAT(ParseTpm2bPublic(file), IsStatus(Code::kMalformed, Source::kCore, 2));
}

TEST(TpmPublicTest, RefusesReservedAttributes) {
  const ByteVector key = P256Tpmt();
  for (const int bit : {0, 3, 8, 9, 12, 13, 14, 15, 20, 25, 31}) {
    ByteVector bytes = key;
    bytes[kAttributesAt + 3 - static_cast<std::size_t>(bit) / 8] ^=
        static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_THAT(ParseTpmtPublic(bytes), IsStatus(Code::kMalformed, Source::kCore, 8)) << bit;
  }
}

TEST(TpmPublicTest, RefusesPolicyOfAnotherSize) {
  // 28 bytes of policy; what follows no longer matters.
  EXPECT_THAT(ParseTpmtPublic(Patched(P256Tpmt(), kPolicySizeAt, 28)),
              IsStatus(Code::kMalformed, Source::kCore, 38));
}

TEST(TpmPublicTest, RefusesUniqueLargerThanTheKey) {
  ByteVector point = P256Tpmt();
  point[kXSizeAt + 1] = 33;
  EXPECT_THAT(ParseTpmtPublic(point), IsStatus(Code::kMalformed, Source::kCore, 89));
  ByteVector modulus = RsaTpmt();
  modulus[50] = 4;  // key bits 2048 -> 1024
  EXPECT_THAT(ParseTpmtPublic(modulus), IsStatus(Code::kMalformed, Source::kCore, 314));
}

TEST(TpmPublicTest, NamesWhatItDoesNotKnow) {
  const struct {
    std::size_t at;
    std::uint8_t value;
    std::uint32_t detail;
  } kCases[] = {
      {1, 0x08, 0x08},                 // KEYEDHASH
      {kNameAlgAt, 0x12, 0x12},        // SM3
      {kSymmetricAt + 1, 0x13, 0x13},  // SM4
      {kSymmetricAt + 3, 0x40, 0x40},  // 64 key bits
      {kSymmetricAt + 5, 0x10, 0x10},  // no mode
      {kSchemeAt + 1, 0x14, 0x14},     // RSASSA on an ECC key
      {kSchemeAt + 1, 0x1A, 0x1A},     // ECDAA
      {kCurveAt + 1, 0x20, 0x20},      // SM2
      {kKdfAt + 1, 0x18, 0x18},        // ECDSA as KDF
  };
  for (const auto& c : kCases) {
    EXPECT_THAT(ParseTpmtPublic(Patched(P256Tpmt(), c.at, c.value)),
                IsStatus(Code::kUnsupported, Source::kEvidence, c.detail))
        << c.at;
  }
  EXPECT_THAT(ParseTpmtPublic(Patched(RsaTpmt(), 51, 8)),
              IsStatus(Code::kUnsupported, Source::kEvidence, 2056));
}

TEST(TpmPublicTest, ReadsSchemesWithAndWithoutHash) {
  TpmPublic key = TemplatePublic(KeyTemplate::kSrkRsa2048);
  Bytes<kMaxTpmPublicSize> out;
  for (const TpmScheme scheme :
       {TpmScheme{TpmAlg::kNull, TpmAlg::kNull}, TpmScheme{TpmAlg::kRsaEs, TpmAlg::kNull},
        TpmScheme{TpmAlg::kOaep, TpmAlg::kSha384}, TpmScheme{TpmAlg::kRsaPss, TpmAlg::kSha512}}) {
    key.scheme = scheme;
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView built, BuildTpmtPublic(key, out));
    SVSM_ASSERT_OK_AND_ASSIGN(const TpmPublic read, ParseTpmtPublic(built));
    EXPECT_EQ(read.scheme, scheme);
  }
  key = TemplatePublic(KeyTemplate::kAkP256);
  key.kdf = {TpmAlg::kKdf1Sp80056a, TpmAlg::kSha256};
  SVSM_ASSERT_OK_AND_ASSIGN(const ByteView built, BuildTpmtPublic(key, out));
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmPublic read, ParseTpmtPublic(built));
  EXPECT_EQ(read.kdf, key.kdf);
}

TEST(TpmPublicTest, BuilderSaysTheNeededSize) {
  const TpmPublic key = TemplatePublic(KeyTemplate::kEkRsa2048);
  EXPECT_THAT(BuildTpmtPublic(key, {}), IsStatus(Code::kBufferTooSmall, Source::kCore, 314));
  EXPECT_THAT(BuildTpm2bPublic(key, {}), IsStatus(Code::kBufferTooSmall, Source::kCore, 316));
}

TEST(TpmPublicTest, BuilderRefusesWhatParsingWould) {
  const TpmPublic rsa = TemplatePublic(KeyTemplate::kEkRsa2048);
  const TpmPublic ecc = TemplatePublic(KeyTemplate::kEkP256);
  std::vector<TpmPublic> bad(12, rsa);
  bad[0].type = TpmAlg::kSha256;
  bad[1].name_alg = TpmAlg::kNull;
  bad[2].attributes |= 1;
  bad[3].auth_policy = rsa.auth_policy.first(31);
  bad[4].symmetric.mode = TpmAlg::kNull;
  bad[5].symmetric = {TpmAlg::kNull, 128, TpmAlg::kNull};
  bad[6].key_bits = 2047;
  bad[7].scheme = {TpmAlg::kEcdsa, TpmAlg::kSha256};
  bad[8].scheme = {TpmAlg::kNull, TpmAlg::kSha256};
  bad[9] = ecc;
  bad[9].curve = TpmCurve::kNone;
  bad[10] = ecc;
  bad[10].y = rsa.modulus.first(33);
  bad[11].key_bits = 1024;
  Bytes<kMaxTpmPublicSize> out;
  for (std::size_t i = 0; i < bad.size(); ++i) {
    EXPECT_THAT(BuildTpmtPublic(bad[i], out), IsStatus(Code::kInvalidArgument, Source::kEvidence))
        << i;
    EXPECT_THAT(BuildTpm2bPublic(bad[i], out), IsStatus(Code::kInvalidArgument, Source::kEvidence))
        << i;
  }
}

// The quote names its signer by qualified name: a chain of four names, computed by another TPM.
TEST(TpmPublicTest, ComputesNames) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const ByteVector ek = Vector("ek-p256.pub");
  const ByteVector ak = Vector("ecdsa.ak");
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmName ek_name, ComputeName(sha256, Tpm2bContents(ek)));
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmName ak_name, ComputeName(sha256, Tpm2bContents(ak)));
  const Bytes<4> endorsement = {0x40, 0x00, 0x00, 0x0B};
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmName ek_qualified,
                            ComputeQualifiedName(sha256, endorsement, ek_name.view()));
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmName ak_qualified,
                            ComputeQualifiedName(sha256, ek_qualified.view(), ak_name.view()));
  const ByteVector quote = Vector("ecdsa.msg");
  EXPECT_THAT(ak_qualified.view(), SameBytes(ByteView(quote).subspan(8, 34)));
}

TEST(TpmPublicTest, NamesNeedTheirOwnHash) {
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const ByteVector ek = P256Tpmt();
  EXPECT_THAT(ComputeName(sha384, ek), IsStatus(Code::kInvalidArgument, Source::kEvidence));
  EXPECT_THAT(ComputeName(sha256, {}), IsStatus(Code::kTruncated, Source::kCore, 0));
  SVSM_ASSERT_OK_AND_ASSIGN(const TpmName name, ComputeName(sha256, ek));
  EXPECT_THAT(ComputeQualifiedName(sha384, {}, name.view()),
              IsStatus(Code::kInvalidArgument, Source::kEvidence));
  EXPECT_THAT(ComputeQualifiedName(sha256, {}, name.view().first(33)),
              IsStatus(Code::kInvalidArgument, Source::kEvidence));
}

}  // namespace
}  // namespace svsm::evidence
