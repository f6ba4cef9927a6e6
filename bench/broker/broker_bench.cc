// The broker's answers (B) against their cryptography alone in OpenSSL's own calls (A), in CPU time
// of the process: one core. Without HTTP; the store is in memory, or in a file with every write
// flushed. In rows named nettle, both have nettle verify reports, as svsm-kbs does.
#include <benchmark/benchmark.h>

#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/broker/nettle_p384.h"
#include "bench/broker/raw_broker.h"
#include "bench/compare.h"
#include "svsm/broker/broker.h"
#include "svsm/broker/challenge.h"
#include "svsm/broker/sqlite_store.h"
#include "svsm/core/panic.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/testing/rng.h"
#include "tests/broker/live_guest.h"
#include "tests/broker/memory_resources.h"

namespace svsm::bench {
namespace {

using broker::Method;
using broker::Request;
using broker::Response;
using testing::LiveGuest;

constexpr int kBatch = 16;
constexpr const char* kResourcePath = "/kbs/v0/resource/default/sample/test";

using MakeP384 = std::shared_ptr<crypto::EcdsaVerifier> (*)();

template <typename T>
T Must(Result<T> result) {
  SVSM_CHECK(result.ok());
  return *std::move(result);
}

double CpuUs() {
  ::timespec now = {};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "broker-XXXXXX").string();
    SVSM_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

snp::TrustStore Roots(std::int64_t now) {
  const std::string pem = testing::ForgedRoots(now);
  const auto ders = Must(snp::ReadCertificateFile(AsBytes(pem)));
  std::vector<snp::X509Certificate> certificates;
  for (const ByteVector& der : ders) certificates.push_back(Must(snp::ParseCertificate(der)));
  snp::Refusals why;
  return Must(snp::TrustStore::FromCertificates(certificates, why));
}

// A broker, and sessions in the state that a benchmark wants them in.
class World {
 public:
  World(crypto::Curve curve, bool durable, MakeP384 make_p384)
      : curve_(curve),
        now_(clock_.UnixSeconds()),
        roots_(Roots(now_)),
        store_(Must(broker::SqliteStore::Open(durable ? folder_.path + "/db" : ":memory:", rng_))),
        challenges_(store_->challenge_key(), challenge_rng_),
        secret_keys_(Must(
            broker::KeyRing::Open(folder_.path + "/secret", crypto::Curve::kP384, rng_, clock_))),
        token_keys_(Must(
            broker::KeyRing::Open(folder_.path + "/token", crypto::Curve::kP256, rng_, clock_))),
        broker_({}, {*store_, challenges_, roots_, vceks_, resources_, *secret_keys_, *token_keys_,
                     rng_, clock_, log_, make_p384}) {
    (void)resources_.Put("default/sample/test", ByteVector(32, 'k'));
  }

  struct Session {
    std::string cookie;
    std::string body;
  };
  std::vector<Session> Ask() {
    std::vector<Session> sessions;
    for (int i = 0; i < kBatch; ++i) {
      LiveGuest guest(curve_, guest_rng_, 1, now_);
      const std::string text = LiveGuest::AuthBody();
      const Response auth =
          broker_.Handle({.method = Method::kPost, .path = "/kbs/v0/auth", .body = AsBytes(text)});
      sessions.push_back({auth.set_cookie.substr(0, auth.set_cookie.find(';')),
                          Must(guest.AttestBody(auth.body, kbs::BindingMode::kTrustee))});
    }
    return sessions;
  }
  void Attest(const Session& session) {
    const Response response = broker_.Handle({.method = Method::kPost,
                                              .path = "/kbs/v0/attest",
                                              .cookie = session.cookie,
                                              .body = AsBytes(session.body)});
    SVSM_CHECK(response.status == 200);
  }
  void Get(const Session& session) {
    const Response response = broker_.Handle({.path = kResourcePath, .cookie = session.cookie});
    SVSM_CHECK(response.status == 200);
  }

 private:
  Folder folder_;
  crypto::Curve curve_;
  SystemClock clock_;
  std::int64_t now_;
  testing::FakeRng rng_;
  testing::FakeRng challenge_rng_{2};
  testing::FakeRng guest_rng_{3};
  NullLog log_;
  snp::TrustStore roots_;
  std::unique_ptr<broker::SqliteStore> store_;
  broker::MacChallenges challenges_;
  broker::NoVcekStore vceks_;
  broker::MemoryResources resources_;
  std::unique_ptr<broker::KeyRing> secret_keys_;
  std::unique_ptr<broker::KeyRing> token_keys_;
  broker::Broker broker_;
};

// Microseconds of CPU for one of a batch; `wall` gets those of the clock.
template <typename Work>
double BatchUs(Work work, std::vector<double>& wall) {
  const double cpu = CpuUs();
  const auto start = std::chrono::steady_clock::now();
  work();
  wall.push_back(
      std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() /
      kBatch);
  return (CpuUs() - cpu) / kBatch;
}

enum class What { kAttest, kResource };

struct Case {
  What what;
  crypto::Curve curve;
  bool durable;
  MakeP384 make_p384;  // null: OpenSSL's
};

void Answer(benchmark::State& state, const Case& c) {
  const What what = c.what;
  std::shared_ptr<crypto::EcdsaVerifier> p384;
  if (c.make_p384 != nullptr && (p384 = c.make_p384()) == nullptr) {
    state.SkipWithError("nettle is not built");
    return;
  }
  RawBroker raw(c.curve == crypto::Curve::kP521 ? "P-521" : "P-256", p384);
  World world(c.curve, c.durable, c.make_p384);
  std::vector<double> raw_wall;
  std::vector<double> wall;
  for (const World::Session& session : world.Ask()) world.Attest(session);  // certificates are kept
  CompareTimes(
      state,
      [&] {
        return BatchUs(
            [&] {
              for (int i = 0; i < kBatch; ++i) {
                what == What::kAttest ? raw.Attest() : raw.GiveResource();
              }
            },
            raw_wall);
      },
      [&] {
        const auto sessions = world.Ask();
        if (what == What::kResource) {
          for (const World::Session& session : sessions) world.Attest(session);
        }
        return BatchUs(
            [&] {
              for (const World::Session& session : sessions) {
                what == What::kAttest ? world.Attest(session) : world.Get(session);
              }
            },
            wall);
      });
  state.counters["B_wall_us"] = Median(wall);
  state.counters["per_second_of_cpu"] = 1e6 / state.counters["B_us"];
}

void Add(const std::string& name, const Case& c) {
  benchmark::RegisterBenchmark(name.c_str(), [c](benchmark::State& state) { Answer(state, c); })
      ->UseManualTime()
      ->Iterations(40)
      ->Unit(benchmark::kMicrosecond);
}

void Register() {
  constexpr std::pair<const char*, crypto::Curve> kCurves[] = {{"p521", crypto::Curve::kP521},
                                                               {"p256", crypto::Curve::kP256}};
  for (const auto& [name, curve] : kCurves) {
    for (const bool durable : {false, true}) {
      const std::string rest = std::string(":") + name + (durable ? "_file" : "_memory");
      Add("Attest/openssl" + rest, {What::kAttest, curve, durable, nullptr});
      Add("Attest/nettle" + rest, {What::kAttest, curve, durable, NettleP384});
      Add("Resource/openssl" + rest, {What::kResource, curve, durable, nullptr});
    }
  }
}

}  // namespace
}  // namespace svsm::bench

int main(int argc, char** argv) {
  svsm::bench::Register();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
