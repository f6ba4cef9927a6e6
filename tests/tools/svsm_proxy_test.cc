// The program svsm-proxy, run as a user runs it, between clients of its socket and a stand-in for a
// key broker.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <linux/vm_sockets.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <deque>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>

#include "svsm/core/wire.h"
#include "svsm/kbs/forward_protocol.h"
#include "svsm/kbs/proxy_refusal.h"
#include "svsm/kbs/proxy_session.h"
#include "svsm/testing/matchers.h"
#include "tests/tools/program.h"

namespace svsm {
namespace {

using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kNonceReply[] = R"({"nonce":"AAECAwQFBgcICQoLDA0ODw==","extra-params":""})";
constexpr char kHello[] = R"({"version":[0,1,0],"tee":"snp"})";
constexpr char kChallenged[] =
    R"({"challenge":"AAECAwQFBgcICQoLDA0ODw==","params":["EcPublicKeyBytes","Challenge"]})";

std::string Frame(const std::string& body) {
  const auto header = wire::ToBytes(wire::Le64(body.size()));
  return std::string(header.begin(), header.end()) + body;
}

std::string Refused(kbs::ProxyRefusal refusal) {
  Bytes<kbs::kMaxRefusalFrameSize> out{};
  const auto frame = EncodeFrame(refusal, out);
  EXPECT_THAT(frame, testing::IsOk());
  return std::string(frame->begin(), frame->end());
}

template <typename Message>
std::string FrameOf(const Message& message) {
  ByteVector out(kbs::kFrameHeaderSize + kbs::kMaxFrameBodySize);
  const auto frame = EncodeFrame(message, out);
  EXPECT_THAT(frame, testing::IsOk());
  return std::string(frame->begin(), frame->end());
}

std::string Forward(kbs::ForwardKind kind, const std::string& path, const std::string& body) {
  return FrameOf(kbs::ForwardRequest{.kind = kind, .path = AsBytes(path), .body = AsBytes(body)});
}

std::string Forwarded(std::uint32_t status, const std::string& body) {
  return FrameOf(kbs::ForwardReply{.status = status, .body = AsBytes(body)});
}

// A broker that answers from a list, and keeps what it was asked.
class Broker {
 public:
  struct Answer {
    int status = 200;
    std::string body = "";
    std::string cookie = "";
    bool hang = false;
  };
  struct Request {
    std::string method;
    std::string path;
    std::string body;
    std::string cookie;
    std::string type;
  };

  explicit Broker(std::unique_ptr<httplib::Server> server = std::make_unique<httplib::Server>())
      : server_(std::move(server)) {
    const auto handler = [this](const httplib::Request& in, httplib::Response& out) {
      Handle(in, out);
    };
    server_->Post(".*", handler);
    server_->Get(".*", handler);
    server_->new_task_queue = [] { return new httplib::ThreadPool(16); };
    server_->set_keep_alive_timeout(1);
    port_ = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) std::this_thread::sleep_for(milliseconds(1));
  }
  ~Broker() {
    Release();
    server_->stop();
    thread_.join();
  }

