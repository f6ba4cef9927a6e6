// A boot as the SVSM sees it, from the first frame to the root key, without network, report and key
// generation (B), against its cryptography alone in OpenSSL's own calls (A).
#include <benchmark/benchmark.h>

#include <optional>
#include <string>

#include "bench/compare.h"
#include "bench/kbs/raw_open.h"
#include "svsm/core/hosted.h"
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/client.h"
#include "svsm/kbs/forward_client.h"
#include "svsm/kbs/snp_evidence.h"
#include "svsm/testing/rng.h"

namespace svsm::kbs {
namespace {

class FixedReport final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {.report_bytes = report.size()}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize>, ByteSpan out, ByteSpan) override {
    Copy(out, report);
    return Sizes();
  }
  ByteVector report = [] {
    ByteVector bytes(kSnpReportSize);
    bytes[0] = 2;
    return bytes;
  }();
};

// A secret that a broker sealed and signed for a key of the SVSM's, and what opens it.
class Boot {
 public:
  explicit Boot(crypto::Curve curve) : ecdh_(curve), scalar_(crypto::CoordinateSize(curve), 1) {
    scalar_[0] = 0;
    ok_ = Prepare();
  }

  template <typename AnyClient>
  void Run(AnyClient& client, std::span<const ByteVector> answers) {
    Result<ClientStep> step = client.Advance({});
    for (const ByteVector& answer : answers) {
      Keep(client.Advance({}));
      Keep(client.Advance(ByteView(answer).first(kFrameHeaderSize)));
      step = client.Advance(ByteView(answer).subspan(kFrameHeaderSize));
      Keep(step);
    }
    ok_ = ok_ && step->kind == ClientStep::Kind::kDone;
  }
  void RunClient() {
    Client client({.policy = {.known = broker_}}, {jwe(), sha384_, sha384_, hmac_, verifier_},
                  attester_, workspace_);
    Run(client, proxy_answers_);
  }
  void RunForwardClient() {
    ForwardClient client({.policy = {.known = broker_}, .resource = AsBytes(kResource)},
                         {jwe(), sha384_, hmac_, verifier_}, attester_, workspace_);
    Run(client, forward_answers_);
  }
  RawBoot raw() const {
    return {.curve = ecdh_.curve(),
            .scalar = scalar_,
            .epk_x = keys_.epk().point.x,
            .epk_y = keys_.epk().point.y,
            .signer_x = broker_.x,
            .signer_y = broker_.y,
            .r = r_,
            .s = s_,
            .encrypted_key = keys_.encrypted_key,
            .iv = keys_.iv,
            .aad = protected_,
            .ciphertext = ciphertext_,
            .tag = tag_,
            .bound = bound_,
            .report = attester_.report,
            .digest = digest_};
  }
  bool ok() const { return ok_; }

 private:
  static constexpr std::string_view kResource = "default/sample/test";

  JwePrimitives jwe() { return {ecdh_, aes_, aead_, sha256_}; }
  void Keep(const Result<ClientStep>& step) { ok_ = ok_ && step.ok(); }

