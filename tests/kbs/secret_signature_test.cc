#include "svsm/kbs/secret_signature.h"

#include <string>
#include <string_view>

#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

// A signed secret, on either curve.
class SecretSignatureTest : public ::testing::TestWithParam<crypto::Curve> {
 protected:
  void SetUp() override {
    ByteVector scalar(size_, 7);
    ASSERT_THAT(signer_.SetPrivateKey(scalar), IsOk());
    ASSERT_THAT(signer_.PublicKey(x_, y_), IsOk());
    const auto digest = SecretDigest(sha384_, context_, signature_.resource, signature_.boot);
    ASSERT_THAT(digest, IsOk());
    ASSERT_THAT(signer_.Sign(*digest, r_, s_), IsOk());
  }
  std::string Text() {
    const Result<ByteView> text = EncodeSecretSignature(signature_, text_);
    EXPECT_THAT(text, IsOk());
    return std::string(text->begin(), text->end());
  }
  Status Verify(const SecretSignature& signature, const SecretContext& context) {
    return VerifySecret(verifier_, sha384_, signature, context);
  }

  const std::size_t size_ = crypto::CoordinateSize(GetParam());
  crypto::OpensslEcdsaSigner signer_{GetParam()};
  crypto::OpensslEcdsaVerifier verifier_{GetParam()};
  const crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  ByteVector x_ = ByteVector(size_);
  ByteVector y_ = ByteVector(size_);
  ByteVector r_ = ByteVector(size_);
  ByteVector s_ = ByteVector(size_);
  const ByteVector nonce_ = ByteVector(32, 1);
  const ByteVector coordinate_ = ByteVector(66, 2);
  const Bytes<48> report_digest_ = {3};
  const Bytes<40> encrypted_key_ = {4};
  const Bytes<12> iv_ = {5};
  const ByteVector ciphertext_ = ByteVector(20, 6);
  SecretContext context_ = {.nonce = nonce_,
                            .svsm_key = {coordinate_, coordinate_},
                            .epk = {coordinate_, coordinate_},
                            .report_digest = report_digest_,
                            .encrypted_key = encrypted_key_,
                            .iv = iv_,
                            .ciphertext = ciphertext_};
  SecretSignature signature_ = {.signer = {GetParam(), {x_, y_}},
                                .boot = {0x0102030405060708},
                                .resource = AsBytes("default/sample/test"),
                                .signature = {r_, s_}};
  Bytes<1024> text_{};
  Bytes<1024> workspace_{};
};

