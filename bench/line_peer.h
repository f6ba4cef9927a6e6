// Somebody else's side of a comparison, run by a program of its own: a line in, a line out.
#ifndef SVSM_BENCH_LINE_PEER_H_
#define SVSM_BENCH_LINE_PEER_H_

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace svsm::bench {

class LinePeer {
 public:
  // Starts a program, whose path is the first of `command`; null if it is not there.
  static std::unique_ptr<LinePeer> Start(const std::vector<std::string>& command);
  LinePeer(const LinePeer&) = delete;
  LinePeer& operator=(const LinePeer&) = delete;
  ~LinePeer();

  // The answer without its newline; nothing if the program ended.
  std::optional<std::string> Ask(const std::string& line);

 private:
  LinePeer(pid_t child, std::FILE* to, std::FILE* from) : child_(child), to_(to), from_(from) {}

  pid_t child_;
  std::FILE* to_;
  std::FILE* from_;
};

}  // namespace svsm::bench

#endif  // SVSM_BENCH_LINE_PEER_H_
