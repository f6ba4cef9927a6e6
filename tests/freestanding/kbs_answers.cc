// A whole boot of the key broker client over BearSSL, as firmware runs it.
#include "svsm/crypto/bearssl.h"
#include "svsm/kbs/client.h"
#include "tests/freestanding/answers.h"
#include "tests/freestanding/kbs_boot.h"

namespace svsm::answers {
namespace {

// The report that the broker signed for.
class FixedReport final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {.report_bytes = 1184}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize>, ByteSpan out, ByteSpan) override {
    Fill(out.first(1184), 0);
    out[0] = 2;
    return Sizes();
  }
};

Bytes<kbs::kClientWorkspaceSize> workspace{};

Status Boot(kbs::Client& client) {
  ByteView wire = kBootFrames;
  ByteView in;
  for (;;) {
    SVSM_ASSIGN_OR_RETURN(const kbs::ClientStep step, client.Advance(in));
    if (step.kind == kbs::ClientStep::Kind::kDone) return OkStatus();
    in = {};
    if (step.kind == kbs::ClientStep::Kind::kSend) continue;
    if (step.need > wire.size()) return Status(Code::kTruncated, Source::kKbs);
    in = wire.first(step.need);
    wire = wire.subspan(step.need);
  }
}

}  // namespace

void Run_kbs(Tally& tally);
void Run_kbs(Tally& tally) {
  Bytes<66> scalar{};
  Fill(ByteSpan(scalar).subspan(1), 1);
  crypto::BearsslEcdh ecdh(crypto::Curve::kP521);
  tally.Is("kbs: key", ecdh.SetPrivateKey(scalar), OkStatus());
  crypto::BearsslAes aes;
  crypto::BearsslAesGcm gcm;
  crypto::BearsslHmac hmac(crypto::HashAlg::kSha256);
  const crypto::BearsslHash sha256(crypto::HashAlg::kSha256);
  const crypto::BearsslHash sha384(crypto::HashAlg::kSha384);
  crypto::BearsslEcdsaVerifier verifier(crypto::Curve::kP384);
  FixedReport attester;
  kbs::Client client({.policy = {.trust = kbs::BrokerTrust::kAny}},
                     {{ecdh, aes, gcm, sha256}, sha384, sha384, hmac, verifier}, attester,
                     workspace);
  tally.Is("kbs: boot", Boot(client), OkStatus());
  tally.Equal("kbs: root key", client.root_key(), kBootRootKey);
}

}  // namespace svsm::answers
