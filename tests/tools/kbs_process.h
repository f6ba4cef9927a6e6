// svsm-kbs as a process of a test's own, on a free port of this machine.
#ifndef SVSM_TESTS_TOOLS_KBS_PROCESS_H_
#define SVSM_TESTS_TOOLS_KBS_PROCESS_H_

#include <fcntl.h>
#include <httplib.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "svsm/testing/matchers.h"
#include "svsm/testing/rng.h"
#include "tests/broker/live_guest.h"
#include "tests/tools/program.h"

namespace svsm::testing {

inline constexpr const char* kSecret = "/kbs/v0/resource/default/sample/test";

class KbsProcessTest : public ProgramTest {
 protected:
  KbsProcessTest() : now_(SystemClock().UnixSeconds()) {
    Put("roots.pem", AsBytes(ForgedRoots(now_)));
    Put("policy.json", AsBytes(R"({"vmpl":0,"measurements":[")" + ForgedMeasurement() + "\"]}"));
  }
  ~KbsProcessTest() override { End(SIGKILL); }

  void Start(std::vector<std::string> more = {}) {
    std::filesystem::remove(Path("port"));
    std::vector<std::string> words = {std::string(SVSM_BIN_DIR) + "/svsm-kbs",
                                      "serve",
                                      "--data",
                                      Path("data"),
                                      "--policy",
                                      Path("policy.json"),
                                      "--roots",
                                      Path("roots.pem"),
                                      "--port",
                                      "0",
                                      "--port-file",
                                      Path("port")};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    child_ = ::fork();
    if (child_ == 0) {
      const int log = ::open(Path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      if (log < 0 || ::dup2(log, 2) < 0) ::_exit(126);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    for (int i = 0; i < 1000 && !std::filesystem::exists(Path("port")); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ASSERT_EQ(::waitpid(child_, nullptr, WNOHANG), 0) << Log();
    }
    port_ = std::atoi(File("port").c_str());
    ASSERT_GT(port_, 0) << Log();
  }
  // The exit code.
  int End(int signal) {
    if (child_ <= 0) return -1;
    ::kill(child_, signal);
    int status = 0;
    EXPECT_EQ(::waitpid(child_, &status, 0), child_);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string File(const std::string& name) {
    const Result<ByteVector> bytes = ReadFile(Path(name));
    EXPECT_THAT(bytes, IsOk()) << name;
    return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : std::string();
  }
  std::string Log() { return File("log"); }
  httplib::Headers Token() {
    std::string token = File("data/admin-token");
    token.pop_back();
    return {{"Authorization", "Bearer " + token}};
  }
  httplib::Client Client() {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(30);
    return client;
  }
  void PutSecret(const std::string& text) {
    const auto put = Client().Post(kSecret, Token(), text, "application/octet-stream");
    ASSERT_TRUE(put);
    ASSERT_EQ(put->status, 200);
  }

  std::int64_t now_;
  int port_ = 0;
  FakeRng rng_;

 private:
  ::pid_t child_ = -1;
};

}  // namespace svsm::testing

#endif  // SVSM_TESTS_TOOLS_KBS_PROCESS_H_
