// svsm/core/clock.h: the seam behind which time comes from; a settable one in tests and in offline
// verification.
//
//   const std::uint64_t deadline_ms = clock.MonotonicMs() + 500;
//   while (!Ready() && clock.MonotonicMs() < deadline_ms) clock.SleepMs(10);
//
// Profile: freestanding. Allocates: never. Threads: any, at once.
#ifndef SVSM_CORE_CLOCK_H_
#define SVSM_CORE_CLOCK_H_

#include <cstdint>

namespace svsm {

class Clock {
 public:
  // Milliseconds since some fixed moment; never goes back.
  virtual std::uint64_t MonotonicMs() const = 0;
  // Seconds since 1970-01-01T00:00:00Z; 0 where the platform has no trusted calendar time.
  virtual std::int64_t UnixSeconds() const = 0;
  // Lets about `milliseconds` pass. A test's clock may just move its hands.
  virtual void SleepMs(std::uint64_t milliseconds) = 0;

 protected:
  ~Clock() = default;
};

}  // namespace svsm

#endif  // SVSM_CORE_CLOCK_H_
