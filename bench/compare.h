// Two ways of doing the same work, timed in turns.
#ifndef SVSM_BENCH_COMPARE_H_
#define SVSM_BENCH_COMPARE_H_

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace svsm::bench {

inline double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Microseconds for one run of `work` out of `batch`.
template <typename Work>
double TimeUs(Work& work, int batch) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < batch; ++i) work();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start)
             .count() /
         batch;
}

// Has A and B run in turns, and changes who is first in each iteration; each says how many
// microseconds one run took.
// Counters: A_us and B_us, the medians of one run; A_by_B and B_by_A, those of the ratios;
// B_extra_us, that of the differences. The benchmark's own time is B's, so it wants
// UseManualTime().
template <typename A, typename B>
void CompareTimes(benchmark::State& state, A&& a_us, B&& b_us) {
  std::vector<double> times_a, times_b, ratios, extras;
  for (auto _ : state) {
    const bool a_first = times_a.size() % 2 == 0;
    if (a_first) times_a.push_back(a_us());
    times_b.push_back(b_us());
    if (!a_first) times_a.push_back(a_us());
    ratios.push_back(times_a.back() / times_b.back());
    extras.push_back(times_b.back() - times_a.back());
    state.SetIterationTime(times_b.back() * 1e-6);
  }
  state.counters["A_us"] = Median(times_a);
  state.counters["B_us"] = Median(times_b);
  state.counters["A_by_B"] = Median(ratios);
  state.counters["B_by_A"] = 1 / Median(ratios);
  state.counters["B_extra_us"] = Median(extras);
}

// The same for work of this process, each `batch` times in a row.
template <typename A, typename B>
void Compare(benchmark::State& state, A&& a, B&& b, int batch = 1) {
  CompareTimes(
      state, [&] { return TimeUs(a, batch); }, [&] { return TimeUs(b, batch); });
}

}  // namespace svsm::bench

#endif  // SVSM_BENCH_COMPARE_H_
