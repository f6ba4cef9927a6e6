#include "svsm/crypto/rsa_pss.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>

#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::crypto {
namespace {

using testing::IsOk;
using testing::IsStatus;

// A key made by OpenSSL, and a signature of it with a salt of 48 bytes.
class RsaPssTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    key_ = EVP_RSA_gen(2048);
    BIGNUM* n = nullptr;
    ASSERT_EQ(EVP_PKEY_get_bn_param(key_, "n", &n), 1);
    modulus_.resize(256);
    ASSERT_EQ(BN_bn2binpad(n, modulus_.data(), 256), 256);
    BN_free(n);
    digest_.assign(48, 0x5A);
    EVP_PKEY_CTX* ctx = EVP_PKEY_CTX_new(key_, nullptr);
    ASSERT_EQ(EVP_PKEY_sign_init(ctx), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha384()), 1);
    ASSERT_EQ(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 48), 1);
    std::size_t size = 256;
    signature_.resize(size);
    ASSERT_EQ(EVP_PKEY_sign(ctx, signature_.data(), &size, digest_.data(), digest_.size()), 1);
    EVP_PKEY_CTX_free(ctx);
  }
  static void TearDownTestSuite() { EVP_PKEY_free(key_); }

  inline static EVP_PKEY* key_ = nullptr;
  inline static ByteVector modulus_, digest_, signature_;
  const ByteVector exponent_{1, 0, 1};
  OpensslRsaPssVerifier verifier_;
};

TEST_F(RsaPssTest, Verifies) {
  ASSERT_THAT(verifier_.SetPublicKey(modulus_, exponent_), IsOk());
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, digest_, signature_), IsOk());
  }
}

TEST_F(RsaPssTest, RefusesWhatIsNotTheSignature) {
  const auto refused = IsStatus(Code::kAuthFailed, Source::kCrypto);
  ASSERT_THAT(verifier_.SetPublicKey(modulus_, exponent_), IsOk());
  ByteVector changed = digest_;
  changed[0] ^= 1;
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, changed, signature_), refused);
  changed = signature_;
  changed[200] ^= 1;
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, digest_, changed), refused);
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 32, digest_, signature_), refused);
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, digest_, ByteVector(256, 0xFF)), refused);
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, digest_, ByteVector(256)), refused);
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, digest_, ByteView(signature_).first(255)),
              refused);
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, digest_, ByteView()), refused);
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha256, 48, ByteView(digest_).first(32), signature_),
              refused);
}

TEST_F(RsaPssTest, NamesTheCallersErrors) {
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, digest_, signature_),
              IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  ASSERT_THAT(verifier_.SetPublicKey(modulus_, exponent_), IsOk());
  const auto invalid = IsStatus(Code::kInvalidArgument, Source::kCrypto);
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha256, 48, digest_, signature_), invalid);
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 65, digest_, signature_), invalid);
}

TEST_F(RsaPssTest, RefusesBadKeysAndForgetsTheOldOne) {
  const auto malformed = IsStatus(Code::kMalformed, Source::kCrypto);
  ByteVector even = modulus_;
  even[255] = 2;
  ByteVector leading(1);
  leading.insert(leading.end(), modulus_.begin(), modulus_.end());
  EXPECT_THAT(verifier_.SetPublicKey(even, exponent_), malformed);
  EXPECT_THAT(verifier_.SetPublicKey(leading, exponent_), malformed);
  EXPECT_THAT(verifier_.SetPublicKey(ByteView(), exponent_), malformed);
  EXPECT_THAT(verifier_.SetPublicKey(modulus_, ByteView()), malformed);
  EXPECT_THAT(verifier_.SetPublicKey(modulus_, ByteVector{0, 3}), malformed);
  EXPECT_THAT(verifier_.SetPublicKey(modulus_, ByteVector{1}), malformed);
  EXPECT_THAT(verifier_.SetPublicKey(modulus_, ByteVector{4}), malformed);
  ASSERT_THAT(verifier_.SetPublicKey(modulus_, exponent_), IsOk());
  ByteVector shorter(ByteView(modulus_).begin(), ByteView(modulus_).end());
  shorter[0] = 0x7F;
  EXPECT_THAT(verifier_.SetPublicKey(shorter, exponent_),
              IsStatus(Code::kUnsupported, Source::kCrypto, 2047));
  ByteVector longer(1025, 0xFF);
  longer[0] = 1;
  EXPECT_THAT(verifier_.SetPublicKey(longer, exponent_),
              IsStatus(Code::kUnsupported, Source::kCrypto, 8193));
  EXPECT_THAT(verifier_.SetPublicKey(modulus_, ByteVector(9, 0x11)),
              IsStatus(Code::kUnsupported, Source::kCrypto));
  EXPECT_THAT(verifier_.Verify(HashAlg::kSha384, 48, digest_, signature_),
              IsStatus(Code::kFailedPrecondition, Source::kCrypto));
}

}  // namespace
}  // namespace svsm::crypto
