// One CPU for a benchmark and all that it starts.
#ifndef SVSM_BENCH_VTPM_ONE_CPU_H_
#define SVSM_BENCH_VTPM_ONE_CPU_H_

#include <sched.h>

namespace svsm::vtpm {

// Keeps this thread, and the threads and processes that it makes from now on, on the CPU where it
// is. A client that waits for a server gains nothing from a second CPU. With more than one the
// scheduler puts some servers beside their client and others on a CPU that sleeps, and waking that
// costs more than the command: the ratio of two servers would be that of their places.
inline bool StayOnOneCpu() {
  const int cpu = sched_getcpu();
  if (cpu < 0) return false;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(cpu), &set);
  return sched_setaffinity(0, sizeof(set), &set) == 0;
}

}  // namespace svsm::vtpm

#endif  // SVSM_BENCH_VTPM_ONE_CPU_H_
