// A key broker inside a server of one's own: example-serve-keys FOLDER PORT, on this machine alone,
// without TLS. Reports must come from genuine AMD hardware and VMPL 0. A secret is a file
// FOLDER/resources/REPOSITORY/TYPE/TAG. svsm-kbs is the same for production.
#include <httplib.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "svsm/broker/broker.h"
#include "svsm/broker/sqlite_store.h"
#include "svsm/core/hosted.h"
#include "tools/common/entropy.h"

namespace svsm {
namespace {

void Answer(broker::Broker& broker, broker::Method method, const httplib::Request& in,
            httplib::Response& out) {
  const std::string cookie = in.get_header_value("Cookie");
  const std::string peer = in.remote_addr + ":" + std::to_string(in.remote_port);
  const broker::Response response = broker.Handle({.method = method,
                                                   .path = in.path,
                                                   .cookie = cookie,
                                                   .body = AsBytes(in.body),
                                                   .peer = peer});
  out.status = response.status;
  if (!response.set_cookie.empty()) out.set_header("Set-Cookie", response.set_cookie);
  out.set_content(response.body, response.content_type);
}

Status Run(const std::string& folder, int port) {
  tool::Entropy entropy;
  SVSM_TRY(entropy.Seed());
  tool::Entropy nonces;
  SVSM_TRY(nonces.Seed());
  const SystemClock clock;
  NullLog log;  // a real one gets to know why somebody was refused
  using crypto::Curve;
  SVSM_ASSIGN_OR_RETURN(const snp::TrustStore roots, snp::TrustStore::Amd());
  SVSM_ASSIGN_OR_RETURN(const auto store,
                        broker::SqliteStore::Open(folder + "/broker.db", entropy.rng()));
  SVSM_ASSIGN_OR_RETURN(const auto resources,
                        broker::DirectoryResources::Open(folder + "/resources"));
  SVSM_ASSIGN_OR_RETURN(
      const auto secret_keys,
      broker::KeyRing::Open(folder + "/secret-keys.json", Curve::kP384, entropy.rng(), clock));
  SVSM_ASSIGN_OR_RETURN(
      const auto token_keys,
      broker::KeyRing::Open(folder + "/token-keys.json", Curve::kP256, entropy.rng(), clock));
  const broker::DirectoryVcekStore vceks(folder + "/kds-store");
  broker::MacChallenges challenges(store->challenge_key(), nonces.rng());
  broker::Broker broker({}, {*store, challenges, roots, vceks, *resources, *secret_keys,
                             *token_keys, entropy.rng(), clock, log});

  httplib::Server server;
  server.set_payload_max_length(broker::kMaxBodySize);
  server.Get(".*", [&](const httplib::Request& in, httplib::Response& out) {
    Answer(broker, broker::Method::kGet, in, out);
  });
  server.Post(".*", [&](const httplib::Request& in, httplib::Response& out) {
    Answer(broker, broker::Method::kPost, in, out);
  });
  std::printf("signs secrets with %s\n", secret_keys->PublicJwkSet().c_str());
  std::fflush(stdout);
  return server.listen("127.0.0.1", port) ? OkStatus() : Status(Code::kIoError, Source::kSystem);
}

}  // namespace
}  // namespace svsm

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("usage: example-serve-keys FOLDER PORT\n", stderr), 2;
  const svsm::Status status = svsm::Run(argv[1], std::atoi(argv[2]));
  if (!status.ok()) std::printf("%s\n", svsm::ToString(status).c_str());
  return status.ok() ? 0 : 1;
}
