// Prints bodies of the KBS protocol, as this library's clients and its broker send them, for
// another implementation to read: lines "KIND<tab>BODY".
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "svsm/broker/broker.h"
#include "svsm/broker/challenge.h"
#include "svsm/broker/sqlite_store.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/testing/rng.h"
#include "tests/broker/live_guest.h"
#include "tests/broker/memory_resources.h"

namespace svsm::broker {
namespace {

using kbs::BindingMode;
using testing::LiveGuest;

template <typename T>
T Must(Result<T> result) {
  if (result.ok()) return *std::move(result);
  std::fprintf(stderr, "%s\n", ToString(result.status()).c_str());
  std::exit(2);
}

void Print(const char* kind, const std::string& body) {
  std::printf("%s\t%s\n", kind, body.c_str());
}

snp::TrustStore Roots(std::int64_t now) {
  const std::string pem = testing::ForgedRoots(now);
  const auto ders = Must(snp::ReadCertificateFile(AsBytes(pem)));
  std::vector<snp::X509Certificate> certificates;
  for (const ByteVector& der : ders) certificates.push_back(Must(snp::ParseCertificate(der)));
  snp::Refusals why;
  return Must(snp::TrustStore::FromCertificates(certificates, why));
}

// What a boot sends and gets; a refused one if the report is of another privilege level.
void Boot(Broker& broker, LiveGuest& guest, BindingMode mode) {
  Print("request", LiveGuest::AuthBody());
  const Response auth = broker.Handle(
      {.method = Method::kPost, .path = "/kbs/v0/auth", .body = AsBytes(LiveGuest::AuthBody())});
  Print("challenge", auth.body);
  const std::string cookie = auth.set_cookie.substr(0, auth.set_cookie.find(';'));
  const std::string body = Must(guest.AttestBody(auth.body, mode));
  Print("attestation", body);
  const Response attest = broker.Handle(
      {.method = Method::kPost, .path = "/kbs/v0/attest", .cookie = cookie, .body = AsBytes(body)});
  if (attest.status != 200) return Print("error", attest.body);
  const Response resource =
      broker.Handle({.path = "/kbs/v0/resource/default/sample/test", .cookie = cookie});
  Print(resource.status == 200 ? "response" : "error", resource.body);
}

void Run() {
  const std::int64_t now = SystemClock().UnixSeconds();
  const SystemClock clock;
  testing::FakeRng rng;
  NullLog log;
  const auto store = Must(SqliteStore::Open(":memory:", rng));
  MacChallenges challenges(store->challenge_key(), rng);
  const snp::TrustStore roots = Roots(now);
  const NoVcekStore vceks;
  MemoryResources resources;
  (void)resources.Put("default/sample/test", ByteVector(32, 'k'));
  const char* const folder = std::getenv("TMPDIR");
  std::string path = std::string(folder == nullptr ? "/tmp" : folder) + "/kbs-bodies-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::exit(2);
  const auto secret_keys = Must(KeyRing::Open(path + "/secret", crypto::Curve::kP384, rng, clock));
  const auto token_keys = Must(KeyRing::Open(path + "/token", crypto::Curve::kP256, rng, clock));
  BrokerConfig config;
  config.policy.vmpl = Vmpl(0);
  Broker broker(config, {*store, challenges, roots, vceks, resources, *secret_keys, *token_keys,
                         rng, clock, log});
  for (const crypto::Curve curve : {crypto::Curve::kP521, crypto::Curve::kP256}) {
    for (const auto mode : {BindingMode::kTrustee, BindingMode::kOwn}) {
      for (const std::uint32_t vmpl : {0u, 1u}) {
        LiveGuest guest(curve, rng, 1, now);
        guest.SetVmpl(vmpl);
        Boot(broker, guest, mode);
      }
    }
  }
  for (const char* wrong : {R"({"version":"0.3.0","tee":"snp","extra-params":""})", "{"}) {
    const Response refused =
        broker.Handle({.method = Method::kPost, .path = "/kbs/v0/auth", .body = AsBytes(wrong)});
    Print("error", refused.body);
  }
  Print("error", broker.Handle({.path = "/kbs/v0/resource/a/b/c"}).body);
  Print("error", broker.Handle({.path = "/kbs/v0/nothing"}).body);
  std::remove((path + "/secret").c_str());
  std::remove((path + "/token").c_str());
  std::remove(path.c_str());
}

}  // namespace
}  // namespace svsm::broker

int main() {
  svsm::broker::Run();
  return 0;
}
