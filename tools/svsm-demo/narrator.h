// tools/svsm-demo/narrator.h: what the demo tells, and the commands that it runs as a person would.
#ifndef SVSM_TOOLS_SVSM_DEMO_NARRATOR_H_
#define SVSM_TOOLS_SVSM_DEMO_NARRATOR_H_

#include <string>
#include <vector>

#include "svsm/core/status.h"

namespace svsm::demo {

struct CommandResult {
  int exit_code = 0;
  std::string output;  // what it wrote to both streams
};

// Runs `command` by /bin/sh in `folder`, with `environment` ("NAME=value") added to ours. Exit code
// 127 if there is no shell.
CommandResult RunShell(const std::string& folder, const std::vector<std::string>& environment,
                       const std::string& command);

// Thrown where the story cannot go on; the demo's programs have no other way out of the middle of
// it.
struct StoryEnds {
  std::string why;
};

class Narrator {
 public:
  void Chapter(const std::string& title);
  void Step(const std::string& text);
  void Detail(const std::string& text);
  // An attack and why it did not work.
  void Refused(const std::string& attack, const std::string& reason);
  std::size_t refusals() const { return refusals_; }

  // Runs a command of the guest or of the verifier, shows it with a prompt, and ends the story
  // unless it succeeds. Gives its output.
  std::string Run(const std::string& folder, const std::vector<std::string>& environment,
                  const std::string& command);
  // The same, showing the first line alone of what it says.
  void RunForFirstLine(const std::string& folder, const std::vector<std::string>& environment,
                       const std::string& command);
  // For a command that must fail and say `reason`; shows the line with it.
  void RunToFail(const std::string& folder, const std::vector<std::string>& environment,
                 const std::string& command, const std::string& reason);

 private:
  std::size_t refusals_ = 0;
};

// Ends the story with `what` and the Status unless it is OK.
void Expect(const char* what, Status status);

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_NARRATOR_H_
