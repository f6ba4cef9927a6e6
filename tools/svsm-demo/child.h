// tools/svsm-demo/child.h: a server process that the story starts and ends.
#ifndef SVSM_TOOLS_SVSM_DEMO_CHILD_H_
#define SVSM_TOOLS_SVSM_DEMO_CHILD_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace svsm::demo {

class Child {
 public:
  // Starts a program in `folder`; both of its streams go to the file `log`. Throws StoryEnds.
  Child(const std::string& folder, const std::vector<std::string>& arguments,
        const std::string& log);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // Ends it by its id, and waits for that.
  ~Child();

  // Waits until its log has a line that contains `text`, and gives that line. Throws StoryEnds if
  // it ends, or after ten seconds.
  std::string AwaitLine(const std::string& text);

 private:
  bool HasEnded();

  const std::string log_;
  pid_t pid_ = -1;
};

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_CHILD_H_
