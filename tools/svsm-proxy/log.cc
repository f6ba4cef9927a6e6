#include "tools/svsm-proxy/log.h"

#include <chrono>
#include <cstdio>
#include <mutex>

#include "tools/common/line_limit.h"

namespace svsm::tool {
namespace {

constexpr unsigned kMaxLinesPerSecond = 50;

}  // namespace

void Log(const std::string& line) {
  static std::mutex mutex;
  static LineLimit limit(kMaxLinesPerSecond);
  const std::lock_guard lock(mutex);
  unsigned missed = 0;
  const bool admitted = limit.Admits(std::chrono::steady_clock::now(), missed);
  if (missed > 0) std::fprintf(stderr, "svsm-proxy: %u lines more\n", missed);
  if (admitted) std::fprintf(stderr, "svsm-proxy: %s\n", line.c_str());
}

}  // namespace svsm::tool
