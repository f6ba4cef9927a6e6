// A client of this library against somebody else's key broker or attestation proxy, which runs
// already: every answer must be one that this library reads, whatever it decides.
//
//   kbs-peer kbs URL [CA.pem]
//   kbs-peer proxy SOCKET
#include <httplib.h>

#include <cstdio>
#include <string>

#include "svsm/core/attester.h"
#include "svsm/kbs/client.h"
#include "svsm/kbs/client_step.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs_linux/socket_stream.h"
#include "svsm/testing/rng.h"
#include "tests/broker/live_guest.h"

namespace svsm {
namespace {

using kbs::BindingMode;
using testing::LiveGuest;

constexpr const char* kJson = "application/json";
constexpr const char* kResource = "/kbs/v0/resource/default/sample/test";

int failures = 0;

void Say(const char* what, const std::string& found, bool good) {
  std::printf("%s: %s: %s\n", good ? "ok" : "FAILED", what, found.c_str());
  if (!good) ++failures;
}

std::string Text(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

// An answer other than 200: its body must be an error of the protocol.
void SayRefusal(const char* what, const httplib::Response& reply) {
  ByteVector workspace(reply.body.size() + 1);
  const auto error = kbs::DecodeErrorReply(AsBytes(reply.body), workspace);
  if (!error.ok()) return Say(what, std::to_string(reply.status) + ", " + reply.body, false);
  Say(what, std::string("refused, ") + kbs::KbsErrorName(error->error) + ": " + Text(error->detail),
      reply.status >= 400);
}

class KbsPeer {
 public:
  KbsPeer(const std::string& url, const char* ca)
      : client_(url), now_(SystemClock().UnixSeconds()) {
    if (ca != nullptr) client_.set_ca_cert_path(ca);
    client_.set_read_timeout(30);
  }

  void Run() {
    Refuse("another version", R"({"version":"0.3.0","tee":"snp","extra-params":""})");
    Refuse("no JSON", "{");
    const auto early = client_.Get(kResource);
    if (early) SayRefusal("resource without a session", *early);
    for (const crypto::Curve curve : {crypto::Curve::kP521, crypto::Curve::kP256}) {
      LiveGuest sample(curve, rng_, 1, now_);
      Boot("TEE sample", R"({"version":"0.4.0","tee":"sample","extra-params":""})", sample,
           [&](const std::string& challenge) { return sample.SampleBody(challenge); });
      LiveGuest snp(curve, rng_, 1, now_);
      Boot("TEE snp", LiveGuest::AuthBody(), snp, [&](const std::string& challenge) {
        return snp.AttestBody(challenge, BindingMode::kTrustee);
      });
    }
  }

 private:
  void Refuse(const char* what, const std::string& body) {
    const auto reply = client_.Post("/kbs/v0/auth", body, kJson);
    if (!reply) return Say(what, httplib::to_string(reply.error()), false);
    SayRefusal(what, *reply);
  }

  template <typename MakeBody>
  void Boot(const std::string& tee, const std::string& request, LiveGuest& guest,
            MakeBody make_body) {
    const auto auth = client_.Post("/kbs/v0/auth", request, kJson);
    if (!auth) return Say("auth", httplib::to_string(auth.error()), false);
    if (auth->status != 200) return SayRefusal("auth", *auth);
    const Result<std::string> body = make_body(auth->body);
    const std::string set = auth->get_header_value("Set-Cookie");
    const ByteView cookie = kbs::CookieOfSetCookie(AsBytes(set));
    if (!body.ok() || cookie.empty()) return Say("challenge", auth->body, false);
    const httplib::Headers session = {{"Cookie", Text(cookie)}};
    const auto attest = client_.Post("/kbs/v0/attest", session, *body, kJson);
    const std::string what = tee + ", attest";
    if (!attest) return Say(what.c_str(), httplib::to_string(attest.error()), false);
    if (attest->status != 200) return SayRefusal(what.c_str(), *attest);
    const auto token = kbs::DecodeTokenReply(AsBytes(attest->body));
    Say(what.c_str(), token.ok() ? "a token" : attest->body, token.ok());
    GetResource(tee + ", resource", session, guest);
  }

  void GetResource(const std::string& what, const httplib::Headers& session, LiveGuest& guest) {
    const auto reply = client_.Get(kResource, session);
    if (!reply) return Say(what.c_str(), httplib::to_string(reply.error()), false);
    if (reply->status != 200) return SayRefusal(what.c_str(), *reply);
    const Result<LiveGuest::Opened> opened = guest.Open(reply->body);
    if (!opened.ok()) return Say(what.c_str(), ToString(opened.status()), false);
    Say(what.c_str(),
        std::to_string(opened->plaintext.size()) + " bytes" +
            (opened->signer_x.empty() ? ", unsigned" : ", signed"),
        true);
  }

  httplib::Client client_;
  std::int64_t now_;
  testing::FakeRng rng_;
};

class ForgedAttester final : public Attester {
 public:
  explicit ForgedAttester(const LiveGuest& guest) : guest_(guest) {}
  AttestationSizes Sizes() const override { return {.report_bytes = 1184}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> data, ByteSpan out,
                                  ByteSpan) override {
    Copy(out, guest_.Report(data));
    return Sizes();
  }

 private:
  const LiveGuest& guest_;
};

// A whole exchange: the secret, or a clean refusal.
void RunProxy(const std::string& path) {
  testing::FakeRng rng;
  LiveGuest guest(crypto::Curve::kP521, rng, 1, SystemClock().UnixSeconds());
  ForgedAttester attester(guest);
  crypto::OpensslBlockCipher aes;
  crypto::OpensslAesGcm aead;
  crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
  crypto::OpensslHash sha384(crypto::HashAlg::kSha384);
  crypto::OpensslHash sha512(crypto::HashAlg::kSha512);
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha256);
  crypto::OpensslEcdsaVerifier verifier(crypto::Curve::kP384);
  ByteVector workspace(kbs::kClientWorkspaceSize);
  ByteVector buffer(kbs::kMaxFrameBodySize);
  kbs::ClientConfig config{.binding = BindingMode::kProxyCompatible};
  config.policy = {.trust = kbs::BrokerTrust::kAny,
                   .without_signature = kbs::UnsignedSecret::kAccept};
  kbs::Client client(config, {{guest.ecdh(), aes, aead, sha256}, sha512, sha384, hmac, verifier},
                     attester, workspace);
  Result<kbs::SocketStream> stream = kbs::ConnectUnix(path, 30'000);
  if (!stream.ok()) return Say("connect", ToString(stream.status()), false);
  const Status status = kbs::RunClient(client, *stream, buffer);
  if (status.ok()) return Say("boot", std::to_string(client.root_key().size()) + " bytes", true);
  // The broker behind the proxy need not take forged evidence.
  Say("boot", ToString(status), status.code() == Code::kPermissionDenied);
}

}  // namespace
}  // namespace svsm

int main(int argc, char** argv) {
  const std::string mode = argc >= 3 ? argv[1] : "";
  if (mode == "kbs") {
    svsm::KbsPeer(argv[2], argc > 3 ? argv[3] : nullptr).Run();
  } else if (mode == "proxy") {
    svsm::RunProxy(argv[2]);
  } else {
    std::fprintf(stderr, "usage: %s kbs URL [CA.pem] | proxy SOCKET\n", argv[0]);
    return 2;
  }
  std::printf("%d answers could not be read\n", svsm::failures);
  return svsm::failures == 0 ? 0 : 1;
}
