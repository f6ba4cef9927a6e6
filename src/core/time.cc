#include <time.h>

#include <optional>
#include <string>

#include "svsm/core/hosted.h"

namespace svsm {

std::uint64_t SystemClock::MonotonicMs() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000000;
}

std::int64_t SystemClock::UnixSeconds() const { return ::time(nullptr); }

void SystemClock::SleepMs(std::uint64_t milliseconds) {
  timespec left{static_cast<time_t>(milliseconds / 1000),
                static_cast<long>(milliseconds % 1000) * 1000000};
  while (::nanosleep(&left, &left) != 0) {
  }
}

namespace {

// Reads exactly `digits` decimal digits at `at`; -1 if there are none.
int Number(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

// Seconds to subtract for the designator at the end of `text`; nothing if it is not one.
std::optional<std::int64_t> Offset(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  const int hours = Number(text, 1, 2);
  const int minutes = Number(text, 4, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

}  // namespace

Result<std::int64_t> ParseRfc3339(std::string_view text) {
  const Status malformed(Code::kMalformed, Source::kCore);
  tm parts{};
  parts.tm_year = Number(text, 0, 4) - 1900;
  parts.tm_mon = Number(text, 5, 2) - 1;
  parts.tm_mday = Number(text, 8, 2);
  parts.tm_hour = Number(text, 11, 2);
  parts.tm_min = Number(text, 14, 2);
  parts.tm_sec = Number(text, 17, 2);
  const bool shaped = text.size() >= 20 && text[4] == '-' && text[7] == '-' &&
                      (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' &&
                      text[16] == ':';
  if (!shaped || parts.tm_year < 0 || parts.tm_mon < 0 || parts.tm_mon > 11 || parts.tm_mday < 1 ||
      parts.tm_hour < 0 || parts.tm_hour > 23 || parts.tm_min < 0 || parts.tm_min > 59 ||
      parts.tm_sec < 0 || parts.tm_sec > 60) {
    return malformed;
  }
  std::size_t at = 19;
  if (text[at] == '.') {
    const std::size_t first = ++at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    if (at == first) return malformed;
  }
  const std::optional<std::int64_t> offset = Offset(text.substr(at));
  if (!offset) return malformed;
  const int day = parts.tm_mday;
  const std::int64_t seconds = ::timegm(&parts);
  if (parts.tm_mday != day && parts.tm_sec != 60) return malformed;  // 30 February
  return seconds - *offset;
}

std::string FormatRfc3339(std::int64_t unix_seconds) {
  const time_t seconds = unix_seconds;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t size = ::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text, size);
}

}  // namespace svsm
