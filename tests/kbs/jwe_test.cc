#include "svsm/kbs/jwe.h"

#include <string>
#include <string_view>

#include "svsm/crypto/openssl.h"
#include "svsm/kbs/base64.h"
#include "svsm/testing/matchers.h"
#include "tests/kbs/fixed_rng.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

ByteVector Url(ByteView bytes) {
  ByteVector out(EncodedSize(Base64::kUrl, bytes.size()));
  EXPECT_THAT(EncodeBase64(Base64::kUrl, bytes, out), IsOk());
  return out;
}

// A message to a key of the fixture, on either curve.
class JweTest : public ::testing::TestWithParam<crypto::Curve> {
 protected:
  void SetUp() override {
    const std::size_t size = crypto::CoordinateSize(GetParam());
    ByteVector scalar(size);
    x_.resize(size);
    y_.resize(size);
    ASSERT_THAT(ecdh_.GenerateKey(rng_, scalar), IsOk());
    ASSERT_THAT(ecdh_.PublicKey(x_, y_), IsOk());
    const JwePrimitives sender = {ephemeral_, aes_, aead_, sha256_};
    ASSERT_THAT(MakeJweKeys(sender, rng_, {GetParam(), {x_, y_}}, keys_), IsOk());
    Bytes<512> header{};
    const Result<ByteView> text = EncodeJweHeader(keys_.epk(), {}, header);
    ASSERT_THAT(text, IsOk());
    Protect(*text);
  }
  void Protect(ByteView header) {
    protected_ = Url(header);
    ASSERT_THAT(SealJwe(aead_, keys_, protected_, AsBytes(kSecret), ciphertext_, tag_), IsOk());
  }
  void Protect(std::string_view header) { Protect(AsBytes(header)); }
  JweMessage Message() const {
    return {.protected_text = protected_,
            .encrypted_key = keys_.encrypted_key,
            .iv = keys_.iv,
            .ciphertext = ciphertext_,
            .tag = tag_};
  }
  Result<ByteView> Open(const JweMessage& jwe, EpkPlace place = EpkPlace::kProtected) {
    plaintext_.assign(64, 0xee);
    workspace_.resize(2 * jwe.protected_text.size());
    return OpenJwe({ecdh_, aes_, aead_, sha256_}, jwe, place, workspace_, plaintext_);
  }

  static constexpr std::string_view kSecret = "the key of the storage";
  static constexpr std::string_view kBare = R"({"alg":"ECDH-ES+A256KW","enc":"A256GCM"})";
  FixedRng rng_;
  crypto::OpensslEcdh ecdh_{GetParam()};
  crypto::OpensslEcdh ephemeral_{GetParam()};
  crypto::OpensslBlockCipher aes_{crypto::BlockCipherAlg::kAes};
  crypto::OpensslAesGcm aead_;
  crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  ByteVector x_;
  ByteVector y_;
  JweKeys keys_;
  ByteVector protected_;
  ByteVector ciphertext_ = ByteVector(kSecret.size());
  Bytes<16> tag_{};
  ByteVector workspace_;
  ByteVector plaintext_;
};

TEST_P(JweTest, OpensWhatWasSealed) {
  EXPECT_THAT(Open(Message()), IsOkAnd(SameBytes(AsBytes(kSecret))));
  EXPECT_THAT(aead_.Open(keys_.iv, {}, {}, tag_, {}),
              IsStatus(Code::kFailedPrecondition, Source::kCrypto));
  EXPECT_THAT(ephemeral_.PublicKey(x_, y_), IsStatus(Code::kFailedPrecondition, Source::kCrypto));
}

