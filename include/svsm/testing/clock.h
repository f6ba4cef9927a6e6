// svsm/testing/clock.h: a clock that a test holds the hands of.
//
//   ManualClock clock(1748736000);          // 2025-06-01T00:00:00Z
//   Verifier verifier(store, p384, clock);
//   clock.unix_seconds += 86400;            // a day later
//
// Profile: hosted. Allocates: as many numbers as there are sleeps. Threads: one object, one thread
// that changes it.
#ifndef SVSM_TESTING_CLOCK_H_
#define SVSM_TESTING_CLOCK_H_

#include <cstdint>
#include <vector>

#include "svsm/core/clock.h"

namespace svsm::testing {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_seconds = 0, std::uint64_t start_ms = 0)
      : now_ms(start_ms), unix_seconds(start_seconds) {}
  std::uint64_t MonotonicMs() const override { return now_ms; }
  std::int64_t UnixSeconds() const override { return unix_seconds; }
  // Takes no time; moves `now_ms` alone, and only if `moves`.
  void SleepMs(std::uint64_t milliseconds) override {
    sleeps.push_back(milliseconds);
    if (moves) now_ms += milliseconds;
  }

  std::uint64_t now_ms;
  std::int64_t unix_seconds;
  bool moves = true;                  // or it stands still whatever happens
  std::vector<std::uint64_t> sleeps;  // what was slept, in milliseconds
};

}  // namespace svsm::testing

#endif  // SVSM_TESTING_CLOCK_H_
