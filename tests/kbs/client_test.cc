#include "svsm/kbs/client.h"

#include <optional>
#include <string_view>

#include "svsm/core/wire.h"
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/base64.h"
#include "svsm/testing/matchers.h"
#include "tests/kbs/fixed_attester.h"
#include "tests/kbs/fixed_rng.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

// A client and a broker behind a proxy, each of whose answers a test may change.
class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ByteVector scalar(66);
    ASSERT_THAT(ecdh_.GenerateKey(rng_, scalar), IsOk());
    ASSERT_THAT(ecdh_.PublicKey(x_, y_), IsOk());
    ASSERT_THAT(signer_.SetPrivateKey(ByteVector(48, 7)), IsOk());
    ASSERT_THAT(signer_.PublicKey(broker_.x, broker_.y), IsOk());
    config_.broker = broker_;
  }
  // Seals `kSecret`, signs it and answers.
  AttestationResponse Answer() {
    crypto::OpensslEcdh ephemeral(crypto::Curve::kP521);
    EXPECT_THAT(MakeJweKeys({ephemeral, aes_, aead_, sha256_}, rng_,
                            {crypto::Curve::kP521, {x_, y_}}, keys_),
                IsOk());
    EXPECT_THAT(SealJwe(aead_, keys_, {}, AsBytes(kSecret), ciphertext_, tag_), IsOk());
    Bytes<48> report_digest{};
    EXPECT_THAT(sha384_.Digest(signed_report_, report_digest), IsOk());
    const auto digest = SecretDigest(sha384_,
                                     {.nonce = nonce_,
                                      .svsm_key = {x_, y_},
                                      .epk = keys_.epk().point,
                                      .report_digest = report_digest,
                                      .encrypted_key = keys_.encrypted_key,
                                      .iv = keys_.iv,
                                      .ciphertext = ciphertext_},
                                     AsBytes("a/b/c"), {9});
    ByteVector r(48);
    ByteVector s(48);
    EXPECT_THAT(signer_.Sign(*digest, r, s), IsOk());
    Bytes<1024> member{};
    const auto signature =
        EncodeSecretSignature({.signer = {crypto::Curve::kP384, {broker_.x, broker_.y}},
                               .boot = {9},
                               .resource = AsBytes("a/b/c"),
                               .signature = {r, s}},
                              member);
    Bytes<2048> header{};
    const auto text = EncodeJweHeader(keys_.epk(), sign_ ? *signature : ByteView(), header);
    protected_.resize(EncodedSize(Base64::kUrl, text->size()));
    EXPECT_THAT(EncodeBase64(Base64::kUrl, *text, protected_), IsOk());
    EXPECT_THAT(SealJwe(aead_, keys_, protected_, AsBytes(kSecret), ciphertext_, tag_), IsOk());
    return {.success = true,
            .secret = ByteView(ciphertext_),
            .decryption = ProxyDecryption{.epk = keys_.epk().point,
                                          .wrapped_cek = keys_.encrypted_key,
                                          .aad = protected_,
                                          .iv = keys_.iv,
                                          .tag = tag_},
            .token = {}};
  }
  template <typename Message>
  Status Receive(Client& client, const Message& message) {
    const Result<ByteView> frame = EncodeFrame(message, frame_);
    EXPECT_THAT(frame, IsOk());
    SVSM_ASSIGN_OR_RETURN(Client::Step step, client.Advance({}));
    EXPECT_EQ(step.need, kFrameHeaderSize);
    SVSM_ASSIGN_OR_RETURN(step, client.Advance(frame->first(kFrameHeaderSize)));
    EXPECT_EQ(step.need, frame->size() - kFrameHeaderSize);
    return client.Advance(frame->subspan(kFrameHeaderSize)).status();
  }
  Client& NewClient() {
    return client_.emplace(
        config_,
        ClientPrimitives{{ecdh_, aes_, aead_, sha256_},
                         config_.binding == BindingMode::kOwn ? sha384_ : sha512_,
                         sha384_,
                         verifier_},
        attester_, workspace_);
  }
  NegotiationResponse Negotiation() const {
    return {.challenge = nonce_,
            .params = {BindingParam::kEcPublicKeyBytes, BindingParam::kChallenge},
            .num_params = 2};
  }
  Status Boot(const AttestationResponse& answer) {
    Client& client = NewClient();
    SVSM_TRY(client.Advance({}).status());
    SVSM_TRY(Receive(client, Negotiation()));
    const Status status = Receive(client, answer);
    EXPECT_EQ(status.ok(), client.secret().size() == kSecret.size());
    if (!status.ok()) {
      EXPECT_FALSE(client.broker() || client.boot_number());
      EXPECT_THAT(client.Advance({}), Is(Code::kFailedPrecondition));
    }
    return status;
  }

  static constexpr std::string_view kSecret = "the root key of the storage";
  FixedRng rng_;
  crypto::OpensslEcdh ecdh_{crypto::Curve::kP521};
  crypto::OpensslBlockCipher aes_{crypto::BlockCipherAlg::kAes};
  crypto::OpensslAesGcm aead_;
  const crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  const crypto::OpensslHash sha512_{crypto::HashAlg::kSha512};
  crypto::OpensslEcdsaVerifier verifier_{crypto::Curve::kP384};
  crypto::OpensslEcdsaSigner signer_{crypto::Curve::kP384};
  FixedAttester attester_;
  ByteVector signed_report_ = attester_.report;
  bool sign_ = true;
  ByteVector x_ = ByteVector(66);
  ByteVector y_ = ByteVector(66);
  BrokerKey broker_;
  ClientConfig config_;
  const ByteVector nonce_ = ByteVector(32, 5);
  JweKeys keys_;
  ByteVector ciphertext_ = ByteVector(kSecret.size());
  Bytes<16> tag_{};
  ByteVector protected_;
  ByteVector frame_ = ByteVector(kFrameHeaderSize + kMaxFrameBodySize);
  ByteVector workspace_ = ByteVector(kClientWorkspaceSize);
  std::optional<Client> client_;
};