TEST_P(JweTest, TextsHaveOneOrderAndComeBack) {
  ByteVector out(4096);
  for (const bool outside : {false, true}) {
    JweMessage jwe = Message();
    if (outside) jwe.epk = keys_.epk();
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView text, EncodeJwe(jwe, out));
    const std::string header = outside ? R"(","header":{"epk":{"crv":")" : R"(","encrypted_key":")";
    const std::string begin =
        R"({"protected":")" + std::string(protected_.begin(), protected_.end()) + header;
    ASSERT_GT(text.size(), begin.size());
    EXPECT_THAT(text.first(begin.size()), SameBytes(AsBytes(begin)));
    ByteVector workspace(text.size());
    SVSM_ASSERT_OK_AND_ASSIGN(const JweMessage back, DecodeJwe(text, workspace));
    EXPECT_THAT(back.protected_text, SameBytes(jwe.protected_text));
    EXPECT_THAT(back.encrypted_key, SameBytes(jwe.encrypted_key));
    EXPECT_THAT(back.iv, SameBytes(jwe.iv));
    EXPECT_THAT(back.ciphertext, SameBytes(jwe.ciphertext));
    EXPECT_THAT(back.tag, SameBytes(jwe.tag));
    EXPECT_EQ(back.epk.has_value(), outside);
    EXPECT_THAT(EncodeJwe(jwe, ByteSpan(out).first(text.size() - 1)),
                Is(Code::kBufferTooSmall, text.size()));
  }
  JweMessage jwe = Message();
  jwe.protected_text = AsBytes("\"");
  EXPECT_THAT(EncodeJwe(jwe, out), Is(Code::kInvalidArgument));
}

TEST_P(JweTest, AnyChangedByteIsOneAnswerAndLeavesZeros) {
  const JweMessage good = Message();
  const std::string header(protected_.begin(), protected_.end());
  for (int part = 0; part < 4; ++part) {
    JweMessage bad = good;
    ByteView* const parts[] = {&bad.encrypted_key, &bad.iv, &bad.ciphertext, &bad.tag};
    ByteVector changed = ToVector(*parts[part]);
    changed.back() ^= 1;
    *parts[part] = changed;
    EXPECT_THAT(Open(bad), Is(Code::kAuthFailed)) << part;
    EXPECT_TRUE(IsZero(plaintext_));
  }
  Bytes<512> text{};
  Protect(*EncodeJweHeader(keys_.epk(), AsBytes("[1]"), text));
  JweMessage other = Message();
  const ByteVector old = Url(*EncodeJweHeader(keys_.epk(), AsBytes("[2]"), text));
  other.protected_text = old;
  EXPECT_THAT(Open(other), Is(Code::kAuthFailed));
}

TEST_P(JweTest, TheEphemeralKeyStandsInOnePlace) {
  JweMessage jwe = Message();
  jwe.epk = keys_.epk();
  EXPECT_THAT(Open(jwe, EpkPlace::kAnywhere), Is(Code::kMalformed));
  Protect(kBare);
  EXPECT_THAT(Open(Message(), EpkPlace::kAnywhere), Is(Code::kMalformed));
  jwe = Message();
  jwe.epk = keys_.epk();
  EXPECT_THAT(Open(jwe, EpkPlace::kAnywhere), IsOkAnd(SameBytes(AsBytes(kSecret))));
  EXPECT_THAT(Open(jwe, EpkPlace::kProtected), Is(Code::kPermissionDenied));
  jwe.epk->curve = crypto::Curve::kP384;
  EXPECT_THAT(Open(jwe, EpkPlace::kAnywhere), Is(Code::kUnsupported));
  ByteVector off_curve = ToVector(keys_.epk().point.x);
  off_curve.back() ^= 1;
  jwe.epk = EcJwk{GetParam(), {off_curve, keys_.epk().point.y}};
  EXPECT_THAT(Open(jwe, EpkPlace::kAnywhere).status().code(), Code::kMalformed);
}

TEST_P(JweTest, SizesAreFixed) {
  const ByteVector long_text(kMaxProtectedSize + 1, 'e');
  for (int part = 0; part < 4; ++part) {
    JweMessage bad = Message();
    if (part == 0) bad.encrypted_key = bad.encrypted_key.first(39);
    if (part == 1) bad.iv = bad.iv.first(11);
    if (part == 2) bad.tag = {};
    if (part == 3) bad.protected_text = long_text;
    EXPECT_THAT(Open(bad), Is(Code::kMalformed)) << part;
  }
  Bytes<21> small{};
  EXPECT_THAT(
      OpenJwe({ecdh_, aes_, aead_, sha256_}, Message(), EpkPlace::kProtected, workspace_, small),
      Is(Code::kBufferTooSmall, kSecret.size()));
  JweMessage bad = Message();
  const ByteVector padded = ToVector(AsBytes("e30="));
  bad.protected_text = padded;
  EXPECT_THAT(Open(bad), Is(Code::kMalformed, 3));
}

