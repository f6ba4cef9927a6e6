// Runs a program as a user would, and keeps what it says.
#ifndef SVSM_TESTS_TOOLS_PROGRAM_H_
#define SVSM_TESTS_TOOLS_PROGRAM_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "svsm/core/hosted.h"

namespace svsm::testing {

struct ProgramRun {
  int exit_code = -1;  // 128 + n after signal n
  std::string out;
  std::string err;
};

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    std::string pattern = ::testing::TempDir() + "svsm-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  ~ProgramTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  // Writes a file and gives its path.
  std::string Put(const std::string& name, ByteView bytes) const {
    EXPECT_TRUE(WriteFileAtomically(Path(name), bytes, FileMode::kPrivate).ok());
    return Path(name);
  }

  ProgramRun Run(const std::string& program, const std::vector<std::string>& arguments) const {
    std::vector<std::string> words = {std::string(SVSM_BIN_DIR) + "/" + program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      Redirect(1, "out");
      Redirect(2, "err");
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), Text("out"),
            Text("err")};
  }

 private:
  void Redirect(int fd, const char* name) const {
    const int file = ::open(Path(name).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0 || ::dup2(file, fd) < 0) ::_exit(126);
  }
  std::string Text(const char* name) const {
    const Result<ByteVector> bytes = ReadFile(Path(name));
    EXPECT_TRUE(bytes.ok());
    return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : std::string();
  }
  std::string folder_;
};

}  // namespace svsm::testing

#endif  // SVSM_TESTS_TOOLS_PROGRAM_H_
