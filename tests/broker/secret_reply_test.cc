#include "broker/secret_reply.h"

#include "svsm/crypto/openssl.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/jwe.h"
#include "svsm/kbs/secret_signature.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"

namespace svsm::broker {
namespace {

using testing::FakeRng;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

class SecretReplyTest : public ::testing::TestWithParam<crypto::Curve> {
 protected:
  void SetUp() override {
    const std::size_t size = crypto::CoordinateSize(GetParam());
    ByteVector scalar(size);
    ByteVector x(size);
    ByteVector y(size);
    ASSERT_THAT(ecdh_.GenerateKey(rng_, scalar), IsOk());
    ASSERT_THAT(ecdh_.PublicKey(x, y), IsOk());
    SVSM_ASSERT_OK_AND_ASSIGN(session_.verdict.key, CheckTeeKey(GetParam(), {x, y}));
    Fill(session_.verdict.nonce, 3);
    Fill(session_.verdict.report_digest, 4);
    session_.boot.value = 7;
    SVSM_ASSERT_OK_AND_ASSIGN(signer_,
                              SigningKey::FromScalar(crypto::Curve::kP384, ByteVector(48, 9)));
  }
  // The message, its views in `text_`.
  kbs::JweMessage Decoded(const ByteVector& reply) {
    text_.resize(reply.size());
    const auto jwe = kbs::DecodeJwe(reply, text_);
    EXPECT_THAT(jwe, IsOk());
    return *jwe;
  }
  kbs::JweHeader Header(const kbs::JweMessage& jwe) {
    header_.resize(jwe.protected_text.size());
    const auto json = kbs::DecodeBase64(kbs::Base64::kUrl, jwe.protected_text, header_);
    EXPECT_THAT(json, IsOk());
    parts_.resize(json->size());
    const auto header = kbs::DecodeJweHeader(*json, parts_);
    EXPECT_THAT(header, IsOk());
    return *header;
  }
  Result<ByteVector> Open(const kbs::JweMessage& jwe) {
    crypto::OpensslAes aes;
    crypto::OpensslAesGcm aead;
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    ByteVector workspace(2 * jwe.protected_text.size());
    ByteVector plaintext(jwe.ciphertext.size());
    SVSM_ASSIGN_OR_RETURN(const ByteView opened,
                          kbs::OpenJwe({ecdh_, aes, aead, sha256}, jwe, kbs::EpkPlace::kProtected,
                                       workspace, plaintext));
    return ToVector(opened);
  }

  FakeRng rng_;
  crypto::OpensslEcdh ecdh_{GetParam()};
  Session session_;
  std::shared_ptr<const SigningKey> signer_;
  ByteVector text_;
  ByteVector header_;
  ByteVector parts_;
};

TEST_P(SecretReplyTest, OpensWithTheSessionsKey) {
  for (const std::size_t size : {0u, 1u, 32u, 40000u}) {
    const ByteVector secret(size, 0x5A);
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteVector reply,
                              MakeSecretReply(session_, "a/b/c", secret, nullptr, rng_));
    const kbs::JweMessage jwe = Decoded(reply);
    EXPECT_THAT(Open(jwe), IsOkAnd(SameBytes(secret)));
    EXPECT_THAT(Header(jwe).svsm, IsEmpty());
  }
}

TEST_P(SecretReplyTest, IsSignedForWhatTheSessionIs) {
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteVector reply,
      MakeSecretReply(session_, "a/b/c", AsBytes("secret"), signer_.get(), rng_));
  const kbs::JweMessage jwe = Decoded(reply);
  EXPECT_THAT(Open(jwe), IsOkAnd(SameBytes(AsBytes("secret"))));
  const kbs::JweHeader header = Header(jwe);
  ByteVector workspace(header.svsm.size());
  SVSM_ASSERT_OK_AND_ASSIGN(const auto signature,
                            kbs::DecodeSecretSignature(header.svsm, workspace));
  EXPECT_EQ(signature.boot.value, 7u);
  EXPECT_THAT(signature.resource, SameBytes(AsBytes("a/b/c")));
  EXPECT_THAT(signature.signer.point.x, SameBytes(signer_->public_key().x));
  crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  kbs::SecretContext context{.nonce = session_.verdict.nonce,
                             .svsm_key = session_.verdict.key.point(),
                             .epk = header.epk->point,
                             .report_digest = session_.verdict.report_digest,
                             .encrypted_key = jwe.encrypted_key.first<kbs::kEncryptedKeySize>(),
                             .iv = jwe.iv.first<crypto::kGcmNonceSize>(),
                             .ciphertext = jwe.ciphertext};
  EXPECT_THAT(kbs::VerifySecret(verifier, sha384, signature, context), IsOk());
  Bytes<kNonceSize> other{};
  context.nonce = other;
  EXPECT_EQ(kbs::VerifySecret(verifier, sha384, signature, context).code(), Code::kAuthFailed);
}

TEST_P(SecretReplyTest, TwoRepliesShareNothing) {
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteVector first,
      MakeSecretReply(session_, "a/b/c", AsBytes("secret"), signer_.get(), rng_));
  SVSM_ASSERT_OK_AND_ASSIGN(
      const ByteVector second,
      MakeSecretReply(session_, "a/b/c", AsBytes("secret"), signer_.get(), rng_));
  const ByteVector one = ToVector(Decoded(first).ciphertext);
  EXPECT_NE(one, ToVector(Decoded(second).ciphertext));
}

TEST_P(SecretReplyTest, SaysThatItsGeneratorFails) {
  rng_.status = Status(Code::kExhausted, Source::kCaller);
  EXPECT_THAT(MakeSecretReply(session_, "a/b/c", AsBytes("secret"), nullptr, rng_),
              IsStatus(Code::kExhausted, Source::kCaller));
}

INSTANTIATE_TEST_SUITE_P(Curves, SecretReplyTest,
                         ::testing::Values(crypto::Curve::kP256, crypto::Curve::kP521));

}  // namespace
}  // namespace svsm::broker
