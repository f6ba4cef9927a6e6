#include "tools/svsm-demo/narrator.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "svsm/core/hosted.h"

namespace svsm::demo {
namespace {

std::string Indented(const std::string& text) {
  std::string out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out += "      " + line + "\n";
  return out;
}

// The line of `text` that contains `part`; empty if none does.
std::string LineWith(const std::string& text, const std::string& part) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.find(part) != std::string::npos) return line;
  }
  return "";
}

void ExecShell(const std::string& folder, const std::vector<std::string>& environment,
               const std::string& command, int output) {
  const int input = ::open("/dev/null", O_RDONLY);
  if (::chdir(folder.c_str()) != 0 || ::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 ||
      ::dup2(output, 2) < 0) {
    ::_exit(127);
  }
  for (const std::string& entry : environment) {
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

namespace {

// Shows the command with a prompt and runs it; ends the story unless it succeeds.
std::string MustRun(const std::string& folder, const std::vector<std::string>& environment,
                    const std::string& command) {
  std::printf("    $ %s\n", command.c_str());
  std::fflush(stdout);
  CommandResult result = RunShell(folder, environment, command);
  if (result.exit_code != 0) {
    std::fputs(Indented(result.output).c_str(), stdout);
    throw StoryEnds{"the command ended with exit code " + std::to_string(result.exit_code)};
  }
  return std::move(result.output);
}

}  // namespace

std::string Narrator::Run(const std::string& folder, const std::vector<std::string>& environment,
                          const std::string& command) {
  std::string output = MustRun(folder, environment, command);
  std::fputs(Indented(output).c_str(), stdout);
  return output;
}

void Narrator::RunForFirstLine(const std::string& folder,
                               const std::vector<std::string>& environment,
                               const std::string& command) {
  const std::string output = MustRun(folder, environment, command);
  std::fputs(Indented(output.substr(0, output.find('\n'))).c_str(), stdout);
}

void Narrator::RunToFail(const std::string& folder, const std::vector<std::string>& environment,
                         const std::string& command, const std::string& reason) {
  std::printf("    $ %s\n", command.c_str());
  const CommandResult result = RunShell(folder, environment, command);
  const std::string line = LineWith(result.output, reason);
  if (result.exit_code == 0) throw StoryEnds{"the command should have failed"};
  if (line.empty()) throw StoryEnds{"it failed for another reason:\n" + result.output};
  std::fputs(Indented(line).c_str(), stdout);
}

void Expect(const char* what, Status status) {
  if (!status.ok()) throw StoryEnds{std::string(what) + ": " + ToString(status)};
}

}  // namespace svsm::demo
