#include "svsm/kbs/secret_opener.h"

#include <string_view>

#include "tests/kbs/secret_fixture.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::SameBytes;

class SecretOpenerTest : public SecretTest<OpenerConfig> {
 protected:
  SecretOpenerTest() : SecretTest(crypto::Curve::kP256) {}
  Status Open(const JweMessage& jwe) {
    opener_.emplace(config_,
                    OpenerPrimitives{svsm_.jwe(), svsm_.hmac, svsm_.sha384, svsm_.verifier});
    Bytes<48> report_digest{};
    EXPECT_THAT(svsm_.sha384.Digest(ByteVector(1184, 0x77), report_digest), IsOk());
    const Status status = opener_->Open({.nonce = nonce_,
                                         .svsm_key = svsm_.key().point,
                                         .report_digest = report_digest,
                                         .told_epk = told_epk_},
                                        jwe, workspace_);
    EXPECT_EQ(status.ok(), !opener_->root_key().empty());
    if (!status.ok()) {
      Grant grant;
      EXPECT_FALSE(opener_->broker() || opener_->boot_number());
      EXPECT_THAT(opener_->ReadGrant(grant), Is(Code::kNotFound));
    }
    return status;
  }
  Status SealAndOpen() {
    broker_.Seal(svsm_.key());
    return Open(broker_.message());
  }

  const ByteVector nonce_ = ByteVector(32, 5);
  std::optional<crypto::EcPointView> told_epk_;
  ByteVector workspace_ = ByteVector(kOpenerWorkspaceSize);
  std::optional<SecretOpener> opener_;
};

TEST_F(SecretOpenerTest, GrantsGiveTheDerivedKey) {
  config_.resource = AsBytes("a/b/c");
  ASSERT_THAT(SealAndOpen(), IsOk());
  EXPECT_THAT(opener_->root_key(), SameBytes(GrantedRootKey("a/b/c")));
  EXPECT_EQ(opener_->broker(), broker_.key());
  EXPECT_EQ(opener_->boot_number(), BootNumber{9});
  Grant grant;
  ASSERT_THAT(opener_->ReadGrant(grant), IsOk());
  EXPECT_EQ(grant.boot, BootNumber{9});
  opener_->Wipe();
  EXPECT_TRUE(opener_->root_key().empty());
  EXPECT_THAT(opener_->ReadGrant(grant), Is(Code::kNotFound));
}

TEST_F(SecretOpenerTest, RawSecretsAreTheKey) {
  config_.form = SecretForm::kRaw;
  broker_.secret = {1, 2, 3};
  ASSERT_THAT(SealAndOpen(), IsOk());
  EXPECT_THAT(opener_->root_key(), SameBytes(broker_.secret));
  Grant grant;
  EXPECT_THAT(opener_->ReadGrant(grant), Is(Code::kNotFound));
  config_.form = SecretForm::kGrant;
  EXPECT_THAT(SealAndOpen(), Is(Code::kTruncated));
}

TEST_F(SecretOpenerTest, GrantAndSignatureSayTheSame) {
  broker_.boot = {10};
  EXPECT_THAT(SealAndOpen(), Is(Code::kMalformed));
  broker_.boot = {9};
  broker_.resource = "a/b/d";
  EXPECT_THAT(SealAndOpen(), Is(Code::kMalformed));
  broker_.resource = "a/b/c";
  EXPECT_THAT(SealAndOpen(), IsOk());
}

TEST_F(SecretOpenerTest, AnotherResourceIsNotWhatWasAskedFor) {
  config_.resource = AsBytes("a/b/d");
  EXPECT_THAT(SealAndOpen(), Denied(BrokerRefusal::kOtherResource));
  config_.form = SecretForm::kRaw;
  EXPECT_THAT(SealAndOpen(), Denied(BrokerRefusal::kOtherResource));
  config_.form = SecretForm::kGrant;
  config_.policy.without_signature = UnsignedSecret::kAccept;
  broker_.sign = false;
  EXPECT_THAT(SealAndOpen(), Denied(BrokerRefusal::kOtherResource));
  config_.form = SecretForm::kRaw;
  EXPECT_THAT(SealAndOpen(), IsOk());  // nothing says what it is
}

