// The examples do what their first lines say.
#include <gmock/gmock.h>
#include <httplib.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "tests/tools/program.h"

namespace svsm::testing {
namespace {

using ::testing::HasSubstr;

class ExamplesTest : public ProgramTest {};

TEST_F(ExamplesTest, FilesAreKept) {
  const std::string image = Path("image");
  EXPECT_EQ(Run("example-keep-files", {image}).out, "");
  EXPECT_EQ(Run("example-keep-files", {image, "20", "one"}).out, "20: one\n");
  const ProgramRun both = Run("example-keep-files", {image, "16", "two"});
  EXPECT_EQ(both.out, "16: two\n20: one\n");
  EXPECT_EQ(both.exit_code, 0);
  const ProgramRun refused = Run("example-keep-files", {image, "3", "the format's own"});
  EXPECT_THAT(refused.out, HasSubstr("InvalidArgument"));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(Run("example-keep-files", {image}).out, both.out);
}

TEST_F(ExamplesTest, VtpmIsMadeAndFoundAgain) {
  const ProgramRun made = Run("example-make-vtpm", {Path("machine")});
  EXPECT_EQ(made.exit_code, 0) << made.out;
  EXPECT_THAT(made.out, HasSubstr("EK 81010001 created, report in 01c00002 with REPORT_DATA "));
  std::string expected = made.out;
  for (std::size_t at; (at = expected.find("created")) != std::string::npos;) {
    expected.replace(at, 7, "found");
  }
  EXPECT_EQ(Run("example-make-vtpm", {Path("machine")}).out, expected);
}

TEST_F(ExamplesTest, StorageIsNotUnlockedWithoutAProxy) {
  const ProgramRun run = Run("example-unlock-storage", {Path("nobody.sock"), Path("image")});
  EXPECT_THAT(run.out, HasSubstr("NotFound (System"));
  EXPECT_EQ(run.exit_code, 1);
}

// A port that nobody has now.
int FreePort() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  auto* const generic = static_cast<::sockaddr*>(static_cast<void*>(&address));
  ::socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd, generic, size), 0);
  EXPECT_EQ(::getsockname(fd, generic, &size), 0);
  ::close(fd);
  return ::ntohs(address.sin_port);
}

// A program that ends with the object.
class Server {
 public:
  Server(const std::string& program, const std::string& folder, int port) : child_(::fork()) {
    if (child_ != 0) return;
    const std::string number = std::to_string(port);
    ::execl(program.c_str(), program.c_str(), folder.c_str(), number.c_str(), nullptr);
    ::_exit(127);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    ::kill(child_, SIGKILL);
    EXPECT_EQ(::waitpid(child_, nullptr, 0), child_);
  }

 private:
  pid_t child_;
};

TEST_F(ExamplesTest, KeysAreServed) {
  const int port = FreePort();
  const std::string folder = Path("broker");
  std::filesystem::create_directory(folder);
  const Server server(std::string(SVSM_BIN_DIR) + "/example-serve-keys", folder, port);
  httplib::Client client("127.0.0.1", port);
  httplib::Result health = client.Get("/healthz");
  for (int i = 0; i < 500 && !health; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    health = client.Get("/healthz");
  }
  ASSERT_TRUE(health);
  EXPECT_EQ(health->status, 200);
  const httplib::Result auth = client.Post(
      "/kbs/v0/auth", R"({"version":"0.4.0","tee":"snp","extra-params":""})", "application/json");
  ASSERT_TRUE(auth);
  EXPECT_EQ(auth->status, 200);
  EXPECT_THAT(auth->body, HasSubstr("\"nonce\""));
  const httplib::Result refused = client.Get("/kbs/v0/resource/default/sample/test");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 401);
}

}  // namespace
}  // namespace svsm::testing
