// A guest on forged hardware, and a proxy in memory between its SVSM and a broker.
#ifndef TESTS_BROKER_GUEST_H_
#define TESTS_BROKER_GUEST_H_

#include <functional>
#include <string>
#include <utility>

#include "svsm/broker/broker.h"
#include "svsm/core/attester.h"
#include "svsm/core/byte_stream.h"
#include "svsm/crypto/openssl.h"
#include "svsm/kbs/base64.h"
#include "svsm/kbs/binding.h"
#include "svsm/kbs/messages.h"
#include "svsm/kbs/proxy_session.h"
#include "svsm/kbs/snp_evidence.h"
#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"
#include "tests/snp_verify/forge.h"

namespace svsm::broker {

inline std::string TextOf(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

// The certificate of the forge's Milan chip, whoever asks.
class ForgedVceks final : public VcekStore {
 public:
  ForgedVceks()
      : der_(snp::forge::Make(snp::forge::Vcek(snp::Product::kMilan,
                                               snp::forge::Tcb(snp::Product::kMilan),
                                               snp::forge::Hwid(snp::Product::kMilan)))) {}
  explicit ForgedVceks(ByteVector der) : der_(std::move(der)) {}
  Result<ByteVector> Find(ByteView, const snp::TcbVersion&) const override {
    return ByteVector(der_);
  }

 private:
  ByteVector der_;
};

// Signs reports as the forge's chip.
class ForgedAttester final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {.report_bytes = kbs::kSnpReportSize}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan out,
                                  ByteSpan) override {
    Copy(body.report_data, report_data);
    Copy(out, snp::forge::Sign(body));
    return Sizes();
  }
  snp::ReportBody body = snp::forge::Body(snp::Product::kMilan);
};

// One connection to a proxy.
class ProxyStream final : public ByteStream {
 public:
  using Call = std::function<Response(const kbs::HttpCall&)>;
  explicit ProxyStream(Call call)
      : call_(std::move(call)), workspace_(kbs::kProxyWorkspaceSize), session_({}, workspace_) {
    step_ = session_.Advance(ByteView());
  }
  explicit ProxyStream(Broker& broker)
      : ProxyStream([&broker](const kbs::HttpCall& call) {
          const std::string path = TextOf(call.path);
          const std::string cookie = TextOf(call.cookie);
          return broker.Handle(
              {.method = call.method == kbs::HttpCall::Method::kGet ? Method::kGet : Method::kPost,
               .path = path,
               .cookie = cookie,
               .body = call.body,
               .peer = "proxy"});
        }) {}

  Result<std::size_t> ReadSome(ByteSpan out) override {
    while (outbox_.empty()) {
      if (!Pump()) return Status(Code::kConnectionClosed, Source::kCaller);
    }
    const std::size_t size = std::min(out.size(), outbox_.size());
    Copy(out, ByteView(outbox_).first(size));
    outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(size));
    return size;
  }
  Status WriteAll(ByteView in) override {
    inbox_.insert(inbox_.end(), in.begin(), in.end());
    return OkStatus();
  }

 private:
  bool Pump() {
    using Kind = kbs::ProxySession::Step::Kind;
    if (step_.kind == Kind::kEnd) return false;
    if (step_.kind == Kind::kSend) {
      outbox_.insert(outbox_.end(), step_.send.begin(), step_.send.end());
      step_ = session_.Advance(ByteView());
    } else if (step_.kind == Kind::kCall) {
      const Response response = call_(step_.call);
      session_.SetCookie(AsBytes(response.set_cookie));
      step_ = session_.Advance(kbs::HttpReply{.status = static_cast<std::uint32_t>(response.status),
                                              .body = AsBytes(response.body)});
    } else {
      if (inbox_.size() < step_.need) return false;
      const ByteVector in(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(step_.need));
      inbox_.erase(inbox_.begin(), inbox_.begin() + static_cast<std::ptrdiff_t>(step_.need));
      step_ = session_.Advance(in);
    }
    return true;
  }

  Call call_;
  ByteVector workspace_;
  kbs::ProxySession session_;
  kbs::ProxySession::Step step_;
  ByteVector inbox_;
  ByteVector outbox_;
};