TEST_P(SecretSignatureTest, ComesBackAndVerifies) {
  const std::string text = Text();
  EXPECT_EQ(text.find(R"({"boot":"AQIDBAUGBwg","crv":"P-)"), 0u);
  SVSM_ASSERT_OK_AND_ASSIGN(const SecretSignature decoded,
                            DecodeSecretSignature(AsBytes(text), workspace_));
  EXPECT_EQ(decoded.boot, signature_.boot);
  EXPECT_THAT(decoded.resource, SameBytes(signature_.resource));
  EXPECT_THAT(Verify(decoded, context_), IsOk());
}

TEST_P(SecretSignatureTest, EveryPartIsSignedFor) {
  const ByteVector other(66, 0xff);
  const Bytes<48> other_digest = {0xff};
  const Bytes<40> other_key = {0xff};
  const Bytes<12> other_iv = {0xff};
  for (int part = 0; part < 9; ++part) {
    SecretContext context = context_;
    if (part == 0) context.nonce = ByteView(other).first(32);
    if (part == 1) context.svsm_key.x = other;
    if (part == 2) context.svsm_key.y = other;
    if (part == 3) context.epk.x = other;
    if (part == 4) context.epk.y = other;
    const FixedView<48> digest = part == 5 ? FixedView<48>(other_digest) : context.report_digest;
    const FixedView<40> key = part == 6 ? FixedView<40>(other_key) : context.encrypted_key;
    const FixedView<12> iv = part == 7 ? FixedView<12>(other_iv) : context.iv;
    const SecretContext changed = {
        .nonce = context.nonce,
        .svsm_key = context.svsm_key,
        .epk = context.epk,
        .report_digest = digest,
        .encrypted_key = key,
        .iv = iv,
        .ciphertext = part == 8 ? ByteView(other).first(20) : context.ciphertext};
    EXPECT_THAT(Verify(signature_, changed), Is(Code::kAuthFailed)) << part;
  }
  SecretSignature changed = signature_;
  ++changed.boot.value;
  EXPECT_THAT(Verify(changed, context_), Is(Code::kAuthFailed));
  changed = signature_;
  changed.resource = AsBytes("default/sample/tesu");
  EXPECT_THAT(Verify(changed, context_), Is(Code::kAuthFailed));
  changed = signature_;
  changed.signature = {s_, r_};
  EXPECT_THAT(Verify(changed, context_), Is(Code::kAuthFailed));
}

TEST_P(SecretSignatureTest, SizesAndCurvesAreTheSigners) {
  SecretSignature bad = signature_;
  bad.signature.r = ByteView(r_).first(size_ - 1);
  EXPECT_THAT(EncodeSecretSignature(bad, text_), Is(Code::kInvalidArgument));
  bad = signature_;
  bad.signer.curve = crypto::Curve::kP521;
  EXPECT_THAT(EncodeSecretSignature(bad, text_), Is(Code::kInvalidArgument));
  EXPECT_THAT(Verify(bad, context_), Is(Code::kUnsupported));
  bad = signature_;
  bad.resource = AsBytes("a\"b");
  EXPECT_THAT(EncodeSecretSignature(bad, text_), Is(Code::kInvalidArgument));
  const std::string text = Text();
  EXPECT_THAT(EncodeSecretSignature(signature_, {}), Is(Code::kBufferTooSmall, text.size()));
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  EXPECT_THAT(SecretDigest(sha256, context_, {}, {}), Is(Code::kInvalidArgument));
}

TEST_P(SecretSignatureTest, OtherShapesAreRefused) {
  const std::string text = Text();
  const auto decode = [&](std::string_view from, std::string_view to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return DecodeSecretSignature(AsBytes(changed), workspace_);
  };
  EXPECT_THAT(decode("\"v\":1", "\"v\":2"), Is(Code::kUnsupported, text.find("\"v\":1") + 5));
  EXPECT_THAT(decode("\"v\":1", "\"w\":1"), Is(Code::kMalformed, text.find("\"v\":1") + 4));
  EXPECT_THAT(decode("\"v\":1,", ""), Is(Code::kMalformed, text.size() - 6));
  EXPECT_THAT(decode("\"P-", "\"Q-"), Is(Code::kUnsupported, text.find("\"P-") + 7));
  EXPECT_THAT(decode("AQIDBAUGBwg", "AQIDBAUGBw"), Is(Code::kMalformed, 20));
  EXPECT_THAT(DecodeSecretSignature(AsBytes(text), ByteSpan(workspace_).first(7)),
              Is(Code::kBufferTooSmall, 8));
}

INSTANTIATE_TEST_SUITE_P(Curves, SecretSignatureTest,
                         ::testing::Values(crypto::Curve::kP256, crypto::Curve::kP384));

TEST(BootNumberTest, Grows) {
  EXPECT_THAT(CheckBootNumber({}, {1}), IsOk());
  EXPECT_THAT(CheckBootNumber({7}, {UINT64_MAX}), IsOk());
  EXPECT_THAT(CheckBootNumber({7}, {7}), Is(Code::kDataLoss));
  EXPECT_THAT(CheckBootNumber({7}, {6}), Is(Code::kDataLoss));
}

}  // namespace
}  // namespace svsm::kbs
