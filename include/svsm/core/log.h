// svsm/core/log.h: the sink that takes what the library has to tell people. It decides nothing and
// holds no secrets.
//
//   class SerialLog final : public LogSink {
//    public:
//     void Write(LogLevel, const char* text, Status) override { PutLine(text); }
//   };
//
// Profile: freestanding. Allocates: never. Threads: a sink is called from any thread that calls the
// library.
#ifndef SVSM_CORE_LOG_H_
#define SVSM_CORE_LOG_H_

#include <cstdint>

#include "svsm/core/status.h"

namespace svsm {

enum class LogLevel : std::uint8_t { kInfo, kWarning, kError };

class LogSink {
 public:
  // `text` is a NUL-terminated line without line end, borrowed for the call; `status` says why
  // where there is a why.
  virtual void Write(LogLevel level, const char* text, Status status) = 0;

 protected:
  ~LogSink() = default;
};

// Drops everything.
class NullLog final : public LogSink {
 public:
  void Write(LogLevel, const char*, Status) override {}
};

}  // namespace svsm

#endif  // SVSM_CORE_LOG_H_
