// CocoonFS against the Rust implementation of it, both over a device in memory: the same works, run
// in turns.
//
// Times are CPU time, as nothing here waits. Counters: A is the peer, B is ours; medians, and the
// median of the ratios A / B. No ratio where ours syncs less often than the peer.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/cocoonfs/peer.h"
#include "bench/cocoonfs/works.h"
#include "bench/compare.h"

namespace svsm::cocoonfs {
namespace {

struct Work {
  const char* name;
  int runs;  // of each side; those that begin with a copy of a whole image are few
};
constexpr Work kWorks[] = {
    {"mkfs-fill", 7},   {"mkfs-none", 11},   {"open", 21},        {"list", 15},
    {"nv", 500},        {"create-64", 500},  {"rewrite-64", 500}, {"create-1m", 31},
    {"rewrite-1m", 31}, {"create-16m", 7},   {"rewrite-16m", 7},  {"read-16m", 15},
    {"many-each", 7},   {"many-one", 21},    {"many-read", 31},   {"many-remove", 31},
    {"recover-1", 21},  {"recover-100", 21}, {"recover-5000", 15}};

using Side = std::function<std::optional<WorkRun>(const std::string&)>;

struct Series {
  std::vector<double> us;
  WorkRun last;

  void Add(const WorkRun& run) {
    us.push_back(run.us);
    last = run;
  }
  void Report(benchmark::State& state, const std::string& name) {
    state.counters[name + "_us"] = bench::Median(us);
    state.counters[name + "_syncs"] = static_cast<double>(last.syncs);
    state.counters[name + "_writes"] = static_cast<double>(last.writes);
    state.counters[name + "_bytes"] = static_cast<double>(last.bytes);
  }
};

// In turns, whoever is first; the first run of either makes the image that it works on.
void Compare(benchmark::State& state, const std::string& work, const Side* peer, const Side& ours) {
  Series a, b;
  std::vector<double> ratios;
  if (peer != nullptr) (void)(*peer)(work);
  (void)ours(work);
  for (auto _ : state) {
    const bool ours_first = b.us.size() % 2 == 0;
    std::optional<WorkRun> run_a, run_b;
    if (ours_first) run_b = ours(work);
    if (peer != nullptr) run_a = (*peer)(work);
    if (!ours_first) run_b = ours(work);
    if (!run_b || (peer != nullptr && !run_a)) {
      state.SkipWithError(run_b ? "the peer fails" : "ours fails");
      return;
    }
    b.Add(*run_b);
    state.SetIterationTime(run_b->us * 1e-6);
    if (!run_a) continue;
    a.Add(*run_a);
    ratios.push_back(run_a->us / run_b->us);
  }
  b.Report(state, "B");
  if (peer == nullptr) return;
  a.Report(state, "A");
  if (b.last.syncs >= a.last.syncs) state.counters["A_by_B"] = bench::Median(ratios);
}

void Register(const std::string& work, int runs, const Side* peer, const Side& ours) {
  benchmark::RegisterBenchmark(
      (work + (peer != nullptr ? "/peer:ours" : "/ours")).c_str(),
      [work, peer, &ours](benchmark::State& state) { Compare(state, work, peer, ours); })
      ->UseManualTime()
      ->Iterations(runs)
      ->Unit(benchmark::kMicrosecond);
}

// Neither side is to be charged for pages that go back to the kernel and come again. The peer, with
// the same malloc, reads the environment.
void KeepFreedMemory() {
  constexpr int kMost = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kMost);
  mallopt(M_TRIM_THRESHOLD, kMost);
  setenv("MALLOC_MMAP_THRESHOLD_", std::to_string(kMost).c_str(), 1);
  setenv("MALLOC_TRIM_THRESHOLD_", std::to_string(kMost).c_str(), 1);
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  KeepFreedMemory();
  const auto bin = std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
  const std::unique_ptr<Peer> peer = Peer::Start((bin / "cocoonfs-peer").string());
  if (peer == nullptr) std::fprintf(stderr, "cocoonfs-peer is not built: ours alone\n");
  Works works;
  const Side ours = [&](const std::string& work) { return works.Run(work); };
  const Side theirs = [&](const std::string& work) { return peer->Run(work); };
  const Side* const other = peer != nullptr ? &theirs : nullptr;
  for (const Work& work : kWorks) Register(work.name, work.runs, other, ours);
  const Side raw = [](const std::string&) { return WorkRun{RawReadUs(), 0, 0, 0}; };
  benchmark::RegisterBenchmark(
      "read-16m/openssl:ours",
      [&](benchmark::State& state) { Compare(state, "read-16m", &raw, ours); })
      ->UseManualTime()
      ->Iterations(15)
      ->Unit(benchmark::kMicrosecond);
  for (const int image : {8, 64, 256}) {
    for (const int file : {64, 1024, 4096, 16384, 65536, 262144, 1048576}) {
      Register("commit-" + std::to_string(file) + "-" + std::to_string(image),
               file < 100'000 ? 100 : 15, other, ours);
    }
  }
  benchmark::RunSpecifiedBenchmarks();
  if (!works.failure().empty()) std::fprintf(stderr, "ours: %s\n", works.failure().c_str());
  return 0;
}

}  // namespace
}  // namespace svsm::cocoonfs

int main(int argc, char** argv) { return svsm::cocoonfs::Main(argc, argv); }
