// tools/svsm-demo/stopwatch.h: how long an act took, on the wall and of this process's CPU time.
#ifndef SVSM_TOOLS_SVSM_DEMO_STOPWATCH_H_
#define SVSM_TOOLS_SVSM_DEMO_STOPWATCH_H_

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

namespace svsm::demo {

class Stopwatch {
 public:
  // "3.4 ms (1.2 of CPU)" since the last call, or since the object was made.
  std::string Lap() {
    const auto wall = Clock::now();
    const std::clock_t cpu = std::clock();
    char text[48];
    std::snprintf(text, sizeof(text), "%.1f ms (%.1f of CPU)",
                  std::chrono::duration<double, std::milli>(wall - wall_).count(),
                  1000.0 * static_cast<double>(cpu - cpu_) / CLOCKS_PER_SEC);
    wall_ = wall;
    cpu_ = cpu;
    return text;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point wall_ = Clock::now();
  std::clock_t cpu_ = std::clock();
};

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_STOPWATCH_H_
