// The HTTP server of svsm-kbs, alone.
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

#include "svsm/testing/matchers.h"
#include "tests/tools/tcp_client.h"
#include "tools/svsm-kbs/http_server.h"

namespace svsm::tool {
namespace {

using ::testing::HasSubstr;
using testing::IsStatus;
using ::testing::StartsWith;
using testing::TcpClient;

constexpr const char* kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

double Seconds(std::chrono::steady_clock::time_point since) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    options_.limits = {.connections = 8,
                       .head_bytes = 4096,
                       .body_bytes = 10000,
                       .request_ms = 700,
                       .response_ms = 2000,
                       .idle_ms = 400,
                       .requests = 4};
  }
  ~HttpServerTest() override { Stop(); }

  void Start() {
    const auto echo = [this](const broker::Request& request) {
      ++num_requests_;
      if (request.path == "/slow") std::this_thread::sleep_for(std::chrono::milliseconds(300));
      broker::Response response{.status = request.path == "/no" ? 401 : 200,
                                .content_type = "text/plain"};
      response.body = std::to_string(static_cast<int>(request.method)) + ' ' +
                      std::string(request.path) + ' ' + std::string(request.cookie) + ' ' +
                      std::string(request.authorization) + ' ' +
                      std::string(request.body.begin(), request.body.end());
      if (request.path == "/large") response.body.assign(std::size_t{50} << 20, 'x');
      response.set_cookie = request.path == "/cookie" ? "a=b" : "";
      return response;
    };
    std::string error;
    auto server = HttpServer::Listen(options_, echo, error);
    ASSERT_TRUE(server.ok()) << error;
    server_ = std::move(*server);
    thread_ = std::thread([this] { server_->Serve(); });
  }
  void Stop() {
    if (!thread_.joinable()) return;
    server_->Stop();
    thread_.join();
  }
  std::string Ask(const std::string& request) {
    TcpClient client(server_->port());
    EXPECT_TRUE(client.connected());
    client.Send(request);
    return client.ReadAll();
  }

  HttpOptions options_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
  std::atomic<int> num_requests_ = 0;
};

TEST_F(HttpServerTest, GivesTheHandlerWhatCame) {
  Start();
  EXPECT_THAT(
      Ask("POST /a/b%2f?q=1 HTTP/1.1\r\nHost: x\r\nCookie: c=1\r\nAuthorization: Bearer t\r\n"
          "Content-Length: 5\r\nConnection: close\r\n\r\nhello"),
      HasSubstr("\r\n\r\n1 /a/b%2f c=1 Bearer t hello"));
  for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
    const std::string reply = Ask(
        std::string(method) + " /no HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 401 ")) << method;
    EXPECT_THAT(reply, HasSubstr("Cache-Control: no-store\r\n"));
  }
  EXPECT_THAT(Ask("GET /cookie HTTP/1.1\r\nConnection: close\r\n\r\n"),
              HasSubstr("Set-Cookie: a=b\r\n"));
}

