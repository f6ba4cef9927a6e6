#include "tools/svsm-proxy/log.h"

#include <chrono>
#include <cstdio>
#include <mutex>

namespace svsm::tool {
namespace {

constexpr unsigned kMaxLinesPerSecond = 50;

struct Second {
  std::mutex mutex;
  std::chrono::steady_clock::time_point begin;
  unsigned lines = 0;
};

Second& Now() {
  static Second second;
  return second;
}

}  // namespace

void Log(const std::string& line) {
  Second& second = Now();
  const std::lock_guard lock(second.mutex);
  const auto now = std::chrono::steady_clock::now();
  if (now - second.begin >= std::chrono::seconds(1)) {
    if (second.lines > kMaxLinesPerSecond) {
      std::fprintf(stderr, "svsm-proxy: %u lines more\n", second.lines - kMaxLinesPerSecond);
    }
    second.begin = now;
    second.lines = 0;
  }
  if (++second.lines <= kMaxLinesPerSecond) std::fprintf(stderr, "svsm-proxy: %s\n", line.c_str());
}

}  // namespace svsm::tool
