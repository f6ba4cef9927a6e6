#include "tools/svsm-demo/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "tools/svsm-demo/narrator.h"

namespace svsm::demo {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(20);

[[noreturn]] void Become(const std::string& folder, std::vector<char*>& arguments, int log) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int input = ::open("/dev/null", O_RDONLY);
  if (::chdir(folder.c_str()) == 0 && ::dup2(input, 0) == 0 && ::dup2(log, 1) == 1 &&
      ::dup2(log, 2) == 2) {
    ::execv(arguments[0], arguments.data());
  }
  ::_exit(127);
}

std::string ReadAll(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

}  // namespace

Child::Child(const std::string& folder, const std::vector<std::string>& arguments,
             const std::string& log)
    : log_(log) {
  std::vector<std::string> copies = arguments;
  std::vector<char*> raw;
  raw.reserve(copies.size() + 1);
  for (std::string& argument : copies) raw.push_back(argument.data());
  raw.push_back(nullptr);
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw StoryEnds{log + " cannot be written"};
  pid_ = ::fork();
  if (pid_ == 0) Become(folder, raw, fd);
  ::close(fd);
  if (pid_ < 0) throw StoryEnds{arguments[0] + " does not start"};
}

Child::~Child() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGTERM);
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!HasEnded()) {
    if (std::chrono::steady_clock::now() > end) ::kill(pid_, SIGKILL);
    std::this_thread::sleep_for(kPause);
  }
}

bool Child::HasEnded() {
  if (pid_ >= 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

std::string Child::AwaitLine(const std::string& text) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    const bool ended = HasEnded();
    const std::string output = ReadAll(log_);
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(text) != std::string::npos) return line;
    }
    if (ended || std::chrono::steady_clock::now() > end) {
      throw StoryEnds{"a server is not ready:\n" + output};
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace svsm::demo