  bool Prepare() {
    const std::size_t size = scalar_.size();
    x_.resize(size);
    y_.resize(size);
    return ecdh_.SetPrivateKey(scalar_).ok() && ecdh_.PublicKey(x_, y_).ok() &&
           signer_.SetPrivateKey(ByteVector(48, 7)).ok() &&
           signer_.PublicKey(broker_.x, broker_.y).ok() && Seal().ok() && Frame().ok();
  }
  Status Seal() {
    Grant grant;
    Fill(grant.key_seed.writable(), 1);
    grant.boot = {1};
    grant.resource = AsBytes(kResource);
    Bytes<kGrantSize> buffer{};
    SVSM_ASSIGN_OR_RETURN(const ByteView secret, EncodeGrant(grant, buffer));
    crypto::OpensslEcdh ephemeral(ecdh_.curve());
    testing::FakeRng rng;
    SVSM_TRY(MakeJweKeys({ephemeral, aes_, aead_, sha256_}, rng, {ecdh_.curve(), {x_, y_}}, keys_));
    ciphertext_.resize(secret.size());
    SVSM_TRY(SealJwe(aead_, keys_, {}, secret, ciphertext_, tag_));
    Bytes<48> report_digest{};
    SVSM_TRY(sha384_.Digest(attester_.report, report_digest));
    SVSM_ASSIGN_OR_RETURN(digest_, SecretDigest(sha384_,
                                                {.nonce = nonce_,
                                                 .svsm_key = {x_, y_},
                                                 .epk = keys_.epk().point,
                                                 .report_digest = report_digest,
                                                 .encrypted_key = keys_.encrypted_key,
                                                 .iv = keys_.iv,
                                                 .ciphertext = ciphertext_},
                                                AsBytes(kResource), {1}));
    SVSM_TRY(signer_.Sign(digest_, r_, s_));
    Bytes<1024> member{};
    SVSM_ASSIGN_OR_RETURN(
        const ByteView svsm,
        EncodeSecretSignature({.signer = {crypto::Curve::kP384, {broker_.x, broker_.y}},
                               .boot = {1},
                               .resource = AsBytes(kResource),
                               .signature = {r_, s_}},
                              member));
    Bytes<2048> header{};
    SVSM_ASSIGN_OR_RETURN(const ByteView text, EncodeJweHeader(keys_.epk(), svsm, header));
    protected_.resize(EncodedSize(Base64::kUrl, text.size()));
    SVSM_TRY(EncodeBase64(Base64::kUrl, text, protected_).status());
    return SealJwe(aead_, keys_, protected_, secret, ciphertext_, tag_);
  }
  template <typename Message>
  Status Add(std::vector<ByteVector>& answers, const Message& message) {
    ByteVector frame(kFrameHeaderSize + kMaxFrameBodySize);
    SVSM_ASSIGN_OR_RETURN(const ByteView bytes, EncodeFrame(message, frame));
    answers.push_back(ToVector(bytes));
    return OkStatus();
  }
  Status Frame() {
    bound_ = ByteVector(256, 1);
    ByteVector text(16384);
    SVSM_ASSIGN_OR_RETURN(const ByteView nonce, EncodeBase64(Base64::kStandard, nonce_, text));
    const std::string challenge =
        "{\"nonce\":\"" + std::string(nonce.begin(), nonce.end()) + "\",\"extra-params\":\"\"}";
    const std::string token = "{\"token\":\"" + std::string(2600, 'a') + "\"}";
    SVSM_TRY(Add(forward_answers_, ForwardReply{.status = 200, .body = AsBytes(challenge)}));
    SVSM_TRY(Add(forward_answers_, ForwardReply{.status = 200, .body = AsBytes(token)}));
    SVSM_ASSIGN_OR_RETURN(const ByteView jwe_text, EncodeJwe({.protected_text = protected_,
                                                              .encrypted_key = keys_.encrypted_key,
                                                              .iv = keys_.iv,
                                                              .ciphertext = ciphertext_,
                                                              .tag = tag_},
                                                             text));
    SVSM_TRY(Add(forward_answers_, ForwardReply{.status = 200, .body = jwe_text}));
    if (ecdh_.curve() != crypto::Curve::kP521) return OkStatus();
    SVSM_TRY(Add(proxy_answers_, NegotiationResponse{.challenge = nonce_,
                                                     .params = {BindingParam::kEcPublicKeyBytes,
                                                                BindingParam::kChallenge},
                                                     .num_params = 2}));
    return Add(proxy_answers_,
               AttestationResponse{.success = true,
                                   .secret = ByteView(ciphertext_),
                                   .decryption = ProxyDecryption{.epk = keys_.epk().point,
                                                                 .wrapped_cek = keys_.encrypted_key,
                                                                 .aad = protected_,
                                                                 .iv = keys_.iv,
                                                                 .tag = tag_},
                                   .token = {}});
  }

  crypto::OpensslEcdh ecdh_;
  crypto::OpensslBlockCipher aes_{crypto::BlockCipherAlg::kAes};
  crypto::OpensslAesGcm aead_;
  crypto::OpensslHmac hmac_{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha256_{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha384_{crypto::HashAlg::kSha384};
  crypto::OpensslEcdsaVerifier verifier_{crypto::Curve::kP384};
  crypto::OpensslEcdsaSigner signer_{crypto::Curve::kP384};
  FixedReport attester_;
  ByteVector scalar_, x_, y_;
  BrokerKey broker_;
  const ByteVector nonce_ = ByteVector(32, 5);
  JweKeys keys_;
  ByteVector ciphertext_, protected_, bound_;
  Bytes<16> tag_{};
  Bytes<48> digest_{}, r_{}, s_{};
  std::vector<ByteVector> proxy_answers_, forward_answers_;
  ByteVector workspace_ = ByteVector(kForwardWorkspaceSize);
  bool ok_ = false;
};

template <typename Work>
void Compare(benchmark::State& state, crypto::Curve curve, Work work) {
  Boot boot(curve);
  RawOpen raw(boot.raw());
  bench::Compare(
      state, [&] { raw.Run(); }, [&] { work(boot); }, 4);
  if (!raw.ok() || !boot.ok()) state.SkipWithError("a call failed");
}

void BM_Client(benchmark::State& state) {
  Compare(state, crypto::Curve::kP521, [](Boot& boot) { boot.RunClient(); });
}
void BM_Forward521(benchmark::State& state) {
  Compare(state, crypto::Curve::kP521, [](Boot& boot) { boot.RunForwardClient(); });
}
void BM_Forward256(benchmark::State& state) {
  Compare(state, crypto::Curve::kP256, [](Boot& boot) { boot.RunForwardClient(); });
}
BENCHMARK(BM_Client)->Name("Boot/openssl:kbs_client_p521")->UseManualTime()->MinTime(0.3);
BENCHMARK(BM_Forward521)->Name("Boot/openssl:kbs_forward_p521")->UseManualTime()->MinTime(0.3);
BENCHMARK(BM_Forward256)->Name("Boot/openssl:kbs_forward_p256")->UseManualTime()->MinTime(0.3);

}  // namespace
}  // namespace svsm::kbs

BENCHMARK_MAIN();
