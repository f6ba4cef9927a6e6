// tools/common/line_limit.h: how much of a log a stranger may fill.
#ifndef SVSM_TOOLS_COMMON_LINE_LIMIT_H_
#define SVSM_TOOLS_COMMON_LINE_LIMIT_H_

#include <chrono>

namespace svsm::tool {

// For one thread at a time.
class LineLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit LineLimit(unsigned per_second) : per_second_(per_second) {}

  // Whether a line may be written now. `missed` is how many were not since this was last said; it
  // is said once, when a new second begins.
  bool Admits(Time now, unsigned& missed);

 private:
  const unsigned per_second_;
  Time second_{};
  unsigned lines_ = 0;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_COMMON_LINE_LIMIT_H_