  int port() const { return port_; }
  void Say(Answer answer) {
    const std::lock_guard lock(mutex_);
    answers_.push_back(std::move(answer));
  }
  // What is answered when the list is empty.
  void Always(Answer answer) {
    const std::lock_guard lock(mutex_);
    always_ = std::move(answer);
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  std::vector<Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void Handle(const httplib::Request& in, httplib::Response& out) {
    std::unique_lock lock(mutex_);
    requests_.push_back({in.method, in.path, in.body, in.get_header_value("Cookie"),
                         in.get_header_value("Content-Type")});
    Answer answer = always_;
    if (!answers_.empty()) {
      answer = answers_.front();
      answers_.pop_front();
    }
    if (answer.hang) changed_.wait(lock, [this] { return released_; });
    out.status = answer.status;
    if (!answer.cookie.empty()) out.set_header("Set-Cookie", answer.cookie);
    out.set_content(answer.body, "application/json");
  }

  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Answer> answers_;
  Answer always_;
  std::vector<Request> requests_;
  bool released_ = false;
};

// A client of the proxy's socket.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  Connection(Connection&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~Connection() { Close(); }

  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  Connection& Send(const std::string& bytes) {
    (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return *this;
  }
  // All until `size` bytes are there, or the end.
  std::string Read(std::size_t size) {
    std::string in;
    char buffer[4096];
    while (in.size() < size) {
      pollfd waiting = {fd_, POLLIN, 0};
      if (::poll(&waiting, 1, 20000) != 1) return in + "(timed out)";
      const ssize_t got = ::recv(fd_, buffer, std::min(sizeof(buffer), size - in.size()), 0);
      if (got <= 0) return in;
      in.append(buffer, static_cast<std::size_t>(got));
    }
    return in;
  }
  std::string ReadFrame() {
    const std::string header = Read(8);
    if (header.size() != 8) return header;
    const auto size = wire::Read<wire::Le64>(AsBytes(header));
    return header + Read(static_cast<std::size_t>(size->get()));
  }
  std::string ReadAll() { return Read(1 << 20); }

 private:
  int fd_;
};

class SvsmProxyTest : public testing::ProgramTest {
 protected:
  ~SvsmProxyTest() override { Stop(); }

  std::string Socket() const { return Path("proxy.sock"); }

  void Launch(std::vector<std::string> arguments) {
    std::vector<std::string> words = {std::string(SVSM_BIN_DIR) + "/svsm-proxy"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log = Path("log");
    child_ = ::fork();
    if (child_ != 0) return;
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || ::dup2(file, 2) < 0) ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  void Start(const std::string& url, std::vector<std::string> more = {}) {
    std::filesystem::remove(Path("log"));
    more.insert(more.end(), {"--unix", Socket(), "--url", url});
    Launch(more);
    EXPECT_TRUE(IsListening()) << Log();
  }
  bool IsListening() const {
    for (int i = 0; i < 1000; ++i) {
      const std::string log = Log();
      if (log.find("svsm-proxy: listening\n") != std::string::npos) return true;
      if (log.find('\n') != std::string::npos) return false;
      std::this_thread::sleep_for(milliseconds(10));
    }
    return false;
  }
  void Start(const Broker& broker, std::vector<std::string> more = {}) {
    Start("http://127.0.0.1:" + std::to_string(broker.port()), std::move(more));
  }
  // The exit code.
  int Stop(int signal = SIGTERM) {
    if (child_ <= 0) return -1;
    ::kill(child_, signal);
    int status = 0;
    const pid_t child = std::exchange(child_, -1);
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string Log() const {
    const Result<ByteVector> bytes = ReadFile(Path("log"));
    return bytes.ok() ? std::string(bytes->begin(), bytes->end()) : std::string();
  }
  void ExpectLogged(const std::string& what) const {
    for (int i = 0; i < 500 && Log().find(what) == std::string::npos; ++i) {
      std::this_thread::sleep_for(milliseconds(10));
    }
    EXPECT_THAT(Log(), HasSubstr(what));
  }
  Connection Connect() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, Socket().c_str(), sizeof(address.sun_path) - 1);
    const void* generic = &address;
    EXPECT_EQ(::connect(fd, static_cast<const sockaddr*>(generic), sizeof(address)), 0);
    return Connection(fd);
  }
  // A client that is served to the challenge.
  void ExpectServed() { EXPECT_EQ(Connect().Send(Frame(kHello)).ReadFrame(), Frame(kChallenged)); }

  // The same, once those before it are gone.
  void ExpectServedSoon() {
    for (int i = 0; i < 500; ++i) {
      if (Connect().Send(Frame(kHello)).ReadFrame() == Frame(kChallenged)) return;
      std::this_thread::sleep_for(milliseconds(10));
    }
    ADD_FAILURE() << "no client was served again";
  }

