#include "tools/svsm-demo/narrator.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "svsm/core/hosted.h"

namespace svsm::demo {
namespace {

std::string Indented(const std::string& text) {
  std::string out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out += "      " + line + "\n";
  return out;
}

std::string LastLine(const std::string& text) {
  std::istringstream in(text);
  std::string last;
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) last = line;
  }
  return last;
}

void ExecShell(const std::string& folder, const std::vector<std::string>& environment,
               const std::string& command, int output) {
  const int input = ::open("/dev/null", O_RDONLY);
  if (::chdir(folder.c_str()) != 0 || ::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 ||
      ::dup2(output, 2) < 0) {
    ::_exit(127);
  }
  for (std::string entry : environment) {
    const std::size_t equals = entry.find('=');
    ::setenv(entry.substr(0, equals).c_str(), entry.c_str() + equals + 1, 1);
  }
  ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

}  // namespace

CommandResult RunShell(const std::string& folder, const std::vector<std::string>& environment,
                       const std::string& command) {
  CommandResult result{127, ""};
  int pipe_fds[2];
  if (::pipe2(pipe_fds, O_CLOEXEC) != 0) return result;
  const pid_t child = ::fork();
  if (child == 0) ExecShell(folder, environment, command, pipe_fds[1]);
  ::close(pipe_fds[1]);
  char chunk[4096];
  for (ssize_t got = 0; (got = ::read(pipe_fds[0], chunk, sizeof(chunk))) > 0;) {
    result.output.append(chunk, static_cast<std::size_t>(got));
  }
  ::close(pipe_fds[0]);
  int status = 0;
  if (child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status)) {
    result.exit_code = WEXITSTATUS(status);
  }
  return result;
}

void Narrator::Chapter(const std::string& title) { std::printf("\n== %s\n", title.c_str()); }

void Narrator::Step(const std::string& text) {
  std::printf("\n  %s\n", text.c_str());
  std::fflush(stdout);
}

void Narrator::Detail(const std::string& text) { std::printf("      %s\n", text.c_str()); }

void Narrator::Refused(const std::string& attack, const std::string& reason) {
  ++refusals_;
  std::printf("  %-64s refused: %s\n", attack.c_str(), reason.c_str());
  std::fflush(stdout);
}

std::string Narrator::Run(const std::string& folder, const std::vector<std::string>& environment,
                          const std::string& command) {
  std::printf("    $ %s\n", command.c_str());
  std::fflush(stdout);
  const CommandResult result = RunShell(folder, environment, command);
  std::fputs(Indented(result.output).c_str(), stdout);
  if (result.exit_code != 0) {
    throw StoryEnds{"the command ended with exit code " + std::to_string(result.exit_code)};
  }
  return result.output;
}

void Narrator::RunToFail(const std::string& folder, const std::vector<std::string>& environment,
                         const std::string& command) {
  std::printf("    $ %s\n", command.c_str());
  const CommandResult result = RunShell(folder, environment, command);
  std::printf("      %s\n", LastLine(result.output).c_str());
  if (result.exit_code == 0) throw StoryEnds{"the command should have failed"};
}

void Expect(const char* what, Status status) {
  if (!status.ok()) throw StoryEnds{std::string(what) + ": " + ToString(status)};
}

}  // namespace svsm::demo
