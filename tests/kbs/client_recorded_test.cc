// Whole boots behind the real attestation proxy: given the recorded key, nonces and reports, the
// client sends the recorded bytes and opens the recorded answers.
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/client.h"
#include "tests/kbs/fixed_attester.h"
#include "tests/kbs/recorded.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::SameBytes;

using ClientRecordedTest = RecordedTest;

TEST_F(ClientRecordedTest, SendsTheRecordedBytesAndOpensTheAnswer) {
  const nlohmann::json key = Recorded("keys.json").at("keys").at("p521-a");
  const nlohmann::json recorded = Recorded("aproxy/ok-two-boots.json");
  crypto::OpensslEcdh ecdh(crypto::Curve::kP521);
  ASSERT_THAT(ecdh.SetPrivateKey(FromUrl(key.at("d").get<std::string>())), IsOk());
  crypto::OpensslBlockCipher aes(crypto::BlockCipherAlg::kAes);
  crypto::OpensslAesGcm aead;
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  const crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  const crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);
  ClientConfig config;
  config.binding = BindingMode::kProxyCompatible;
  config.policy = {.trust = BrokerTrust::kAny, .without_signature = UnsignedSecret::kAccept};
  ByteVector workspace(kClientWorkspaceSize);
  for (const nlohmann::json& boot : recorded.at("frames")) {
    FixedAttester attester;
    const ByteVector request = Frame(boot[2]);
    ByteVector decoded(request.size());
    attester.report = ToVector(
        DecodeAttestationRequest(ByteView(request).subspan(kFrameHeaderSize), decoded)->report);
    Client client(config, {{ecdh, aes, aead, sha256}, sha512, sha384, hmac, verifier}, attester,
                  workspace);
    ByteView in;
    ByteVector answer;
    for (std::size_t i = 0; i < 4; i += 2) {
      SVSM_ASSERT_OK_AND_ASSIGN(const Client::Step sent, client.Advance(in));
      EXPECT_THAT(sent.send, SameBytes(Frame(boot[i])));
      answer = Frame(boot[i + 1]);
      ASSERT_THAT(client.Advance({}), IsOk());
      ASSERT_THAT(client.Advance(ByteView(answer).first(kFrameHeaderSize)), IsOk());
      in = ByteView(answer).subspan(kFrameHeaderSize);
    }
    SVSM_ASSERT_OK_AND_ASSIGN(const Client::Step last, client.Advance(in));
    EXPECT_EQ(last.kind, Client::Step::Kind::kDone);
    EXPECT_THAT(client.root_key(), SameBytes(Hex(recorded.at("plaintext_hex"))));
    // REPORT_DATA stands at 0x50 of the report.
    EXPECT_THAT(attester.asked, SameBytes(ByteView(attester.report).subspan(0x50, 64)));
  }
}

}  // namespace
}  // namespace svsm::kbs
