// Exchanges with Trustee's broker: given the recorded key, nonces and reports, the client sends the
// recorded bodies and opens the recorded secrets.
#include <filesystem>
#include <optional>

#include "svsm/crypto/openssl.h"
#include "svsm/kbs/forward_client.h"
#include "tests/kbs/fixed_attester.h"
#include "tests/kbs/recorded.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsStatus;
using testing::SameBytes;

std::string Body(const nlohmann::json& exchange, const char* side) {
  return exchange.at(side).value("body", std::string());
}

// The SVSM sends no certificates and no init data.
std::string WithoutChain(std::string body) {
  const std::string kMember = "\"cert_chain\":";
  const std::size_t begin = body.find(kMember) + kMember.size();
  const std::size_t end = body.find(",\"additional_evidence\"");
  return body.replace(begin, end - 1 - begin, "null");
}

class ForwardClientRecordedTest : public RecordedTest {
 protected:
  // Plays a boot. Gives how it ended.
  Status Play(const nlohmann::json& recorded) {
    const nlohmann::json key =
        Recorded("keys.json").at("keys").at(recorded.at("key").get<std::string>());
    ecdh_.emplace(key.at("crv") == "P-521" ? crypto::Curve::kP521 : crypto::Curve::kP256);
    EXPECT_THAT(ecdh_->SetPrivateKey(FromUrl(key.at("d").get<std::string>())), IsOk());
    FixedAttester attester;
    attester.report = Hex(recorded.at("report_hex"));
    ForwardConfig config;
    config.binding = BindingMode::kTrustee;
    config.policy = {.trust = BrokerTrust::kAny, .without_signature = UnsignedSecret::kAccept};
    config.resource = AsBytes("default/sample/test");
    client_.emplace(config,
                    ForwardPrimitives{{*ecdh_, aes_, aead_, sha256_}, sha384_, hmac_, verifier_},
                    attester, workspace_);
    SVSM_ASSIGN_OR_RETURN(ClientStep step, client_->Advance({}));
    for (const nlohmann::json& exchange : recorded.at("exchanges")) {
      ExpectSent(step, Body(exchange, "request"));
      ByteVector frame(kFrameHeaderSize + kMaxFrameBodySize);
      const std::string body = Body(exchange, "response");
      SVSM_ASSIGN_OR_RETURN(const ByteView answer,
                            EncodeFrame(ForwardReply{.status = exchange.at("response").at("status"),
                                                     .body = AsBytes(body)},
                                        frame));
      SVSM_TRY(client_->Advance({}).status());
      SVSM_TRY(client_->Advance(answer.first(kFrameHeaderSize)).status());
      SVSM_ASSIGN_OR_RETURN(step, client_->Advance(answer.subspan(kFrameHeaderSize)));
    }
    EXPECT_EQ(step.kind, ClientStep::Kind::kDone);
    return OkStatus();
  }
  void ExpectSent(const ClientStep& step, const std::string& body) {
    ByteVector workspace(kMaxFrameBodySize);
    SVSM_ASSERT_OK_AND_ASSIGN(const ForwardRequest request,
                              DecodeForwardRequest(step.send.subspan(kFrameHeaderSize), workspace));
    const bool attest = request.kind == ForwardKind::kAttest;
    if (attest && body.find("init-data") != std::string::npos) return;
    const std::string expected = attest ? WithoutChain(body) : body;
    EXPECT_THAT(request.body, SameBytes(AsBytes(expected)));
  }

  std::optional<crypto::OpensslEcdh> ecdh_;
  crypto::OpensslBlockCipher aes_{crypto::BlockCipherAlg::kAes};
  crypto::OpensslAesGcm aead_;
  crypto::OpensslHmac hmac_{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  crypto::OpensslEcdsaVerifier verifier_{crypto::Curve::kP384};
  ByteVector workspace_ = ByteVector(kForwardWorkspaceSize);
  std::optional<ForwardClient> client_;
};

TEST_F(ForwardClientRecordedTest, SendsTheRecordedBodiesAndOpensTheAnswers) {
  std::size_t opened = 0;
  std::size_t refused = 0;
  for (const auto& file : std::filesystem::directory_iterator(RecordedFolder() + "snp-own")) {
    if (file.path().extension() != ".json") continue;
    SCOPED_TRACE(file.path());
    const nlohmann::json recorded = Recorded("snp-own/" + file.path().filename().string());
    const Status status = Play(recorded);
    if (recorded.at("exchanges").back().at("response").at("status") == 200) {
      ASSERT_THAT(status, IsOk());
      EXPECT_THAT(client_->root_key(), SameBytes(Hex(recorded.at("expect").at("plaintext_hex"))));
      EXPECT_FALSE(client_->token().empty());
      ++opened;
    } else {
      EXPECT_THAT(status, IsStatus(Code::kPermissionDenied, Source::kKbs, 1));
      EXPECT_NE(client_->refusal(), KbsError::kOther);
      ++refused;
    }
  }
  EXPECT_GE(opened, 8u);
  EXPECT_GE(refused, 8u);
}

}  // namespace
}  // namespace svsm::kbs