TEST_F(SecretOpenerTest, PolicyComesFirst) {
  config_.policy.known.reset();
  EXPECT_THAT(SealAndOpen(), Is(Code::kInvalidArgument));
  config_.policy.known = broker_.key();
  config_.policy.known->x[0] ^= 1;
  EXPECT_THAT(SealAndOpen(), Denied(BrokerRefusal::kOtherBroker));
  broker_.sign = false;
  EXPECT_THAT(SealAndOpen(), Denied(BrokerRefusal::kUnsigned));
  config_.policy.without_signature = UnsignedSecret::kAccept;
  EXPECT_THAT(SealAndOpen(), IsOk());
  EXPECT_FALSE(opener_->broker() || opener_->boot_number());
}

TEST_F(SecretOpenerTest, WhatWasSignedForIsWhatWasSent) {
  broker_.nonce[0] ^= 1;
  EXPECT_THAT(SealAndOpen(), Is(Code::kAuthFailed));
  broker_.nonce[0] ^= 1;
  broker_.report[0] ^= 1;
  EXPECT_THAT(SealAndOpen(), Is(Code::kAuthFailed));
  broker_.report[0] ^= 1;
  broker_.Seal(svsm_.key());
  broker_.keys.iv[0] ^= 1;
  EXPECT_THAT(Open(broker_.message()), Is(Code::kAuthFailed));
  broker_.Seal(svsm_.key());
  broker_.tag[0] ^= 1;
  EXPECT_THAT(Open(broker_.message()), Is(Code::kAuthFailed));
}

TEST_F(SecretOpenerTest, AToldKeyIsTheOneThatCounts) {
  broker_.Seal(svsm_.key());
  told_epk_ = broker_.keys.epk().point;
  EXPECT_THAT(Open(broker_.message()), IsOk());
  told_epk_ = svsm_.key().point;
  EXPECT_THAT(Open(broker_.message()), Is(Code::kMalformed));
  broker_.epk_outside = true;
  broker_.sign = false;
  config_.policy.without_signature = UnsignedSecret::kAccept;
  broker_.Seal(svsm_.key());
  JweMessage bare = broker_.message();
  bare.epk.reset();
  told_epk_ = broker_.keys.epk().point;
  EXPECT_THAT(Open(bare), Is(Code::kPermissionDenied));
  config_.epk_place = EpkPlace::kAnywhere;
  EXPECT_THAT(Open(bare), IsOk());
  told_epk_.reset();
  EXPECT_THAT(Open(bare), Is(Code::kMalformed));
}

TEST_F(SecretOpenerTest, SizesAreBounded) {
  broker_.Seal(svsm_.key());
  JweMessage jwe = broker_.message();
  const ByteVector large(kMaxProtectedSize + 1, 'A');
  jwe.ciphertext = ByteView(large).first(kMaxSecretSize + 1);
  EXPECT_THAT(Open(jwe), Is(Code::kOutOfRange, kMaxSecretSize));
  jwe = broker_.message();
  jwe.protected_text = large;
  EXPECT_THAT(Open(jwe), Is(Code::kMalformed));
  jwe = broker_.message();
  jwe.encrypted_key = jwe.encrypted_key.first(39);
  EXPECT_THAT(Open(jwe), Is(Code::kMalformed));
  workspace_.pop_back();
  EXPECT_THAT(Open(broker_.message()), Is(Code::kBufferTooSmall, kOpenerWorkspaceSize));
}

TEST_F(SecretOpenerTest, SignersAreOnTheVerifiersCurve) {
  broker_.Seal(svsm_.key());
  crypto::OpensslEcdsaVerifier p256(crypto::Curve::kP256);
  SecretOpener opener(config_, {svsm_.jwe(), svsm_.hmac, svsm_.sha384, p256});
  EXPECT_THAT(
      opener.Open({.nonce = nonce_, .svsm_key = svsm_.key().point, .report_digest = Bytes<48>{}},
                  broker_.message(), workspace_),
      Is(Code::kUnsupported));
}

}  // namespace
}  // namespace svsm::kbs