TEST_F(ClientTest, GetsASecretFromThePinnedBroker) {
  config_.boot_context = AsBytes("first boot");
  ASSERT_THAT(Boot(Answer()), IsOk());
  EXPECT_THAT(client_->secret(), SameBytes(AsBytes(kSecret)));
  EXPECT_EQ(client_->broker(), broker_);
  EXPECT_EQ(client_->boot_number(), BootNumber{9});
  SVSM_ASSERT_OK_AND_ASSIGN(
      const evidence::ReportData expected,
      BindingReportData(BindingMode::kOwn, sha384_,
                        {.key = {x_, y_}, .nonce = nonce_, .boot_context = config_.boot_context}));
  EXPECT_THAT(attester_.asked, SameBytes(expected));
  EXPECT_THAT(client_->Advance({}), Is(Code::kFailedPrecondition));
}

TEST_F(ClientTest, UnsignedIsRefusedUnlessAskedFor) {
  sign_ = false;
  EXPECT_THAT(Boot(Answer()), Is(Code::kPermissionDenied, 2));
  config_.trust = BrokerTrust::kAny;
  EXPECT_THAT(Boot(Answer()), Is(Code::kPermissionDenied, 2));
  config_.without_signature = UnsignedSecret::kAccept;
  EXPECT_THAT(Boot(Answer()), IsOk());
  EXPECT_FALSE(client_->broker() || client_->boot_number());
}

TEST_F(ClientTest, OtherBrokersNeedAPolicyThatTakesThem) {
  config_.broker->x[0] ^= 1;
  EXPECT_THAT(Boot(Answer()), Is(Code::kPermissionDenied, 3));
  config_.without_signature = UnsignedSecret::kAccept;
  EXPECT_THAT(Boot(Answer()), Is(Code::kPermissionDenied, 3));
  config_.trust = BrokerTrust::kRemembered;
  EXPECT_THAT(Boot(Answer()), Is(Code::kPermissionDenied, 3));
  config_.trust = BrokerTrust::kAny;
  EXPECT_THAT(Boot(Answer()), IsOk());
  config_.trust = BrokerTrust::kRemembered;
  config_.broker.reset();
  EXPECT_THAT(Boot(Answer()), IsOk());
  EXPECT_EQ(client_->broker(), broker_);
}

TEST_F(ClientTest, WhatTheHostChangesIsNoticed) {
  signed_report_[0] ^= 1;
  EXPECT_THAT(Boot(Answer()), Is(Code::kAuthFailed));
  signed_report_[0] ^= 1;
  AttestationResponse answer = Answer();
  tag_[0] ^= 1;
  EXPECT_THAT(Boot(answer), Is(Code::kAuthFailed));
  answer = Answer();
  ciphertext_[0] ^= 1;
  EXPECT_THAT(Boot(answer), Is(Code::kAuthFailed));
  answer = Answer();
  answer.decryption->epk = {x_, y_};
  EXPECT_THAT(Boot(answer), Is(Code::kMalformed));
  answer = Answer();
  answer.decryption.reset();
  EXPECT_THAT(Boot(answer), Is(Code::kMalformed));
  answer = Answer();
  const ByteVector large(kMaxSecretSize + 1);
  answer.secret = large;
  EXPECT_THAT(Boot(answer), Is(Code::kOutOfRange, kMaxSecretSize));
  EXPECT_THAT(Boot(AttestationResponse{}), Is(Code::kPermissionDenied, 1));
}

TEST_F(ClientTest, OneOrderOfParamsIsSignedFor) {
  Client& client = NewClient();
  EXPECT_THAT(client.Advance({}), IsOk());
  NegotiationResponse negotiation = Negotiation();
  negotiation.params = {BindingParam::kChallenge, BindingParam::kEcPublicKeyBytes};
  EXPECT_THAT(Receive(client, negotiation), Is(Code::kUnsupported, 2));
  EXPECT_TRUE(attester_.asked.empty());
}

TEST_F(ClientTest, RefusesCallsOutOfItsContract) {
  EXPECT_THAT(NewClient().Advance(AsBytes("x")), Is(Code::kInvalidArgument));
  config_.broker.reset();
  EXPECT_THAT(NewClient().Advance({}), Is(Code::kInvalidArgument));
  config_.broker = broker_;
  workspace_.pop_back();
  EXPECT_THAT(NewClient().Advance({}), Is(Code::kInvalidArgument));
}

TEST_F(ClientTest, FramesAndAttestersMayFail) {
  Client& client = NewClient();
  EXPECT_THAT(client.Advance({}), IsOk());
  EXPECT_THAT(client.Advance({}), IsOk());
  EXPECT_THAT(client.Advance(wire::ToBytes(wire::Le64(kMaxFrameBodySize + 1))),
              Is(Code::kOutOfRange, kMaxFrameBodySize));
  attester_.status = Status(Code::kBusy, Source::kSnp, 4);
  Client& second = NewClient();
  EXPECT_THAT(second.Advance({}), IsOk());
  EXPECT_THAT(Receive(second, Negotiation()), IsStatus(Code::kBusy, Source::kSnp, 4));
}

}  // namespace
}  // namespace svsm::kbs