TEST_P(JweTest, RecipientsAreOnTheSameCurve) {
  const JwePrimitives sender = {ephemeral_, aes_, aead_, sha256_};
  EXPECT_THAT(MakeJweKeys(sender, rng_, {crypto::Curve::kP384, {x_, y_}}, keys_),
              Is(Code::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Curves, JweTest,
                         ::testing::Values(crypto::Curve::kP521, crypto::Curve::kP256));

TEST(JweHeaderTest, RefusesOtherAlgorithms) {
  Bytes<256> workspace{};
  const auto decode = [&](std::string_view text) {
    return DecodeJweHeader(AsBytes(text), workspace);
  };
  EXPECT_THAT(decode(R"({"alg":"ECDH-ES+A256KW","enc":"A256GCM","kid":"\u00e4"})"), IsOk());
  EXPECT_THAT(decode(R"({"alg":"ECDH-ES","enc":"A256GCM"})"), Is(Code::kUnsupported, 16));
  EXPECT_THAT(decode(R"({"alg":"ECDH-ES+A256KW","enc":"A128GCM"})"), Is(Code::kUnsupported, 39));
  EXPECT_THAT(decode(R"({"alg":"ECDH-ES+A256KW"})"), Is(Code::kMalformed, 24));
  EXPECT_THAT(decode(R"({"enc":"A256GCM"})"), Is(Code::kMalformed, 17));
  EXPECT_THAT(decode(R"({"crit":["b64"]})"), Is(Code::kUnsupported, 8));
  EXPECT_THAT(decode(R"({"zip":"DEF"})"), Is(Code::kUnsupported, 7));
  EXPECT_THAT(decode(R"({"alg":"ECDH-ES+A256KW","alg":"ECDH-ES+A256KW"})"),
              Is(Code::kMalformed, 24));
  EXPECT_THAT(decode(R"({"epk":{"crv":"P-384"}})"), Is(Code::kUnsupported, 21));
  EXPECT_THAT(decode(R"({"epk":{"kty":"OKP"}})"), Is(Code::kUnsupported, 19));
  EXPECT_THAT(decode(R"({"epk":{"crv":"P-256","kty":"EC","x":"AA","y":"AA"}})"),
              Is(Code::kMalformed, 51));
  EXPECT_THAT(decode(R"({"epk":{"crv":"P-256","kty":"EC","x":"AA"}})"), Is(Code::kMalformed, 42));
  EXPECT_THAT(decode("{"), Is(Code::kTruncated, 1));
  EXPECT_THAT(DecodeJweHeader(AsBytes(R"({"apv":"AAAA"})"), {}), Is(Code::kBufferTooSmall, 3));
  EXPECT_THAT(EncodeJweHeader({}, {}, {}).status().code(), Code::kBufferTooSmall);
}

TEST(JweTextTest, RefusesOtherShapes) {
  Bytes<256> workspace{};
  const auto decode = [&](std::string_view text) { return DecodeJwe(AsBytes(text), workspace); };
  EXPECT_THAT(
      decode(R"({"protected":"e30","encrypted_key":"","iv":"","ciphertext":"","tag":"AA"})"),
      IsOk());
  EXPECT_THAT(decode(R"({"protected":"e30","encrypted_key":"","iv":"","ciphertext":""})"),
              Is(Code::kMalformed, 62));
  EXPECT_THAT(decode(R"({"aad":"AA"})"), Is(Code::kMalformed, 7));
  EXPECT_THAT(decode(R"({"header":{"alg":"x"}})"), Is(Code::kUnsupported, 17));
  EXPECT_THAT(decode(R"({"header":{"epk":{}}})"), Is(Code::kMalformed, 19));
}

}  // namespace
}  // namespace svsm::kbs
