// What a proxy or a broker sends to a client in the SVSM, from the first answer to the secret. The
// first byte chooses the client and its policy, the rest is what comes over the wire.
#include <cstdlib>
#include <vector>

#include "svsm/crypto/openssl.h"
#include "svsm/kbs/client.h"
#include "svsm/kbs/forward_client.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::kbs;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

class FixedReport final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {.report_bytes = 1184}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize>, ByteSpan out, ByteSpan) override {
    Fill(out.first(1184), 0);
    out[0] = 2;
    return Sizes();
  }
};

// Keys are the seeds': a scalar of ones on either curve.
struct Crypto {
  explicit Crypto(crypto::Curve curve) : ecdh(curve) {
    std::vector<std::uint8_t> scalar(crypto::CoordinateSize(curve), 1);
    scalar[0] = 0;
    Require(ecdh.SetPrivateKey(scalar).ok());
  }
  crypto::OpensslEcdh ecdh;
  crypto::OpensslBlockCipher aes{crypto::BlockCipherAlg::kAes};
  crypto::OpensslAesGcm aead;
  crypto::OpensslHmac hmac{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha256{crypto::HashAlg::kSha256};
  const crypto::OpensslHash sha384{crypto::HashAlg::kSha384};
  crypto::OpensslEcdsaVerifier verifier{crypto::Curve::kP384};
};

// Gives the client what it asks for, until it has all or the input ends.
template <typename AnyClient>
void Run(AnyClient& client, ByteView wire) {
  ByteView in;
  for (;;) {
    const Result<ClientStep> step = client.Advance(in);
    if (!step.ok()) {
      Grant grant;
      Require(client.root_key().empty() && !client.broker() && !client.ReadGrant(grant).ok());
      Require(step.status().code() != Code::kInternal);
      return;
    }
    if (step->kind == ClientStep::Kind::kDone) return;
    in = {};
    if (step->kind == ClientStep::Kind::kSend) continue;
    Require(step->need <= kMaxFrameBodySize);
    if (step->need > wire.size()) return;
    in = wire.first(step->need);
    wire = wire.subspan(step->need);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Crypto p521(crypto::Curve::kP521);
  static Crypto p256(crypto::Curve::kP256);
  static std::vector<std::uint8_t> workspace(kForwardWorkspaceSize);
  constexpr auto kResource = Ascii("a/b/c");
  const std::uint8_t choice = data[0];
  const ByteView wire(data + 1, size - 1);
  const BindingMode binding = (choice & 2) != 0 ? BindingMode::kOwn : BindingMode::kTrustee;
  const EpkPlace place = (choice & 4) != 0 ? EpkPlace::kProtected : EpkPlace::kAnywhere;
  const BrokerPolicy policy = {
      .trust = BrokerTrust::kAny,
      .without_signature = (choice & 8) != 0 ? UnsignedSecret::kRefuse : UnsignedSecret::kAccept};
  FixedReport attester;
  Crypto& c = (choice & 3) == 1 ? p256 : p521;
  const JwePrimitives jwe = {c.ecdh, c.aes, c.aead, c.sha256};
  if ((choice & 1) != 0) {
    ForwardClient client(
        {.binding = binding, .epk_place = place, .policy = policy, .resource = kResource},
        {jwe, c.sha384, c.hmac, c.verifier}, attester, workspace);
    Run(client, wire);
  } else {
    Client client({.binding = binding, .epk_place = place, .policy = policy},
                  {jwe, c.sha384, c.sha384, c.hmac, c.verifier}, attester, workspace);
    Run(client, wire);
  }
  return 0;
}
