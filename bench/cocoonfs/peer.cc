#include "bench/cocoonfs/peer.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

namespace svsm::cocoonfs {

std::unique_ptr<Peer> Peer::Start(const std::string& program) {
  if (access(program.c_str(), X_OK) != 0) return nullptr;
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
    execl(program.c_str(), program.c_str(), "serve", static_cast<char*>(nullptr));
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  std::FILE* const out = fdopen(to[1], "w");
  std::FILE* const in = fdopen(from[0], "r");
  if (child < 0 || out == nullptr || in == nullptr) return nullptr;
  return std::unique_ptr<Peer>(new Peer(child, out, in));
}

Peer::~Peer() {
  std::fclose(to_);
  std::fclose(from_);
  waitpid(child_, nullptr, 0);
}

std::optional<WorkRun> Peer::Run(const std::string& work) {
  if (std::fprintf(to_, "%s\n", work.c_str()) < 0 || std::fflush(to_) != 0) return std::nullopt;
  char line[512];
  if (std::fgets(line, sizeof(line), from_) == nullptr) return std::nullopt;
  const nlohmann::json answer = nlohmann::json::parse(line, nullptr, false);
  if (answer.is_discarded() || !answer.contains("us")) return std::nullopt;
  return WorkRun{answer["us"], answer["syncs"], answer["writes"], answer["bytes"]};
}

}  // namespace svsm::cocoonfs
