#include "svsm/kbs/forward_client.h"

#include <optional>
#include <string>

#include "svsm/core/wire.h"
#include "svsm/kbs/snp_evidence.h"
#include "tests/kbs/fixed_attester.h"
#include "tests/kbs/secret_fixture.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

std::string Text(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

// A client, and a broker behind a forwarding proxy, each of whose answers a test may change.
class ForwardClientTest : public SecretTest<ForwardConfig>,
                          public ::testing::WithParamInterface<crypto::Curve> {
 protected:
  ForwardClientTest() : SecretTest(GetParam()) {
    attester_.report = ByteVector(kSnpReportSize);
    attester_.report[0] = 2;
    broker_.report = attester_.report;
    config_.resource = AsBytes("a/b/c");
    Bytes<kMaxNonceText> text{};
    nonce_ = Text(*EncodeBase64(Base64::kStandard, broker_.nonce, text));
    challenge_ = R"({"nonce":")" + nonce_ + R"(","extra-params":""})";
  }
  ForwardClient& NewClient() {
    return client_.emplace(config_,
                           ForwardPrimitives{svsm_.jwe(), svsm_.sha384, svsm_.hmac, svsm_.verifier},
                           attester_, workspace_);
  }
  // What the client sends next, given the answer to what it sent before.
  Result<ForwardRequest> Exchange(const ForwardReply& reply) {
    Bytes<kFrameHeaderSize + kMaxFrameBodySize> frame{};
    SVSM_ASSIGN_OR_RETURN(const ByteView answer, EncodeFrame(reply, frame));
    SVSM_ASSIGN_OR_RETURN(const ClientStep step, Receive(answer));
    return Sent(step);
  }
  Result<ClientStep> Receive(ByteView frame) {
    SVSM_TRY(client_->Advance({}).status());
    SVSM_TRY(client_->Advance(frame.first(kFrameHeaderSize)).status());
    return client_->Advance(frame.subspan(kFrameHeaderSize));
  }
  Result<ForwardRequest> Sent(const ClientStep& step) {
    if (step.kind == ClientStep::Kind::kDone) return ForwardRequest{.kind = ForwardKind::kLedger};
    sent_ = ToVector(step.send.subspan(kFrameHeaderSize));
    return DecodeForwardRequest(sent_, sent_workspace_);
  }
  Result<ForwardRequest> Reply(const std::string& body) {
    return Exchange({.status = 200, .body = AsBytes(body)});
  }
  // Until the client asks for the secret.
  Status Attested() {
    SVSM_TRY(NewClient().Advance({}).status());
    SVSM_TRY(Reply(challenge_).status());
    return Reply(R"({"token":"to.ke.n"})").status();
  }
  Status Boot() {
    SVSM_TRY(Attested());
    broker_.Seal(svsm_.key());
    const Status status = Reply(Text(broker_.text())).status();
    EXPECT_EQ(status.ok(), !client_->root_key().empty());
    EXPECT_THAT(client_->Advance({}), Is(Code::kFailedPrecondition));
    return status;
  }

  FixedAttester attester_;
  std::string nonce_;
  std::string challenge_;
  ByteVector workspace_ = ByteVector(kForwardWorkspaceSize);
  ByteVector sent_;
  ByteVector sent_workspace_ = ByteVector(kMaxFrameBodySize);
  std::optional<ForwardClient> client_;
};

TEST_P(ForwardClientTest, SpeaksTheBrokersProtocolWhole) {
  config_.boot_context = AsBytes("boot!");
  SVSM_ASSERT_OK_AND_ASSIGN(const ClientStep first, NewClient().Advance({}));
  SVSM_ASSERT_OK_AND_ASSIGN(ForwardRequest request, Sent(first));
  EXPECT_EQ(request.kind, ForwardKind::kAuth);
  EXPECT_EQ(Text(request.body), R"({"version":"0.4.0","tee":"snp","extra-params":""})");
  SVSM_ASSERT_OK_AND_ASSIGN(request, Reply(challenge_));
  EXPECT_EQ(request.kind, ForwardKind::kAttest);
  ByteVector workspace(request.body.size());
  SVSM_ASSERT_OK_AND_ASSIGN(const Attestation attestation,
                            DecodeAttestation(request.body, workspace));
  EXPECT_EQ(Text(attestation.nonce), nonce_);
  EXPECT_EQ(Text(attestation.additional_evidence), "Ym9vdCE=");
  Bytes<132> points{};
  SVSM_ASSERT_OK_AND_ASSIGN(const EcJwk key, EcKeyOf(attestation.key, points));
  EXPECT_EQ(key.curve, GetParam());
  EXPECT_THAT(key.point.x, SameBytes(svsm_.x));
  ByteVector evidence_workspace(attestation.primary_evidence.size());
  SVSM_ASSERT_OK_AND_ASSIGN(const SnpEvidence evidence,
                            DecodeSnpEvidence(attestation.primary_evidence, evidence_workspace));
  EXPECT_THAT(evidence.report, SameBytes(attester_.report));
  SVSM_ASSERT_OK_AND_ASSIGN(const evidence::ReportData expected,
                            BindingReportData(BindingMode::kOwn, svsm_.sha384,
                                              {.key = svsm_.key().point,
                                               .nonce = broker_.nonce,
                                               .boot_context = config_.boot_context}));
  EXPECT_THAT(attester_.asked, SameBytes(expected));
  EXPECT_TRUE(client_->token().empty());
  SVSM_ASSERT_OK_AND_ASSIGN(request, Reply(R"({"token":"to.ke.n"})"));
  EXPECT_EQ(request.kind, ForwardKind::kResource);
  EXPECT_EQ(Text(request.path), "a/b/c");
  broker_.Seal(svsm_.key());
  EXPECT_THAT(Reply(Text(broker_.text())), IsOk());
  EXPECT_THAT(client_->root_key(), SameBytes(GrantedRootKey("a/b/c")));
  EXPECT_EQ(Text(client_->token()), "to.ke.n");
  EXPECT_EQ(client_->broker(), broker_.key());
  EXPECT_EQ(client_->boot_number(), BootNumber{9});
  Grant grant;
  EXPECT_THAT(client_->ReadGrant(grant), IsOk());
  EXPECT_THAT(client_->Advance({}), Is(Code::kFailedPrecondition));
}

TEST_P(ForwardClientTest, TrusteesModeBindsItsRuntimeDataAndGetsTheKeyItself) {
  config_.binding = BindingMode::kTrustee;
  config_.policy.without_signature = UnsignedSecret::kAccept;
  broker_.sign = false;
  broker_.secret = {'k', 'e', 'y'};
  ASSERT_THAT(Boot(), IsOk());
  EXPECT_THAT(client_->root_key(), SameBytes(broker_.secret));
  SVSM_ASSERT_OK_AND_ASSIGN(const evidence::ReportData expected,
                            BindingReportData(BindingMode::kTrustee, svsm_.sha384,
                                              {.key = svsm_.key().point, .nonce = broker_.nonce}));
  EXPECT_THAT(attester_.asked, SameBytes(expected));
}

TEST_P(ForwardClientTest, SecretsAreJudgedAsEverywhere) {
  broker_.sign = false;
  EXPECT_THAT(Boot(), Denied(BrokerRefusal::kUnsigned));
  broker_.sign = true;
  broker_.nonce[0] ^= 1;
  EXPECT_THAT(Boot(), Is(Code::kAuthFailed));
  broker_.nonce[0] ^= 1;
  config_.resource = AsBytes("a/b/d");
  EXPECT_THAT(Boot(), Denied(BrokerRefusal::kOtherResource));
  config_.resource = AsBytes("a/b/c");
  broker_.epk_outside = true;
  EXPECT_THAT(Boot(), Denied(BrokerRefusal::kUnsigned));
  config_.policy.without_signature = UnsignedSecret::kAccept;
  EXPECT_THAT(Boot(), Is(Code::kPermissionDenied));
  config_.epk_place = EpkPlace::kAnywhere;
  EXPECT_THAT(Boot(), IsOk());
}

TEST_P(ForwardClientTest, RefusalsAreTold) {
  const std::string refusal =
      std::string(R"({"type":")") + Text(kErrorPrefix) + R"(AttestationError","detail":"no"})";
  ASSERT_THAT(NewClient().Advance({}), IsOk());
  ASSERT_THAT(Reply(challenge_), IsOk());
  EXPECT_THAT(Exchange({.status = 401, .body = AsBytes(refusal)}), Denied(BrokerRefusal::kRefused));
  EXPECT_EQ(client_->refusal(), KbsError::kAttestationError);
  ASSERT_THAT(NewClient().Advance({}), IsOk());
  EXPECT_THAT(Exchange({.status = 404, .body = AsBytes("<html>")}),
              Denied(BrokerRefusal::kRefused));
  EXPECT_EQ(client_->refusal(), KbsError::kOther);
  ASSERT_THAT(NewClient().Advance({}), IsOk());
  EXPECT_THAT(Exchange({.status = 2}), Is(Code::kUnavailable, 2));
}

TEST_P(ForwardClientTest, TellsWhatTheProxySaysInsteadOfForwarding) {
  Bytes<kMaxRefusalFrameSize> frame{};
  for (const ProxyRefusal refusal : {ProxyRefusal::kBusy, ProxyRefusal::kMalformed}) {
    SVSM_ASSERT_OK_AND_ASSIGN(const ByteView answer, EncodeFrame(refusal, frame));
    ASSERT_THAT(NewClient().Advance({}), IsOk());
    EXPECT_THAT(Receive(answer), Denied(BrokerRefusal::kProxy));
    EXPECT_EQ(client_->proxy_refusal(), refusal);
    EXPECT_THAT(client_->Advance({}), Is(Code::kFailedPrecondition));
  }
  const std::string unknown = R"({"success":false,"error":"tired"})";
  ByteVector other = ToVector(wire::ToBytes(wire::Le64(unknown.size())));
  other.insert(other.end(), unknown.begin(), unknown.end());
  ASSERT_THAT(NewClient().Advance({}), IsOk());
  EXPECT_THAT(Receive(other), Is(Code::kMalformed, unknown.size()));
  EXPECT_EQ(client_->proxy_refusal(), std::nullopt);
}

TEST_P(ForwardClientTest, AnswersHaveTheirForm) {
  ASSERT_THAT(NewClient().Advance({}), IsOk());
  EXPECT_EQ(Reply("{}").status().code(), Code::kMalformed);
  ASSERT_THAT(NewClient().Advance({}), IsOk());
  EXPECT_EQ(Reply(R"({"nonce":"AA==","extra-params":""})").status().code(), Code::kMalformed);
  EXPECT_TRUE(attester_.asked.empty());
  ASSERT_THAT(NewClient().Advance({}), IsOk());
  ASSERT_THAT(Reply(challenge_), IsOk());
  EXPECT_EQ(Reply(R"({"token":1})").status().code(), Code::kMalformed);
  ASSERT_THAT(Attested(), IsOk());
  EXPECT_EQ(Reply("{\"protected\":").status().code(), Code::kTruncated);
}

TEST_P(ForwardClientTest, RefusesCallsOutOfItsContract) {
  EXPECT_THAT(NewClient().Advance(AsBytes("x")), Is(Code::kInvalidArgument));
  EXPECT_THAT(client_->Advance({}), Is(Code::kFailedPrecondition));
  const ForwardConfig good = config_;
  const ByteVector context(kMaxBootContextSize + 1);
  for (int i = 0; i < 4; ++i) {
    config_ = good;
    if (i == 0) config_.policy.known.reset();
    if (i == 1) config_.binding = BindingMode::kProxyCompatible;
    if (i == 2) config_.resource = AsBytes("a/../c");
    if (i == 3) config_.boot_context = context;
    EXPECT_THAT(NewClient().Advance({}), Is(Code::kInvalidArgument)) << i;
  }
  config_ = good;
  EXPECT_THAT(NewClient().Advance({}), IsOk());
  workspace_.pop_back();
  EXPECT_THAT(NewClient().Advance({}), Is(Code::kInvalidArgument));
}

TEST_P(ForwardClientTest, FramesAndAttestersMayFail) {
  EXPECT_THAT(NewClient().Advance({}), IsOk());
  EXPECT_THAT(client_->Advance({}), IsOk());
  EXPECT_THAT(client_->Advance(wire::ToBytes(wire::Le64(kMaxFrameBodySize + 1))),
              Is(Code::kOutOfRange, kMaxFrameBodySize));
  attester_.status = Status(Code::kBusy, Source::kSnp, 4);
  EXPECT_THAT(Boot(), IsStatus(Code::kBusy, Source::kSnp, 4));
  attester_.status = OkStatus();
  attester_.report[0] = 9;
  EXPECT_THAT(Boot(), Is(Code::kUnsupported, 9));
  attester_.report.pop_back();
  EXPECT_THAT(Boot(), Is(Code::kInternal));
}

INSTANTIATE_TEST_SUITE_P(Curves, ForwardClientTest,
                         ::testing::Values(crypto::Curve::kP521, crypto::Curve::kP256),
                         [](const auto& curve) {
                           return curve.param == crypto::Curve::kP521 ? "P521" : "P256";
                         });

}  // namespace
}  // namespace svsm::kbs
