// A broker that seals and signs secrets for tests, and lets them spoil what it made.
#ifndef TESTS_KBS_FAKE_BROKER_H_
#define TESTS_KBS_FAKE_BROKER_H_

#include <string>

#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/broker_policy.h"
#include "svsm/kbs/grant.h"
#include "svsm/kbs/jwe.h"
#include "svsm/kbs/secret_signature.h"
#include "svsm/testing/matchers.h"
#include "tests/kbs/fixed_rng.h"

namespace svsm::kbs {

class FakeBroker {
 public:
  FakeBroker() {
    EXPECT_THAT(signer_.SetPrivateKey(ByteVector(48, 7)), testing::IsOk());
    EXPECT_THAT(signer_.PublicKey(key_.x, key_.y), testing::IsOk());
  }

  // What it signs for and seals; tests change these before Seal().
  ByteVector nonce = ByteVector(32, 5);
  ByteVector report = ByteVector(1184, 0x77);
  std::string resource = "a/b/c";
  BootNumber boot{9};
  ByteVector secret;
  bool sign = true;
  bool epk_outside = false;

  // Makes `secret` a grant.
  void ReleaseGrant() {
    Grant grant;
    Fill(grant.key_seed.writable(), 0x11);
    Fill(grant.vm_id, 0x22);
    grant.boot = boot;
    grant.resource = AsBytes(resource);
    secret.resize(kGrantSize);
    const Result<ByteView> text = EncodeGrant(grant, secret);
    EXPECT_THAT(text, testing::IsOk());
    secret.resize(text->size());
  }

  void Seal(const EcJwk& recipient) {
    crypto::OpensslEcdh ephemeral(recipient.curve);
    EXPECT_THAT(MakeJweKeys({ephemeral, aes_, aead_, sha256_}, rng_, recipient, keys),
                testing::IsOk());
    ciphertext.resize(secret.size());
    EXPECT_THAT(SealJwe(aead_, keys, {}, secret, ciphertext, tag), testing::IsOk());
    Bytes<4096> header{};
    const ByteVector member = sign ? Signature(recipient) : ByteVector();
    const auto text = epk_outside ? Result<ByteView>(AsBytes(kBareHeader))
                                  : EncodeJweHeader(keys.epk(), member, header);
    protected_text.resize(EncodedSize(Base64::kUrl, text->size()));
    EXPECT_THAT(EncodeBase64(Base64::kUrl, *text, protected_text), testing::IsOk());
    EXPECT_THAT(SealJwe(aead_, keys, protected_text, secret, ciphertext, tag), testing::IsOk());
  }

  JweMessage message() const {
    JweMessage jwe = {.protected_text = protected_text,
                      .encrypted_key = keys.encrypted_key,
                      .iv = keys.iv,
                      .ciphertext = ciphertext,
                      .tag = tag};
    if (epk_outside) jwe.epk = keys.epk();
    return jwe;
  }
  ByteVector text() const {
    ByteVector out(16384);
    const Result<ByteView> text = EncodeJwe(message(), out);
    EXPECT_THAT(text, testing::IsOk());
    return ToVector(*text);
  }
  const BrokerKey& key() const { return key_; }

  // What Seal() made.
  JweKeys keys;
  ByteVector ciphertext;
  Bytes<16> tag{};
  ByteVector protected_text;

 private:
  static constexpr std::string_view kBareHeader = R"({"alg":"ECDH-ES+A256KW","enc":"A256GCM"})";

  ByteVector Signature(const EcJwk& recipient) {
    Bytes<48> report_digest{};
    EXPECT_THAT(sha384_.Digest(report, report_digest), testing::IsOk());
    const auto digest = SecretDigest(sha384_,
                                     {.nonce = nonce,
                                      .svsm_key = recipient.point,
                                      .epk = keys.epk().point,
                                      .report_digest = report_digest,
                                      .encrypted_key = keys.encrypted_key,
                                      .iv = keys.iv,
                                      .ciphertext = ciphertext},
                                     AsBytes(resource), boot);
    ByteVector r(48);
    ByteVector s(48);
    EXPECT_THAT(signer_.Sign(*digest, r, s), testing::IsOk());
    ByteVector member(1024);
    const auto text = EncodeSecretSignature({.signer = {crypto::Curve::kP384, {key_.x, key_.y}},
                                             .boot = boot,
                                             .resource = AsBytes(resource),
                                             .signature = {r, s}},
                                            member);
    EXPECT_THAT(text, testing::IsOk());
    return ToVector(*text);
  }

  FixedRng rng_;
  crypto::OpensslBlockCipher aes_{crypto::BlockCipherAlg::kAes};
  crypto::OpensslAesGcm aead_;
  const crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  crypto::OpensslEcdsaSigner signer_{crypto::Curve::kP384};
  BrokerKey key_;
};

// What an SVSM has at hand, with a key on `curve`.
struct SvsmSide {
  explicit SvsmSide(crypto::Curve curve)
      : ecdh(curve), x(crypto::CoordinateSize(curve)), y(crypto::CoordinateSize(curve)) {
    FixedRng rng;
    ByteVector scalar(x.size());
    EXPECT_THAT(rng.Generate(scalar), testing::IsOk());  // the broker's begins as this one does
    EXPECT_THAT(ecdh.GenerateKey(rng, scalar), testing::IsOk());
    EXPECT_THAT(ecdh.PublicKey(x, y), testing::IsOk());
  }
  JwePrimitives jwe() { return {ecdh, aes, aead, sha256}; }
  EcJwk key() const { return {ecdh.curve(), {x, y}}; }

  crypto::OpensslEcdh ecdh;
  crypto::OpensslBlockCipher aes{crypto::BlockCipherAlg::kAes};
  crypto::OpensslAesGcm aead;
  crypto::OpensslHmac hmac{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha256{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha384{crypto::HashAlg::kSha384};
  const crypto::OpensslHash sha512{crypto::HashAlg::kSha512};
  crypto::OpensslEcdsaVerifier verifier{crypto::Curve::kP384};
  ByteVector x;
  ByteVector y;
};

// The root key of FakeBroker::ReleaseGrant().
inline ByteVector GrantedRootKey(const std::string& resource) {
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha256);
  Grant grant;
  Fill(grant.key_seed.writable(), 0x11);
  Fill(grant.vm_id, 0x22);
  grant.resource = AsBytes(resource);
  Bytes<kRootKeySize> key{};
  EXPECT_THAT(DeriveRootKey(hmac, grant, key), testing::IsOk());
  return ToVector(key);
}

}  // namespace svsm::kbs

#endif  // TESTS_KBS_FAKE_BROKER_H_
