// Verification of a real report, against go-sev-guest (bench/peers/go_sev_guest) with the same
// report, certificates and time. A is go-sev-guest, which times each run itself; B is ours.
//
//   ChainEachTime  roots, leaf and report are parsed and verified in every run; ours verifies ARK,
//                  ASK and leaf, go-sev-guest ASK and leaf
//   LeafEachTime   the roots were parsed before; ours verifies the leaf, go-sev-guest ASK and leaf
//   LeafCached     the leaf was verified before
//
// Ours judges a policy, too.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/compare.h"
#include "bench/line_peer.h"
#include "bench/snp_verify/backends.h"
#include "svsm/snp_verify/certificate.h"
#include "svsm/snp_verify/verifier.h"
#include "svsm/testing/clock.h"
#include "tests/snp_verify/forge.h"
#include "tests/snp_verify/vectors.h"

namespace svsm::snp {
namespace {

constexpr std::int64_t kNow = 1780272000;  // 2026-06-01T00:00:00Z

template <typename T>
T Need(Result<T> result) {
  if (!result.ok()) std::abort();
  return *std::move(result);
}

struct Paths {
  explicit Paths(const std::string& snp)
      : report(snp + "/milan-v3/report.bin"),
        leaf(snp + "/milan-v3/vcek.der"),
        chain(snp + "/roots/milan_ask_ark_asvk.pem") {}
  std::string report;
  std::string leaf;
  std::string chain;
};

// What both sides are given, read from the files.
struct Input {
  explicit Input(const Paths& paths)
      : report(Need(ReadFile(paths.report))), leaf(Need(ReadFile(paths.leaf))) {
    for (ByteVector& der : Need(ReadCertificateFile(Need(ReadFile(paths.chain))))) {
      const std::string_view name = CommonName(Need(ParseCertificate(der)).subject);
      if (name == "ARK-Milan" || name == "SEV-Milan") roots.push_back(std::move(der));
    }
  }
  TrustStore Store() const {
    std::vector<X509Certificate> parsed;
    for (const ByteVector& der : roots) parsed.push_back(Need(ParseCertificate(der)));
    Refusals why;
    return Need(TrustStore::FromCertificates(parsed, why));
  }

  ByteVector report;
  ByteVector leaf;
  std::vector<ByteVector> roots;  // ASK and ARK
};

std::unique_ptr<bench::LinePeer> StartPeer(const Paths& paths) {
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  return bench::LinePeer::Start({(self.parent_path().parent_path() / "go-sev-guest-peer").string(),
                                 paths.report, paths.leaf, paths.chain, std::to_string(kNow)});
}

class Ours {
 public:
  Ours(const Input& input, crypto::EcdsaVerifier& p384)
      : input_(input), p384_(p384), store_(input.Store()), verifier_(store_, p384, clock_) {
    LeafCached();
  }
  void ChainEachTime() {
    const TrustStore store = input_.Store();
    Verifier verifier(store, p384_, clock_);
    VerifyWith(verifier);
  }
  void LeafEachTime() {
    Verifier verifier(store_, p384_, clock_);
    VerifyWith(verifier);
  }
  void LeafCached() { VerifyWith(verifier_); }

 private:
  void VerifyWith(Verifier& verifier) {
    const Result<Verdict> verdict = verifier.Verify({input_.report, input_.leaf}, policy_);
    if (!verdict.ok() || !verdict->trusted()) std::abort();
  }

  const Input& input_;
  crypto::EcdsaVerifier& p384_;
  const svsm::testing::ManualClock clock_{kNow};
  const Policy policy_;
  TrustStore store_;
  Verifier verifier_;
};

void Against(benchmark::State& state, crypto::EcdsaVerifier* p384, const std::string& theirs,
             void (Ours::*work)()) {
  if (p384 == nullptr) return state.SkipWithError("nettle is not built");
  const std::string folder = SnpVectors();
  if (folder.empty()) return state.SkipWithError("no real report: SVSM_VECTORS_DIR");
  const Paths paths(folder);
  const std::unique_ptr<bench::LinePeer> peer = StartPeer(paths);
  if (peer == nullptr) return state.SkipWithError("go-sev-guest is not built");
  if (!peer->Ask(theirs)) return state.SkipWithError("go-sev-guest fails");
  const Input input(paths);
  Ours ours(input, *p384);
  const auto theirs_us = [&] {
    const std::optional<std::string> us = peer->Ask(theirs);
    if (!us) std::abort();
    return std::atof(us->c_str());
  };
  const auto run = [&] { (ours.*work)(); };
  bench::CompareTimes(state, theirs_us, [&] { return bench::TimeUs(run, 1); });
}

void ChainEachTime(benchmark::State& state, crypto::EcdsaVerifier* p384) {
  Against(state, p384, "chain", &Ours::ChainEachTime);
}

void LeafEachTime(benchmark::State& state, crypto::EcdsaVerifier* p384) {
  Against(state, p384, "report", &Ours::LeafEachTime);
}

void LeafCached(benchmark::State& state, crypto::EcdsaVerifier* p384) {
  Against(state, p384, "leaf", &Ours::LeafCached);
}

BENCHMARK_CAPTURE(ChainEachTime, nettle, NettleP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(ChainEachTime, openssl, OpensslP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(LeafEachTime, nettle, NettleP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(LeafEachTime, openssl, OpensslP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(LeafCached, nettle, NettleP384())->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(LeafCached, openssl, OpensslP384())
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace svsm::snp