TEST_F(HttpServerTest, SendsAnswersWholeAndPlain) {
  Start();
  const std::string reply =
      Ask("GET /a HTTP/1.1\r\nAccept-Encoding: gzip, br\r\nRange: bytes=1-2\r\n"
          "Connection: close\r\n\r\n");
  EXPECT_THAT(reply, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(reply, HasSubstr("0 /a"));
}

TEST_F(HttpServerTest, TakesChunks) {
  Start();
  EXPECT_THAT(Ask("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                  "Connection: close\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
              HasSubstr("1 /c   hello!"));
}

TEST_F(HttpServerTest, KeepsAConnectionForSomeRequests) {
  Start();
  TcpClient client(server_->port());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(client.Send(kGet));
    EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 200 ")) << i;
  }
  EXPECT_EQ(client.ReadAll(), "");
  EXPECT_EQ(num_requests_, 4);
}

TEST_F(HttpServerTest, EndsAnIdleConnection) {
  Start();
  const auto start = std::chrono::steady_clock::now();
  TcpClient silent(server_->port());
  EXPECT_EQ(silent.ReadAll(), "");
  EXPECT_GE(Seconds(start), 0.3);
  EXPECT_LT(Seconds(start), 5);
}

TEST_F(HttpServerTest, EndsASlowRequest) {
  Start();
  const auto start = std::chrono::steady_clock::now();
  TcpClient slow(server_->port());
  bool open = slow.Send("GET / HTTP/1.1\r\nX: ");
  for (int i = 0; i < 100 && open; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    open = slow.Send("y");
  }
  EXPECT_FALSE(open);
  EXPECT_LT(Seconds(start), 4);
  EXPECT_EQ(num_requests_, 0);
}

TEST_F(HttpServerTest, EndsAnEndlessHead) {
  Start();
  TcpClient endless(server_->port());
  bool open = endless.Send("GET / HTTP/1.1\r\n");
  std::size_t sent = 0;
  for (; open && sent < (std::size_t{64} << 20); sent += 8192) {
    std::string lines;
    while (lines.size() < 8192) lines += "X-Header: y\r\n";
    open = endless.Send(lines);
  }
  EXPECT_FALSE(open);
  EXPECT_EQ(num_requests_, 0);
}

TEST_F(HttpServerTest, RefusesALargeBody) {
  Start();
  EXPECT_THAT(Ask("POST /b HTTP/1.1\r\nContent-Length: 10001\r\nConnection: close\r\n\r\n" +
                  std::string(10001, 'x')),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Ask("POST /b HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\nx"),
              ::testing::Not(StartsWith("HTTP/1.1 200 ")));
  EXPECT_THAT(Ask("POST /b HTTP/1.1\r\nContent-Length: 10000\r\nConnection: close\r\n\r\n" +
                  std::string(10000, 'x')),
              StartsWith("HTTP/1.1 200 "));
  // One that does not say how large it is.
  std::string chunks = "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) chunks += "3e8\r\n" + std::string(1000, 'x') + "\r\n";
  EXPECT_THAT(Ask(chunks + "0\r\n\r\n"), ::testing::Not(HasSubstr(" 200 ")));
  EXPECT_EQ(num_requests_, 1);
}

TEST_F(HttpServerTest, SurvivesGarbage) {
  Start();
  for (const std::string& garbage :
       {std::string("\r\n\r\n"), std::string("GET\r\n\r\n"), std::string(3000, '\0'),
        std::string("GET / HTTP/9.9\r\n\r\n"), std::string("FOO / HTTP/1.1\r\n\r\n"),
        std::string("GET " + std::string(9000, '/') + " HTTP/1.1\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)}) {
    EXPECT_THAT(Ask(garbage), ::testing::Not(HasSubstr(" 200 "))) << garbage.substr(0, 40);
  }
  EXPECT_THAT(Ask("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr("0 /a"));
}

TEST_F(HttpServerTest, RefusesWhatMayEndInTwoPlaces) {
  Start();
  const std::string second = "GET /second HTTP/1.1\r\nConnection: close\r\n\r\n";
  for (const std::string& first : std::vector<std::string>{
           "GET /a HTTP/1.1\r\nContent-Length: " + std::to_string(second.size()),
           "GET /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX: y",
           "OPTIONS /a HTTP/1.1\r\nContent-Length: 7",
           "POST /a HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: " +
               std::to_string(second.size()),
           "POST /a HTTP/1.1\r\nContent-Length: 0\r\nTransfer-Encoding: chunked",
           "POST /a HTTP/1.1\r\nTransfer-Encoding: xchunked",
           "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked, chunked",
           "POST /a HTTP/1.1\r\nContent-Length: +0",
           "POST /a HTTP/1.1\r\nContent-Length: 0x7",
           "POST /a HTTP/1.1\r\nContent-Length : 7",
           "POST /a HTTP/1.1\r\nX: y\r\n Content-Length: 7",
       }) {
    const std::string reply = Ask(first + "\r\n\r\n" + second);
    EXPECT_THAT(reply, StartsWith("HTTP/1.1 400 ")) << first;
    EXPECT_THAT(reply, ::testing::Not(HasSubstr("/second"))) << first;
  }
  EXPECT_EQ(num_requests_, 0);
}

TEST_F(HttpServerTest, ReadsNothingBehindWhatItRefused) {
  Start();
  const std::string second = "GET /second HTTP/1.1\r\nConnection: close\r\n\r\n";
  EXPECT_THAT(Ask("POST /a HTTP/1.1\r\nRange: bytes=x\r\nContent-Length: 9999\r\n\r\n" + second),
              StartsWith("HTTP/1.1 416 "));
  EXPECT_THAT(
      Ask("POST /a HTTP/1.1\r\nContent-Length: 10001\r\n\r\n" + std::string(10001, 'x') + second),
      StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(num_requests_, 0);
}

TEST_F(HttpServerTest, WithoutALengthThereIsNoBody) {
  Start();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Ask("POST /a HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr("1 /a   "));
  EXPECT_LT(Seconds(start), 0.5);
}

// The matcher of regular expressions takes a level of the stack for each character.
TEST_F(HttpServerTest, LongLinesNeedNoLargeDefaultStack) {
  ::pthread_attr_t before;
  ::pthread_attr_t small;
  ASSERT_EQ(::pthread_getattr_default_np(&before), 0);
  ASSERT_EQ(::pthread_attr_init(&small), 0);
  ASSERT_EQ(::pthread_attr_setstacksize(&small, std::size_t{1} << 20), 0);
  ASSERT_EQ(::pthread_setattr_default_np(&small), 0);
  options_.limits.head_bytes = 16384;
  Start();
  const std::string path(8000, 'a');
  EXPECT_THAT(Ask("GET /" + path + " HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr(path));
  EXPECT_THAT(Ask("GET /a HTTP/1.1\r\nConnection: close\r\nRange: bytes=" + std::string(8000, '1') +
                  "-1\r\n\r\n"),
              StartsWith("HTTP/1.1 416 "));
  Stop();
  EXPECT_EQ(::pthread_setattr_default_np(&before), 0);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Leaves the process room for `spare` bytes more.
class LimitedMemory {
 public:
  explicit LimitedMemory(std::size_t spare) {
    std::ifstream pages("/proc/self/statm");
    std::size_t used = 0;
    pages >> used;
    ::getrlimit(RLIMIT_AS, &before_);
    ::rlimit limit = before_;
    limit.rlim_cur = used * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + spare;
    EXPECT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
  }
  LimitedMemory(const LimitedMemory&) = delete;
  LimitedMemory& operator=(const LimitedMemory&) = delete;
  ~LimitedMemory() { ::setrlimit(RLIMIT_AS, &before_); }

 private:
  ::rlimit before_{};
};

TEST_F(HttpServerTest, ServesWithFewerThreadsThanItWants) {
  for (const std::size_t spare : {std::size_t{8} << 20, std::size_t{40} << 20}) {
    Start();
    {
      const LimitedMemory limited(spare);
      std::vector<std::unique_ptr<TcpClient>> silent;
      for (int i = 0; i < 6; ++i) silent.push_back(std::make_unique<TcpClient>(server_->port()));
      EXPECT_THAT(Ask("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr("0 /a"));
    }
    Stop();
  }
}
#endif

TEST_F(HttpServerTest, DropsWhoDoesNotTakeTheAnswer) {
  options_.limits.response_ms = 300;
  Start();
  TcpClient deaf(server_->port());
  ASSERT_TRUE(deaf.Send("GET /large HTTP/1.1\r\n\r\n"));
  std::this_thread::sleep_for(std::chrono::milliseconds(900));
  EXPECT_LT(deaf.ReadAll().size(), std::size_t{50} << 20);
}

TEST_F(HttpServerTest, MoreClientsThanPlacesWait) {
  Start();
  std::vector<std::unique_ptr<TcpClient>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<TcpClient>(server_->port()));
  // All places are taken by clients that say nothing; they go, and the others get theirs.
  EXPECT_THAT(Ask("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"), HasSubstr("0 /a"));
}

TEST_F(HttpServerTest, AnswersManyAtOnce) {
  options_.limits.connections = 64;
  Start();
  std::atomic<int> good = 0;
  std::vector<std::thread> clients;
  for (int i = 0; i < 64; ++i) {
    clients.emplace_back([&] {
      if (Ask("GET /slow HTTP/1.1\r\nConnection: close\r\n\r\n").find("0 /slow") !=
          std::string::npos) {
        ++good;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 64);
}

TEST_F(HttpServerTest, EndsRequestsUnderWayWhenItStops) {
  Start();
  std::string reply;
  std::thread client([&] { reply = Ask("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"); });
  TcpClient idle(server_->port());
  while (num_requests_ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto start = std::chrono::steady_clock::now();
  Stop();
  client.join();
  EXPECT_THAT(reply, HasSubstr("0 /slow"));
  EXPECT_LT(Seconds(start), 3);
  EXPECT_FALSE(TcpClient(server_->port()).connected());
}

TEST_F(HttpServerTest, StopsBeforeItServes) {
  std::string error;
  auto server = HttpServer::Listen(
      options_, [](const broker::Request&) { return broker::Response(); }, error);
  ASSERT_TRUE(server.ok());
  (*server)->Stop();
  EXPECT_TRUE((*server)->Serve());
}

// The descriptor that listens on this port.
int ListenerOf(int port) {
  for (int fd = 3; fd < 1024; ++fd) {
    int listens = 0;
    ::socklen_t size = sizeof(listens);
    ::sockaddr_in address = {};
    ::socklen_t address_size = sizeof(address);
    auto* const generic = static_cast<::sockaddr*>(static_cast<void*>(&address));
    if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0 &&
        ::getsockname(fd, generic, &address_size) == 0 && ::ntohs(address.sin_port) == port) {
      return fd;
    }
  }
  return -1;
}

TEST_F(HttpServerTest, TellsWhenItsSocketFails) {
  std::string error;
  auto server = HttpServer::Listen(
      options_, [](const broker::Request&) { return broker::Response{}; }, error);
  ASSERT_TRUE(server.ok()) << error;
  const int fd = ListenerOf((*server)->port());
  ASSERT_GE(fd, 0);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::dup2(nothing, fd), fd);
  ::close(nothing);
  EXPECT_FALSE((*server)->Serve());
}

TEST_F(HttpServerTest, SaysWhyItDoesNotListen) {
  Start();
  const HttpHandler handler = [](const broker::Request&) { return broker::Response(); };
  std::string error;
  HttpOptions options;
  options.port = server_->port();
  EXPECT_THAT(HttpServer::Listen(options, handler, error),
              IsStatus(Code::kUnavailable, Source::kSystem));
  EXPECT_THAT(error, HasSubstr("cannot listen"));
  options.certificate = "/nowhere";
  EXPECT_THAT(HttpServer::Listen(options, handler, error),
              IsStatus(Code::kInvalidArgument, Source::kCaller));
  options.key = "/nowhere";
  EXPECT_THAT(HttpServer::Listen(options, handler, error),
              IsStatus(Code::kMalformed, Source::kOpenssl));
}

}  // namespace
}  // namespace svsm::tool
