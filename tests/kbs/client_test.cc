#include "svsm/kbs/client.h"

#include <optional>

#include "svsm/core/wire.h"
#include "tests/kbs/fixed_attester.h"
#include "tests/kbs/secret_fixture.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

// A client and a broker behind a proxy, each of whose answers a test may change.
class ClientTest : public SecretTest<ClientConfig> {
 protected:
  ClientTest() : SecretTest(crypto::Curve::kP521) {}
  AttestationResponse Answer() {
    broker_.Seal(svsm_.key());
    return {.success = true,
            .secret = ByteView(broker_.ciphertext),
            .decryption = ProxyDecryption{.epk = broker_.keys.epk().point,
                                          .wrapped_cek = broker_.keys.encrypted_key,
                                          .aad = broker_.protected_text,
                                          .iv = broker_.keys.iv,
                                          .tag = broker_.tag},
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
    const bool proxy = config_.binding == BindingMode::kProxyCompatible;
    return client_.emplace(config_,
                           ClientPrimitives{svsm_.jwe(), proxy ? svsm_.sha512 : svsm_.sha384,
                                            svsm_.sha384, svsm_.hmac, svsm_.verifier},
                           attester_, workspace_);
  }
  NegotiationResponse Negotiation() const {
    return {.challenge = broker_.nonce,
            .params = {BindingParam::kEcPublicKeyBytes, BindingParam::kChallenge},
            .num_params = 2};
  }
  Status Boot(const AttestationResponse& answer) {
    Client& client = NewClient();
    SVSM_TRY(client.Advance({}).status());
    SVSM_TRY(Receive(client, Negotiation()));
    const Status status = Receive(client, answer);
    EXPECT_EQ(status.ok(), !client.root_key().empty());
    EXPECT_THAT(client.Advance({}), Is(Code::kFailedPrecondition));
    return status;
  }

  FixedAttester attester_;
  ByteVector frame_ = ByteVector(kFrameHeaderSize + kMaxFrameBodySize);
  ByteVector workspace_ = ByteVector(kClientWorkspaceSize);
  std::optional<Client> client_;
};

TEST_F(ClientTest, GetsAGrantFromThePinnedBroker) {
  config_.boot_context = AsBytes("first boot");
  config_.resource = AsBytes("a/b/c");
  ASSERT_THAT(Boot(Answer()), IsOk());
  EXPECT_THAT(client_->root_key(), SameBytes(GrantedRootKey("a/b/c")));
  EXPECT_EQ(client_->broker(), broker_.key());
  EXPECT_EQ(client_->boot_number(), BootNumber{9});
  Grant grant;
  ASSERT_THAT(client_->ReadGrant(grant), IsOk());
  EXPECT_THAT(grant.vm_id, SameBytes(ByteVector(16, 0x22)));
  SVSM_ASSERT_OK_AND_ASSIGN(const evidence::ReportData expected,
                            BindingReportData(BindingMode::kOwn, svsm_.sha384,
                                              {.key = svsm_.key().point,
                                               .nonce = broker_.nonce,
                                               .boot_context = config_.boot_context}));
  EXPECT_THAT(attester_.asked, SameBytes(expected));
}

TEST_F(ClientTest, TheProxySaysWhyThereIsNoAnswer) {
  const auto refused = Is(Code::kPermissionDenied, static_cast<std::size_t>(BrokerRefusal::kProxy));
  Client& early = NewClient();
  ASSERT_THAT(early.Advance({}), IsOk());
  EXPECT_THAT(Receive(early, ProxyRefusal::kVersion), refused);
  EXPECT_EQ(early.proxy_refusal(), ProxyRefusal::kVersion);
  EXPECT_THAT(early.Advance({}), Is(Code::kFailedPrecondition));

  Client& late = NewClient();
  ASSERT_THAT(late.Advance({}), IsOk());
  ASSERT_THAT(Receive(late, Negotiation()), IsOk());
  EXPECT_EQ(late.proxy_refusal(), std::nullopt);
  EXPECT_THAT(Receive(late, ProxyRefusal::kTooLarge), refused);
  EXPECT_EQ(late.proxy_refusal(), ProxyRefusal::kTooLarge);
}

TEST_F(ClientTest, CompatibleModesGetTheKeyItself) {
  broker_.secret = {'k', 'e', 'y'};
  EXPECT_THAT(Boot(Answer()), Is(Code::kTruncated));
  for (const BindingMode mode : {BindingMode::kProxyCompatible, BindingMode::kTrustee}) {
    config_.binding = mode;
    ASSERT_THAT(Boot(Answer()), IsOk());
    EXPECT_THAT(client_->root_key(), SameBytes(broker_.secret));
    EXPECT_EQ(client_->boot_number(), BootNumber{9});
  }
}

TEST_F(ClientTest, UnsignedIsRefusedUnlessAskedFor) {
  broker_.sign = false;
  EXPECT_THAT(Boot(Answer()), Denied(BrokerRefusal::kUnsigned));
  config_.policy.trust = BrokerTrust::kAny;
  EXPECT_THAT(Boot(Answer()), Denied(BrokerRefusal::kUnsigned));
  config_.policy.without_signature = UnsignedSecret::kAccept;
  EXPECT_THAT(Boot(Answer()), IsOk());
  EXPECT_FALSE(client_->broker() || client_->boot_number());
}

TEST_F(ClientTest, OtherBrokersNeedAPolicyThatTakesThem) {
  config_.policy.known->x[0] ^= 1;
  EXPECT_THAT(Boot(Answer()), Denied(BrokerRefusal::kOtherBroker));
  config_.policy.trust = BrokerTrust::kAny;
  EXPECT_THAT(Boot(Answer()), IsOk());
  config_.policy = {.trust = BrokerTrust::kRemembered};
  EXPECT_THAT(Boot(Answer()), IsOk());
  EXPECT_EQ(client_->broker(), broker_.key());
}

TEST_F(ClientTest, WhatTheHostChangesIsNoticed) {
  broker_.report[0] ^= 1;
  EXPECT_THAT(Boot(Answer()), Is(Code::kAuthFailed));
  broker_.report[0] ^= 1;
  AttestationResponse answer = Answer();
  broker_.tag[0] ^= 1;
  EXPECT_THAT(Boot(answer), Is(Code::kAuthFailed));
  answer = Answer();
  broker_.ciphertext[0] ^= 1;
  EXPECT_THAT(Boot(answer), Is(Code::kAuthFailed));
  answer = Answer();
  answer.decryption->epk = svsm_.key().point;
  EXPECT_THAT(Boot(answer), Is(Code::kMalformed));
  answer = Answer();
  answer.decryption.reset();
  EXPECT_THAT(Boot(answer), Is(Code::kMalformed));
  answer = Answer();
  const ByteVector large(kMaxSecretSize + 1);
  answer.secret = large;
  EXPECT_THAT(Boot(answer), Is(Code::kOutOfRange, kMaxSecretSize));
  EXPECT_THAT(Boot(AttestationResponse{}), Denied(BrokerRefusal::kRefused));
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
  EXPECT_THAT(client_->Advance({}), Is(Code::kFailedPrecondition));
  config_.policy.known.reset();
  EXPECT_THAT(NewClient().Advance({}), Is(Code::kInvalidArgument));
  config_.policy.known = broker_.key();
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
