#include "bench/line_peer.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace svsm::bench {

std::unique_ptr<LinePeer> LinePeer::Start(const std::vector<std::string>& command) {
  if (access(command.front().c_str(), X_OK) != 0) return nullptr;
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0) return nullptr;
  if (pipe2(from, O_CLOEXEC) != 0) {
    close(to[0]);
    close(to[1]);
    return nullptr;
  }
  const pid_t child = fork();
  if (child == 0) {
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    execv(arguments.front(), arguments.data());
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  std::FILE* const out = fdopen(to[1], "w");
  std::FILE* const in = fdopen(from[0], "r");
  if (child < 0 || out == nullptr || in == nullptr) return nullptr;
  return std::unique_ptr<LinePeer>(new LinePeer(child, out, in));
}

LinePeer::~LinePeer() {
  std::fclose(to_);
  std::fclose(from_);
  waitpid(child_, nullptr, 0);
}

std::optional<std::string> LinePeer::Ask(const std::string& line) {
  if (std::fprintf(to_, "%s\n", line.c_str()) < 0 || std::fflush(to_) != 0) return std::nullopt;
  char answer[512];
  if (std::fgets(answer, sizeof(answer), from_) == nullptr) return std::nullopt;
  std::string text = answer;
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace svsm::bench