  pid_t child_ = -1;
};

TEST_F(SvsmProxyTest, RecordedBootsAreAlikeOnBothSides) {
  const char* folder = std::getenv("SVSM_VECTORS_DIR");
  const auto text =
      ReadFile(std::string(folder == nullptr ? "" : folder) + "/kbs/aproxy/ok-two-boots.json");
  if (!text.ok()) GTEST_SKIP() << "SVSM_VECTORS_DIR has no kbs";
  const nlohmann::json recorded = nlohmann::json::parse(text->begin(), text->end());
  Broker broker;
  for (const nlohmann::json& exchange : recorded.at("http")) {
    const nlohmann::json& response = exchange.at("response");
    broker.Say({.status = response.at("status").get<int>(),
                .body = response.at("body").get<std::string>(),
                .cookie = response.at("headers").value("set-cookie", "")});
  }
  Start(broker);
  for (const nlohmann::json& boot : recorded.at("frames")) {
    Connection client = Connect();
    for (const nlohmann::json& frame : boot) {
      const std::string bytes = Frame(frame.at("json").get<std::string>());
      if (frame.at("from") == "svsm") {
        client.Send(bytes);
      } else {
        EXPECT_EQ(client.ReadFrame(), bytes);
      }
    }
    EXPECT_EQ(client.ReadAll(), "");
  }
  const std::vector<Broker::Request> requests = broker.requests();
  ASSERT_EQ(requests.size(), recorded.at("http").size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const nlohmann::json& request = recorded.at("http")[i].at("request");
    EXPECT_EQ(requests[i].method, request.at("method"));
    EXPECT_EQ(requests[i].path, request.at("path"));
    EXPECT_EQ(requests[i].body, request.value("body", ""));
    EXPECT_EQ(requests[i].cookie, request.at("headers").value("cookie", ""));
    EXPECT_EQ(requests[i].type, request.at("headers").value("content-type", ""));
  }
}

TEST_F(SvsmProxyTest, ForwardsWithoutLooking) {
  Broker broker;
  broker.Say({.body = "one", .cookie = "kbs-session-id=s; Path=/"});
  broker.Say({.status = 401, .body = "two"});
  broker.Say({.body = std::string(kbs::kMaxForwardBodySize + 1, 'x')});
  broker.Say({.body = std::string(kbs::kMaxHttpReplySize + 1, 'x')});
  broker.Say({.status = 302, .body = "moved"});
  Start(broker);
  Connection client = Connect();
  EXPECT_EQ(client.Send(Forward(kbs::ForwardKind::kAuth, "", "a")).ReadFrame(),
            Forwarded(200, "one"));
  EXPECT_EQ(client.Send(Forward(kbs::ForwardKind::kAttest, "", "b")).ReadFrame(),
            Forwarded(401, "two"));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(client.Send(Forward(kbs::ForwardKind::kResource, "x/y/z", "")).ReadFrame(),
              Forwarded(4, ""));
  }
  EXPECT_EQ(client.Send(Forward(kbs::ForwardKind::kLedger, "", "c")).ReadFrame(),
            Forwarded(302, "moved"));
  EXPECT_EQ(client.Send(Frame(R"({"forward":{"kind":"x"}})")).ReadFrame(), Forwarded(1, ""));
  const std::vector<Broker::Request> requests = broker.requests();
  ASSERT_EQ(requests.size(), 5u);
  EXPECT_EQ(requests[0].cookie, "");
  EXPECT_EQ(requests[1].cookie, "kbs-session-id=s");
  EXPECT_EQ(requests[1].body, "b");
  EXPECT_EQ(requests[2].path, "/kbs/v0/resource/x/y/z");
  EXPECT_EQ(requests[4].path, "/ledger/v1");
  // Another client has cookies of its own.
  Connect().Send(Forward(kbs::ForwardKind::kAuth, "", "a")).ReadFrame();
  EXPECT_EQ(broker.requests().back().cookie, "");
}

TEST_F(SvsmProxyTest, EachBadClientHasAnAnswerAndTheNextIsServed) {
  Broker broker;
  broker.Always({.body = kNonceReply});
  Start(broker);
  const struct {
    std::string sent;
    kbs::ProxyRefusal refusal;
  } kCases[] = {
      {Frame("garbage"), kbs::ProxyRefusal::kMalformed},
      {Frame(R"({"version":[0,9,0],"tee":"snp"})"), kbs::ProxyRefusal::kVersion},
      {std::string(8, '\0'), kbs::ProxyRefusal::kMalformed},
      {std::string(8, '\xff') + std::string(100000, 'x'), kbs::ProxyRefusal::kMalformed},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(Connect().Send(c.sent).ReadAll(), Refused(c.refusal));
    ExpectServed();
  }
  Connect().Close();
  Connect().Send("\x10").Close();
  Connect().Send(Frame(kHello)).Close();
  ExpectServed();
  ExpectLogged("refused: version");
  ExpectLogged("gone in the middle of a frame");
}

TEST_F(SvsmProxyTest, SurvivesNoise) {
  Broker broker;
  broker.Always({.body = kNonceReply});
  Start(broker, {"--frame-timeout", "1"});
  std::mt19937 random(5489u);
  for (int i = 0; i < 300; ++i) {
    std::string noise(random() % 200, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    const bool framed = i % 2 == 0;
    Connect().Send(framed ? Frame(noise) : noise).Close();
  }
  ExpectServedSoon();
  EXPECT_EQ(Stop(), 0);
}

TEST_F(SvsmProxyTest, NoClientWaitsForAnother) {
  Broker broker;
  broker.Say({.hang = true});
  broker.Always({.body = kNonceReply});
  Start(broker, {"--max-clients-per-peer", "30"});
  Connection hanging = Connect();
  hanging.Send(Frame(kHello));
  for (int i = 0; i < 500 && broker.requests().empty(); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  std::vector<Connection> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(Connect());
  const Clock::time_point begin = Clock::now();
  ExpectServed();
  EXPECT_LT(Clock::now() - begin, seconds(5));
  for (Connection& client : idle) {
    EXPECT_EQ(client.Send(Frame(kHello)).ReadFrame(), Frame(kChallenged));
  }
  // And it ends at once, whoever waits.
  EXPECT_EQ(Stop(), 0);
  EXPECT_LT(Clock::now() - begin, seconds(15));
}

TEST_F(SvsmProxyTest, ADeadOrSilentBrokerIsTold) {
  int free_port = 0;
  {
    Broker gone;
    free_port = gone.port();
  }
  Start("http://127.0.0.1:" + std::to_string(free_port));
  EXPECT_EQ(Connect().Send(Frame(kHello)).ReadAll(), Refused(kbs::ProxyRefusal::kUnreachable));
  EXPECT_EQ(Connect().Send(Forward(kbs::ForwardKind::kAuth, "", "")).ReadFrame(), Forwarded(2, ""));
  Stop();
  Broker broker;
  broker.Always({.hang = true});
  Start(broker, {"--broker-timeout", "1"});
  EXPECT_EQ(Connect().Send(Frame(kHello)).ReadAll(), Refused(kbs::ProxyRefusal::kTimeout));
  EXPECT_EQ(Connect().Send(Forward(kbs::ForwardKind::kAuth, "", "")).ReadFrame(), Forwarded(3, ""));
}

TEST_F(SvsmProxyTest, WhatTheBrokerSaysIsLogged) {
  Broker broker;
  broker.Always({.status = 401,
                 .body = R"({"type":"https://github.com/confidential-containers/kbs/errors/)"
                         R"(AttestationError","detail":"expect =0.4.0 \u001b[31m"})"});
  Start(broker);
  EXPECT_EQ(Connect().Send(Frame(kHello)).ReadAll(), Refused(kbs::ProxyRefusal::kAuth));
  EXPECT_THAT(Log(),
              HasSubstr("/kbs/v0/auth: status 401, AttestationError: expect =0.4.0 ?[31m\n"));
}

TEST_F(SvsmProxyTest, SlowClientsAreEnded) {
  Broker broker;
  broker.Always({.body = kNonceReply});
  Start(broker, {"--frame-timeout", "1", "--idle-timeout", "2", "--forward-idle-timeout", "2"});
  // Byte by byte, but in time.
  Connection bytewise = Connect();
  for (const char c : Frame(kHello)) bytewise.Send(std::string(1, c));
  EXPECT_EQ(bytewise.ReadFrame(), Frame(kChallenged));
  Connection half = Connect();
  half.Send(Frame(kHello).substr(0, 12));
  Connection silent = Connect();
  Connection forwarding = Connect();
  EXPECT_EQ(forwarding.Send(Forward(kbs::ForwardKind::kAuth, "", "")).ReadFrame(),
            Forwarded(200, kNonceReply));
  EXPECT_EQ(half.ReadAll(), Refused(kbs::ProxyRefusal::kIdle));
  EXPECT_EQ(silent.ReadAll(), Refused(kbs::ProxyRefusal::kIdle));
  EXPECT_EQ(bytewise.ReadAll(), Refused(kbs::ProxyRefusal::kIdle));
  EXPECT_EQ(forwarding.ReadAll(), "");
}

TEST_F(SvsmProxyTest, TooManyClientsAreTold) {
  Broker broker;
  broker.Always({.body = kNonceReply});
  Start(broker, {"--max-clients", "2"});
  Connection first = Connect();
  Connection second = Connect();
  EXPECT_EQ(first.Send(Frame(kHello)).ReadFrame(), Frame(kChallenged));
  EXPECT_EQ(second.Send(Frame(kHello)).ReadFrame(), Frame(kChallenged));
  EXPECT_EQ(Connect().ReadAll(), Refused(kbs::ProxyRefusal::kBusy));
  first.Close();
  ExpectServedSoon();
}

// Two processes: the one of this test, and one that holds its connection.
TEST_F(SvsmProxyTest, NoPeerTakesTheRoomOfAnother) {
  Broker broker;
  broker.Always({.body = kNonceReply});
  Start(broker, {"--max-clients-per-peer", "2"});
  std::vector<Connection> mine;
  for (int i = 0; i < 2; ++i) {
    mine.push_back(Connect());
    EXPECT_EQ(mine.back().Send(Frame(kHello)).ReadFrame(), Frame(kChallenged));
  }
  EXPECT_EQ(Connect().ReadAll(), Refused(kbs::ProxyRefusal::kBusy));
  const pid_t other = ::fork();
  if (other == 0) {
    const std::string in = Connect().Send(Frame(kHello)).ReadFrame();
    ::_exit(in == Frame(kChallenged) ? 0 : 1);
  }
  int status = 1;
  EXPECT_EQ(::waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0);
}

TEST_F(SvsmProxyTest, TheSocketFileComesAndGoes) {
  Broker broker;
  Start(broker);
  EXPECT_TRUE(std::filesystem::is_socket(Socket()));
  const std::vector<std::string> same = {"--unix", Socket(), "--url", "http://127.0.0.1:1"};
  const testing::ProgramRun run = Run("svsm-proxy", same);
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("it is there already (--force replaces it)"));
  EXPECT_EQ(Stop(SIGINT), 0);
  EXPECT_FALSE(std::filesystem::exists(Socket()));

  // One that was killed leaves its file behind.
  Start(broker);
  EXPECT_EQ(Stop(SIGKILL), 128 + SIGKILL);
  EXPECT_TRUE(std::filesystem::exists(Socket()));
  Start(broker, {"--force"});
  Connect();
  // What another has put in its place stays.
  std::filesystem::remove(Socket());
  Put("proxy.sock", AsBytes("not a socket"));
  EXPECT_EQ(Stop(), 0);
  EXPECT_TRUE(std::filesystem::exists(Socket()));
  const testing::ProgramRun file =
      Run("svsm-proxy", {"--force", "--unix", Socket(), "--url", "http://127.0.0.1:1"});
  EXPECT_EQ(file.exit_code, 1);
  EXPECT_THAT(file.err, HasSubstr("no socket"));
}

TEST_F(SvsmProxyTest, TrustsTheRootsThatItWasGiven) {
  const std::string command =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=t "
      "-addext subjectAltName=IP:127.0.0.1 -keyout " +
      Path("key.pem") + " -out " + Path("ca.pem") + " 2>/dev/null";
  if (std::system(command.c_str()) != 0) GTEST_SKIP() << "no openssl to make a certificate";
  Broker broker(
      std::make_unique<httplib::SSLServer>(Path("ca.pem").c_str(), Path("key.pem").c_str()));
  broker.Always({.body = kNonceReply});
  const std::string url = "https://127.0.0.1:" + std::to_string(broker.port()) + "/";
  Start(url, {"--cacert", Path("ca.pem")});
  ExpectServed();
  EXPECT_EQ(broker.requests().back().path, "/kbs/v0/auth");
  Stop();
  Start(url);
  EXPECT_EQ(Connect().Send(Frame(kHello)).ReadAll(), Refused(kbs::ProxyRefusal::kUnreachable));
}

TEST_F(SvsmProxyTest, RefusesOptionsThatItDoesNotKnow) {
  const struct {
    std::vector<std::string> arguments;
    const char* says;
  } kCases[] = {
      {{"--url", "http://h"}, "--unix or --vsock"},
      {{"--unix", "s"}, "--url is required"},
      {{"--unix", "s", "--vsock", "--url", "http://h"}, "excludes"},
      {{"--unix", "s", "--url", "ftp://h"}, "neither http nor https"},
      {{"--unix", "s", "--url", "nourl"}, "no URL"},
      {{"--unix", "s", "--url", "http://h/?a=b"}, "no query"},
      {{"--unix", "s", "--url", "http://h", "--protocol", "x"}, "--protocol"},
      {{"--unix", "s", "--url", "http://h", "--resource", "../x"}, "repository/type/tag"},
      {{"--unix", "s", "--url", "http://h", "--cacert", "nowhere"}, "--cacert"},
      {{"--vsock", "x", "--url", "http://h"}, "no port"},
      {{"--vsock", "--force", "--url", "http://h"}, "--force"},
  };
  for (const auto& c : kCases) {
    const testing::ProgramRun run = Run("svsm-proxy", c.arguments);
    EXPECT_EQ(run.exit_code, 2) << c.says;
    EXPECT_THAT(run.err, HasSubstr(c.says));
  }
  EXPECT_EQ(Run("svsm-proxy", {"--help"}).exit_code, 0);
  EXPECT_THAT(Run("svsm-proxy", {"--unix", std::string(200, 'a'), "--url", "http://h"}).err,
              HasSubstr("characters"));
}

TEST_F(SvsmProxyTest, ServesVsock) {
  const int fd = ::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) GTEST_SKIP() << "no vsock here";
  Connection client(fd);
  Broker broker;
  broker.Always({.body = kNonceReply});
  constexpr std::uint32_t kPort = 47119;
  Launch({"--vsock", std::to_string(kPort), "--url",
          "http://127.0.0.1:" + std::to_string(broker.port())});
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = VMADDR_CID_LOCAL;
  address.svm_port = kPort;
  const void* generic = &address;
  if (!IsListening()) GTEST_SKIP() << Log();
  if (::connect(fd, static_cast<const sockaddr*>(generic), sizeof(address)) == 0) {
    EXPECT_EQ(client.Send(Frame(kHello)).ReadFrame(), Frame(kChallenged));
    return;
  }
  GTEST_SKIP() << "vsock has no loopback here";
}

}  // namespace
}  // namespace svsm