// A client that speaks HTTP itself, message by message, as Trustee's clients do.
class HttpGuest {
 public:
  explicit HttpGuest(Broker& broker, crypto::Curve curve = crypto::Curve::kP256,
                     std::uint64_t seed = 5)
      : broker_(broker), ecdh_(curve), curve_(curve) {
    testing::FakeRng rng(seed);
    const std::size_t size = crypto::CoordinateSize(curve);
    ByteVector scalar(size);
    x_.resize(size);
    y_.resize(size);
    EXPECT_THAT(ecdh_.GenerateKey(rng, scalar), testing::IsOk());
    EXPECT_THAT(ecdh_.PublicKey(x_, y_), testing::IsOk());
  }

  Response Auth(const char* tee = "snp") {
    const std::string body =
        std::string(R"({"version":"0.4.0","tee":")") + tee + R"(","extra-params":""})";
    const Response response = Ask(Method::kPost, "/kbs/v0/auth", body);
    const auto challenge = kbs::DecodeChallenge(AsBytes(response.body));
    if (challenge.ok()) nonce = TextOf(challenge->nonce);
    cookie = response.set_cookie.substr(0, response.set_cookie.find(';'));
    return response;
  }

  // The body of attest for what Auth() gave.
  std::string Body(kbs::BindingMode mode = kbs::BindingMode::kTrustee) {
    const bool wide = mode == kbs::BindingMode::kProxyCompatible;
    const crypto::OpensslHash hash(wide ? crypto::HashAlg::kSha512 : crypto::HashAlg::kSha384);
    Bytes<64> bytes{};
    const auto decoded = kbs::DecodeNonce(AsBytes(nonce), bytes);
    EXPECT_THAT(decoded, testing::IsOk());
    const auto data = kbs::BindingReportData(mode, hash, {.key = {x_, y_}, .nonce = *decoded});
    EXPECT_THAT(data, testing::IsOk());
    ByteVector report(kbs::kSnpReportSize);
    EXPECT_THAT(attester.Attest(*data, report, {}), testing::IsOk());
    ByteVector evidence(16384);
    const auto text = kbs::EncodeSnpEvidence({.report = report}, evidence);
    EXPECT_THAT(text, testing::IsOk());
    Bytes<kbs::kTeeKeyTextSize> key_text{};
    const auto key = kbs::TeeKeyOf({curve_, {x_, y_}}, key_text);
    EXPECT_THAT(key, testing::IsOk());
    ByteVector body(20000);
    kbs::Attestation message;
    message.nonce = AsBytes(nonce);
    message.key = *key;
    message.primary_evidence = *text;
    const auto whole = kbs::EncodeAttestation(message, body);
    EXPECT_THAT(whole, testing::IsOk());
    return TextOf(*whole);
  }

  Response Attest(const std::string& body) { return Ask(Method::kPost, "/kbs/v0/attest", body); }
  Response Get(const std::string& name) {
    return Ask(Method::kGet, "/kbs/v0/resource/" + name, "");
  }
  Response Ask(Method method, const std::string& path, const std::string& body,
               const std::string& authorization = "") {
    return broker_.Handle({.method = method,
                           .path = path,
                           .cookie = cookie,
                           .authorization = authorization,
                           .body = AsBytes(body),
                           .peer = "guest"});
  }

  // What the key of this guest opens of a reply.
  Result<ByteVector> Open(const Response& response) {
    crypto::OpensslAes aes;
    crypto::OpensslAesGcm aead;
    const crypto::OpensslHash sha256(crypto::HashAlg::kSha256);
    ByteVector text(response.body.size());
    SVSM_ASSIGN_OR_RETURN(const auto jwe, kbs::DecodeJwe(AsBytes(response.body), text));
    ByteVector workspace(2 * text.size());
    ByteVector plaintext(text.size());
    SVSM_ASSIGN_OR_RETURN(const ByteView opened,
                          kbs::OpenJwe({ecdh_, aes, aead, sha256}, jwe, kbs::EpkPlace::kProtected,
                                       workspace, plaintext));
    return ToVector(opened);
  }

  ForgedAttester attester;
  std::string nonce;
  std::string cookie;

 private:
  Broker& broker_;
  crypto::OpensslEcdh ecdh_;
  crypto::Curve curve_;
  ByteVector x_;
  ByteVector y_;
};

}  // namespace svsm::broker

#endif  // TESTS_BROKER_GUEST_H_
