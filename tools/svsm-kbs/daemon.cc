#include "tools/svsm-kbs/daemon.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "svsm/broker/admin.h"
#include "svsm/broker/broker.h"
#include "svsm/broker/challenge.h"
#include "svsm/broker/policy_file.h"
#include "svsm/broker/resources.h"
#include "svsm/broker/signing_key.h"
#include "svsm/broker/sqlite_store.h"
#include "svsm/broker/vcek_store.h"
#include "svsm/core/hosted.h"
#include "svsm/core/log.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/snp_verify/refusal.h"
#include "svsm/snp_verify/roots.h"
#include "tools/common/entropy.h"
#include "tools/common/line_limit.h"
#include "tools/svsm-kbs/report_verifier.h"

namespace svsm::tool {
namespace {

// A line with the time, whole, to standard error. What is not printable ASCII becomes '?'. What
// anybody can bring about is written so often and no more; what was admitted, always.
class LineLog final : public LogSink {
 public:
  void Write(LogLevel level, const char* text, Status status) override {
    if (level != LogLevel::kInfo && !Admits()) return;
    Put(level, status.ok() ? text : fmt::format("{}: {}", text, ToString(status)));
  }

 private:
  static constexpr unsigned kMaxLinesPerSecond = 200;

  bool Admits() {
    unsigned missed = 0;
    const std::lock_guard lock(mutex_);
    const bool admitted = limit_.Admits(std::chrono::steady_clock::now(), missed);
    if (missed > 0) Put(LogLevel::kWarning, fmt::format("{} lines more", missed));
    return admitted;
  }
  void Put(LogLevel level, const std::string& text) {
    static constexpr const char* kNames[] = {"info", "warning", "error"};
    std::string line = fmt::format("{} {}: {}", FormatRfc3339(clock_.UnixSeconds()),
                                   kNames[static_cast<std::size_t>(level)], text);
    for (char& c : line) {
      if (c < ' ' || c > '~') c = '?';
    }
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

  SystemClock clock_;
  std::mutex mutex_;
  LineLimit limit_{kMaxLinesPerSecond};
};

crypto::Curve CurveOf(const std::string& name) {
  return name == "P-256" ? crypto::Curve::kP256 : crypto::Curve::kP384;
}

bool IsLoopback(const std::string& host) {
  // A name may begin as an address does, and lead anywhere.
  ::in_addr address = {};
  return host == "localhost" || host == "::1" ||
         (::inet_pton(AF_INET, host.c_str(), &address) == 1 && host.starts_with("127."));
}

Result<snp::TrustStore> Roots(const std::string& path, std::string& error) {
  if (path.empty()) return snp::TrustStore::Amd();
  error = "--roots " + path;
  SVSM_ASSIGN_OR_RETURN(const ByteVector file, ReadFile(path));
  SVSM_ASSIGN_OR_RETURN(const std::vector<ByteVector> ders, snp::ReadCertificateFile(file));
  std::vector<snp::X509Certificate> certificates;
  for (const ByteVector& der : ders) {
    SVSM_ASSIGN_OR_RETURN(const snp::X509Certificate certificate, snp::ParseCertificate(der));
    certificates.push_back(certificate);
  }
  snp::Refusals why;
  Result<snp::TrustStore> store = snp::TrustStore::FromCertificates(certificates, why);
  for (const snp::Refusal& refusal : why) {
    error += fmt::format("; {}: found {}, wanted {}", snp::ReasonId(refusal.reason), refusal.found,
                         refusal.wanted);
  }
  return store;
}

broker::BrokerConfig ConfigOf(const KbsOptions& options, const broker::PolicyFile& policy) {
  broker::BrokerConfig config;
  config.policy = policy.current()->policy;
  config.policy_id = policy.current()->id;
  config.proxy_binding = options.bindings == "all";
  config.trustee_binding = options.bindings == "all";
  config.boot_rule =
      options.boots == "open" ? broker::BootRule::kOpen : broker::BootRule::kRequested;
  config.session_seconds = options.session_seconds;
  config.spelling = options.spelling == "dotted" ? broker::EarSpelling::kDotted
                                                 : broker::EarSpelling::kUnderscored;
  config.issuer = options.issuer;
  return config;
}

// Stops the server at the first SIGTERM or SIGINT. Every thread made later leaves the two to it.
class Signals {
 public:
  Signals() {
    ::signal(SIGPIPE, SIG_IGN);
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGTERM);
    ::sigaddset(&set_, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() {
    done_ = true;
    if (!thread_.joinable()) return;
    ::pthread_kill(thread_.native_handle(), SIGINT);
    thread_.join();
  }

  void StopAt(HttpServer& server) {
    thread_ = std::thread([this, &server] {
      int signal = 0;
      ::sigwait(&set_, &signal);
      if (!done_) server.Stop();
    });
  }

 private:
  ::sigset_t set_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

// Everything that outlives the requests.
struct Parts {
  Entropy broker_entropy;
  Entropy challenge_entropy;
  Entropy admin_entropy;
  SystemClock clock;
  LineLog log;
  std::unique_ptr<broker::KeyRing> secret_keys;
  std::unique_ptr<broker::KeyRing> token_keys;
  std::unique_ptr<broker::SqliteStore> store;
  std::unique_ptr<broker::DirectoryResources> resources;
  std::unique_ptr<broker::PolicyFile> policy;
  std::optional<broker::AdminToken> token;
  std::optional<snp::TrustStore> roots;
};

Status OpenKeys(const KbsOptions& options, Parts& parts, std::string& error) {
  SVSM_TRY(parts.admin_entropy.Seed());
  crypto::Rng& rng = parts.admin_entropy.rng();
  error = "data folder " + options.data;
  if (::mkdir(options.data.c_str(), 0700) != 0 && errno != EEXIST) {
    return Status(Code::kIoError, Source::kSystem, static_cast<std::uint32_t>(errno));
  }
  error = options.data + "/secret-keys.jwks";
  SVSM_ASSIGN_OR_RETURN(parts.secret_keys,
                        broker::KeyRing::Open(error, CurveOf(options.curve), rng, parts.clock));
  error = options.data + "/token-keys.jwks";
  SVSM_ASSIGN_OR_RETURN(parts.token_keys,
                        broker::KeyRing::Open(error, crypto::Curve::kP256, rng, parts.clock));
  return OkStatus();
}

Status OpenParts(const KbsOptions& options, Parts& parts, std::string& error) {
  SVSM_TRY(parts.broker_entropy.Seed());
  SVSM_TRY(parts.challenge_entropy.Seed());
  SVSM_TRY(OpenKeys(options, parts, error));
  crypto::Rng& rng = parts.admin_entropy.rng();
  error = options.data + "/admin-token";
  SVSM_ASSIGN_OR_RETURN(parts.token, broker::AdminToken::Open(error, rng));
  error = options.data + "/broker.db";
  SVSM_ASSIGN_OR_RETURN(parts.store, broker::SqliteStore::Open(error, rng));
  error = options.data + "/repository";
  SVSM_ASSIGN_OR_RETURN(parts.resources, broker::DirectoryResources::Open(error));
  const std::string policy =
      options.policy.empty() ? options.data + "/policy.json" : options.policy;
  SVSM_ASSIGN_OR_RETURN(parts.policy, broker::PolicyFile::Open(policy, error));
  SVSM_ASSIGN_OR_RETURN(parts.roots, Roots(options.roots, error));
  error.clear();
  return OkStatus();
}

}  // namespace

Status Serve(const KbsOptions& options, std::string& error) {
  if (options.http.certificate.empty() && !options.insecure_http &&
      !IsLoopback(options.http.host)) {
    error = "without --cert and --key, --insecure-http or a loopback address is needed";
    return Status(Code::kInvalidArgument, Source::kCaller);
  }
  Signals signals;
  Parts parts;
  SVSM_TRY(OpenParts(options, parts, error));
  if (parts.policy->current()->policy.measurements.empty()) {
    parts.log.Write(LogLevel::kWarning, "the policy allows any measurement", OkStatus());
  }
  broker::MacChallenges challenges(parts.store->challenge_key(), parts.challenge_entropy.rng());
  const broker::DirectoryVcekStore vceks(options.data + "/kds-store");
  broker::Broker kbs(
      ConfigOf(options, *parts.policy),
      {*parts.store, challenges, *parts.roots, vceks, *parts.resources, *parts.secret_keys,
       *parts.token_keys, parts.broker_entropy.rng(), parts.clock, parts.log, MakeReportVerifier});
  broker::Admin admin(*parts.token,
                      {kbs, *parts.store, *parts.resources, *parts.policy, *parts.secret_keys,
                       *parts.token_keys, parts.admin_entropy.rng(), parts.clock, parts.log});
  const auto handler = [&](const broker::Request& request) {
    std::optional<broker::Response> response = admin.Handle(request);
    return response.has_value() ? *std::move(response) : kbs.Handle(request);
  };
  SVSM_ASSIGN_OR_RETURN(const std::unique_ptr<HttpServer> server,
                        HttpServer::Listen(options.http, handler, error));
  if (!options.port_file.empty()) {
    const std::string port = std::to_string(server->port()) + '\n';
    error = options.port_file;
    SVSM_TRY(WriteFileAtomically(options.port_file, AsBytes(port), FileMode::kPublic));
    error.clear();
  }
  parts.log.Write(LogLevel::kInfo,
                  fmt::format("listening on {} port {}{}, secrets signed by {}", options.http.host,
                              server->port(), options.http.certificate.empty() ? "" : " with TLS",
                              parts.secret_keys->active()->id())
                      .c_str(),
                  OkStatus());
  signals.StopAt(*server);
  if (!server->Serve()) {
    error = "the listening socket failed";
    return Status(Code::kIoError, Source::kSystem);
  }
  parts.log.Write(LogLevel::kInfo, "ended", OkStatus());
  return OkStatus();
}

Status PrintKeys(const KbsOptions& options, std::string& error) {
  Parts parts;
  SVSM_TRY(OpenKeys(options, parts, error));
  fmt::print("{}\n", parts.secret_keys->PublicJwkSet());
  return OkStatus();
}

}  // namespace svsm::tool
