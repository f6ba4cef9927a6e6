// Covers: svsm/vtpm/socket_server.h
#include "svsm/vtpm/socket_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "svsm/testing/matchers.h"
#include "tests/vtpm/sockets/fake_engine.h"

namespace svsm::vtpm {
namespace {

using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;

constexpr char kStartup[] = "80010000000c000001440000";
constexpr char kNoPower[] = "80010000000a00000101";
constexpr char kInit[] = "0000000200000000";

// A client that gives up after ten seconds.
class Client {
 public:
  explicit Client(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    Connect(&address, sizeof(address));
  }
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Connect(&address, sizeof(address));
  }
  explicit Client(Socket socket) : socket_(std::move(socket)) {}

  void Send(const std::string& hex) {
    const ByteVector bytes = *FromHex(hex);
    EXPECT_EQ(::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Send() to a server that may have closed.
  bool SendIfItCan(const std::string& hex) {
    const ByteVector bytes = *FromHex(hex);
    return ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  void SendWithDescriptor(const std::string& hex, int descriptor) {
    ByteVector bytes = *FromHex(hex);
    iovec io{bytes.data(), bytes.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &io;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof(control);
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &descriptor, sizeof(int));
    EXPECT_EQ(::sendmsg(socket_.fd(), &message, MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // What one read gives; "" when the server has closed, "silence" after ten seconds.
  std::string Receive() {
    ByteVector bytes(65536);
    const ssize_t got = ::recv(socket_.fd(), bytes.data(), bytes.size(), 0);
    if (got < 0) return errno == EAGAIN ? "silence" : "";
    return ToHex(ByteView(bytes).first(static_cast<std::size_t>(got)));
  }
  std::string Ask(const std::string& hex) {
    Send(hex);
    return Receive();
  }

 private:
  void Connect(const void* address, socklen_t size) {
    const timeval timeout{10, 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    EXPECT_EQ(::connect(socket_.fd(), static_cast<const sockaddr*>(address), size), 0);
  }
  Socket socket_;
};

class SocketServerTest : public ::testing::Test {
 protected:
  SocketServerTest()
      : folder_(::testing::TempDir() + "svsm_sockets_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~SocketServerTest() override {
    Stop();
    std::filesystem::remove_all(folder_);
  }
  std::string Data() const { return folder_ + "/data"; }
  std::string Control() const { return folder_ + "/control"; }

  void Start(SocketServerOptions options = {}) {
    StartOn(*ListenUnix(Data(), 0600), *ListenUnix(Control(), 0600), options);
  }
  void StartOn(Socket data, Socket control, SocketServerOptions options = {}) {
    server_.emplace(engine_, std::move(data), std::move(control), options);
    thread_ = std::thread([this] { run_status_ = server_->Run(); });
  }
  void Stop() {
    if (server_) server_->Stop();
    Join();
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  const std::string folder_;
  FakeEngine engine_;
  std::optional<SocketServer> server_;
  std::thread thread_;
  Status run_status_;
};

TEST_F(SocketServerTest, AnswersBeforeInitAndAfter) {
  Start();
  Client data(Data());
  EXPECT_EQ(data.Ask(kStartup), kNoPower);
  Client control(Control());
  EXPECT_EQ(control.Ask(kInit), "00000000");
  EXPECT_EQ(data.Ask(kStartup), "00010000000c000001440000");
}

TEST_F(SocketServerTest, ServesOneConnectionACommandAndEmptyOnes) {
  engine_.on = true;
  Start();
  for (int i = 0; i < 20; ++i) {
    { const Client empty(Data()); }
    EXPECT_EQ(Client(Data()).Ask(kStartup), "00010000000c000001440000");
    EXPECT_EQ(Client(Control()).Ask("0000000500"), "00000000");
  }
}

TEST_F(SocketServerTest, TheLocalityOutlivesConnections) {
  engine_.on = true;
  Start();
  EXPECT_EQ(Client(Control()).Ask("0000000503"), "00000000");
  EXPECT_EQ(Client(Data()).Ask(kStartup).substr(0, 2), "03");
  EXPECT_EQ(Client(Data()).Ask("00000008020000000c" + std::string(kStartup)),
            "0000000c02010000000c00000144000000000000");
  EXPECT_EQ(Client(Data()).Ask(kStartup).substr(0, 2), "02");
}

TEST_F(SocketServerTest, RefusesABadSizeAndCloses) {
  engine_.on = true;
  Start();
  Client client(Data());
  EXPECT_EQ(client.Ask("80010000ffff00000144"), "80010000000a00000142");
  EXPECT_EQ(client.Receive(), "");
  EXPECT_EQ(Client(Data()).Ask(kStartup), "00010000000c000001440000");
}

TEST_F(SocketServerTest, AClientThatGoesInTheMiddleDisturbsNobody) {
  engine_.on = true;
  Start();
  Client(Data()).Send("8001");
  Client(Control()).Send("0000");
  EXPECT_EQ(Client(Data()).Ask(kStartup), "00010000000c000001440000");
  EXPECT_EQ(Client(Control()).Ask("00000001"), "000000000000ffff");
}

TEST_F(SocketServerTest, CutsOffASlowClientButNotAnIdleOne) {
  engine_.on = true;
  SocketServerOptions options;
  options.slow_client_timeout_ms = 30;
  Start(options);
  Client client(Data());
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(client.Ask(kStartup), "00010000000c000001440000");
  client.Send("8001");
  EXPECT_EQ(client.Receive(), "");
  Client control(Control());
  control.Send("0000");
  EXPECT_EQ(control.Receive(), "");
}

TEST_F(SocketServerTest, ASlowSenderHoldsNobodyByDribbling) {
  engine_.on = true;
  SocketServerOptions options;
  options.slow_client_timeout_ms = 100;
  Start(options);
  Client slow(Data());
  Client next(Data());
  next.Send(kStartup);
  // Never silent for as long as the limit, but over it in all.
  for (int i = 0; i < 6; ++i) {
    slow.SendIfItCan("80");
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
  }
  EXPECT_EQ(slow.Receive(), "");
  EXPECT_EQ(next.Receive(), "00010000000c000001440000");
}

TEST_F(SocketServerTest, ALocalityThatIsNoneIsRefusedAndNotKept) {
  engine_.on = true;
  Start();
  EXPECT_EQ(Client(Data()).Ask("00000008050000000c" + std::string(kStartup)),
            "0000000a80010000000a0000010700000000");
  EXPECT_EQ(Client(Data()).Ask(kStartup), "00010000000c000001440000");
}

TEST_F(SocketServerTest, SaysThatAPayloadIsTooShortAndCloses) {
  Start();
  Client control(Control());
  EXPECT_EQ(control.Ask("000000020000"), "00000003");
  EXPECT_EQ(control.Receive(), "");
  EXPECT_EQ(Client(Control()).Ask(kInit), "00000000");
}

TEST_F(SocketServerTest, WhatFollowsAHugePayloadIsNoRequest) {
  Start();
  Client control(Control());
  control.Send("0000000d0000000100000001ffffffff");
  EXPECT_EQ(control.Receive(), "00000003");
  control.SendIfItCan("00000003");
  EXPECT_EQ(control.Receive(), "");
  EXPECT_EQ(Client(Control()).Ask(kInit), "00000000");
}

TEST_F(SocketServerTest, HashesDataOfAnyLength) {
  engine_.on = true;
  Start();
  constexpr std::size_t kSize = 3u << 20;
  Client control(Control());
  EXPECT_EQ(control.Ask("0000000700300000" + std::string(2 * kSize, '5')), "00000000");
  EXPECT_EQ(control.Ask("00000008"), "00000000");
  Stop();
  std::size_t hashed = 0;
  for (const char c : engine_.log) hashed += c == '5' ? 1 : 0;
  EXPECT_EQ(hashed, 2 * kSize);
}

TEST_F(SocketServerTest, EndsAHashThatCannotBe) {
  Start();
  Client control(Control());
  control.SendIfItCan("00000007ffffffff" + std::string(std::size_t{1} << 18, '5'));
  EXPECT_EQ(control.Receive(), "0000000a");  // there is no power
  EXPECT_EQ(control.Receive(), "");
  EXPECT_EQ(Client(Control()).Ask(kInit), "00000000");
}

TEST_F(SocketServerTest, CancelReachesARunningCommand) {
  engine_.on = true;
  Start();
  Client data(Data());
  data.Send("80010000000a000000ca");
  while (!engine_.running) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(Client(Control()).Ask("00000009"), "00000000");
  EXPECT_EQ(data.Receive(), "00010000000a000000ca");
}

TEST_F(SocketServerTest, ShutdownEndsTheServer) {
  Start();
  Client data(Data());
  EXPECT_EQ(data.Ask(kStartup), kNoPower);
  EXPECT_EQ(Client(Control()).Ask("00000003"), "00000000");
  Join();
  EXPECT_THAT(run_status_, IsOk());
  EXPECT_EQ(data.Receive(), "");
  EXPECT_THAT(server_->Run(), IsStatus(Code::kFailedPrecondition, Source::kVtpm));
}

TEST_F(SocketServerTest, EndsWithItsClientIfToldSo) {
  SocketServerOptions options;
  options.end_with_client = true;
  Start(options);
  { const Client empty(Data()); }
  EXPECT_EQ(Client(Data()).Ask(kStartup), kNoPower);
  Join();
  EXPECT_THAT(run_status_, IsOk());
}

TEST_F(SocketServerTest, TakesADataConnectionOverTheControlChannel) {
  engine_.on = true;
  StartOn(Socket(), *ListenUnix(Control(), 0600));
  Client control(Control());
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  control.SendWithDescriptor("00000010", pair[0]);
  ::close(pair[0]);
  Client data{Socket(pair[1])};
  EXPECT_EQ(control.Receive(), "00000000");
  EXPECT_EQ(data.Ask(kStartup), "00010000000c000001440000");
  // A second one is refused while the first is there.
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  control.SendWithDescriptor("00000010", pair[0]);
  ::close(pair[0]);
  ::close(pair[1]);
  EXPECT_EQ(control.Receive(), "0000000a");
  EXPECT_EQ(control.Ask("00000010"), "00000003");
}

// What comes there are a guest's bytes, and a guest is where the control channel says.
TEST_F(SocketServerTest, AGuestDoesNotChooseItsLocality) {
  engine_.on = true;
  StartOn(Socket(), *ListenUnix(Control(), 0600));
  Client control(Control());
  EXPECT_EQ(control.Ask("0000000500"), "00000000");
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  control.SendWithDescriptor("00000010", pair[0]);
  ::close(pair[0]);
  Client data{Socket(pair[1])};
  EXPECT_EQ(control.Receive(), "00000000");
  ASSERT_EQ(data.Ask("00000008040000000c" + std::string(kStartup)), "80010000000a00000142");
  EXPECT_EQ(data.Receive(), "");
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  // The server may still be about to see that the last one is gone.
  std::string taken;
  for (int i = 0; i < 1000 && taken != "00000000"; ++i) {
    control.SendWithDescriptor("00000010", pair[0]);
    taken = control.Receive();
  }
  ::close(pair[0]);
  EXPECT_EQ(Client{Socket(pair[1])}.Ask(kStartup), "00010000000c000001440000");
}

TEST_F(SocketServerTest, ServesInheritedConnections) {
  engine_.on = true;
  int data_pair[2];
  int control_pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, data_pair), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, control_pair), 0);
  StartOn(Socket(data_pair[0]), Socket(control_pair[0]));
  Client data{Socket(data_pair[1])};
  Client control{Socket(control_pair[1])};
  EXPECT_EQ(data.Ask(kStartup), "00010000000c000001440000");
  EXPECT_EQ(control.Ask("00000003"), "00000000");
  Join();
  EXPECT_THAT(run_status_, IsOk());
}

TEST_F(SocketServerTest, ServesTcp) {
  engine_.on = true;
  Socket data = *ListenTcp("127.0.0.1", 0);
  Socket control = *ListenTcp("127.0.0.1", 0);
  const std::uint16_t data_port = *BoundPort(data);
  const std::uint16_t control_port = *BoundPort(control);
  EXPECT_THAT(ListenTcp("127.0.0.1", data_port),
              IsStatus(Code::kAlreadyExists, Source::kVtpm, EADDRINUSE));
  StartOn(std::move(data), std::move(control));
  Client client(data_port);
  EXPECT_EQ(client.Ask(kStartup), "00010000000c000001440000");
  EXPECT_EQ(Client(control_port).Ask("00000001"), "000000000000ffff");
}

TEST_F(SocketServerTest, ListenSaysWhenItMayNot) {
  std::filesystem::permissions(folder_, std::filesystem::perms(0555));
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  const Result<Socket> socket = ListenUnix(Data(), 0600);
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  std::filesystem::permissions(folder_, std::filesystem::perms(0700));
  EXPECT_THAT(socket, IsStatus(Code::kPermissionDenied, Source::kVtpm, EACCES));
}

TEST_F(SocketServerTest, EndsAlsoWhileAClientReadsNoReplies) {
  engine_.on = true;
  SocketServerOptions options;
  options.slow_client_timeout_ms = 100;
  Start(options);
  Client client(Data());
  // More than the socket's buffers hold, so that the server's writes come to a halt.
  for (int i = 0; i < 100000 && client.SendIfItCan("80010000000c000001440000"); ++i) {
  }
  EXPECT_EQ(Client(Data()).Ask(kStartup), "00010000000c000001440000");
}

// Adds the simulator's two ports to a server that is yet to be started.
class SocketServerMssimTest : public SocketServerTest {
 protected:
  void StartMssim(SocketServerOptions options = {}) {
    Socket command = *ListenTcp("127.0.0.1", 0);
    Socket platform = *ListenTcp("127.0.0.1", 0);
    command_port_ = *BoundPort(command);
    platform_port_ = *BoundPort(platform);
    server_.emplace(engine_, *ListenUnix(Data(), 0600), *ListenUnix(Control(), 0600), options);
    server_->ServeMssim(std::move(command), std::move(platform));
    thread_ = std::thread([this] { run_status_ = server_->Run(); });
  }
  std::uint16_t command_port_ = 0;
  std::uint16_t platform_port_ = 0;
};

constexpr char kMssimStartup[] = "00000008000000000c80010000000c000001440000";
constexpr char kMssimStarted[] = "0000000c00010000000c00000144000000000000";

TEST_F(SocketServerMssimTest, ServesSeveralClientsAtOnce) {
  StartMssim();
  Client command(command_port_);
  Client platform(platform_port_);
  EXPECT_EQ(command.Ask(kMssimStartup), "0000000a80010000000a0000010100000000");
  EXPECT_EQ(platform.Ask("00000001"), "00000000");
  Client second_command(command_port_);
  Client second_platform(platform_port_);
  EXPECT_EQ(second_platform.Ask("00000001"), "00000000");
  EXPECT_EQ(second_command.Ask(kMssimStartup), kMssimStarted);
  EXPECT_EQ(command.Ask(kMssimStartup), kMssimStarted);
  // It is the TPM of the other two sockets.
  EXPECT_EQ(Client(Data()).Ask(kStartup), "00010000000c000001440000");
  EXPECT_EQ(Client(Control()).Ask("0000000e"), "00000000");
  EXPECT_EQ(command.Ask(kMssimStartup), "0000000a80010000000a0000010100000000");
  EXPECT_EQ(engine_.log, "on off ");
}

TEST_F(SocketServerMssimTest, ClientsMayComeAndGoInTheMiddleOfAnything) {
  engine_.on = true;
  StartMssim();
  for (int i = 0; i < 100; ++i) {
    Client(command_port_).Send("0000");
    Client(platform_port_).Send("00");
    EXPECT_EQ(Client(command_port_).Ask(kMssimStartup), kMssimStarted);
  }
  Client ends(command_port_);
  EXPECT_EQ(ends.Ask("00000014"), "");
  Client unknown(platform_port_);
  EXPECT_EQ(unknown.Ask("000000ff"), "00000001");
  EXPECT_EQ(unknown.Receive(), "");
}

TEST_F(SocketServerMssimTest, CutsOffASlowClientButNotAnIdleOne) {
  engine_.on = true;
  SocketServerOptions options;
  options.slow_client_timeout_ms = 30;
  StartMssim(options);
  Client client(command_port_);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(client.Ask(kMssimStartup), kMssimStarted);
  client.Send("00000008");
  EXPECT_EQ(client.Receive(), "");
}

TEST_F(SocketServerMssimTest, CancelReachesARunningCommand) {
  engine_.on = true;
  StartMssim();
  Client command(command_port_);
  command.Send("00000008000000000a80010000000a000000ca");
  while (!engine_.running) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(Client(platform_port_).Ask("00000009"), "00000000");
  EXPECT_EQ(command.Receive(), "0000000a00010000000a000000ca00000000");
}

TEST_F(SocketServerMssimTest, AHeadAndABodySentApartDoNotWaitForEachOther) {
  engine_.on = true;
  StartMssim();
  Client client(command_port_);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    client.Send("00000008000000000c");
    client.Send("80010000000c000001440000");
    EXPECT_EQ(client.Receive(), kMssimStarted);
  }
  // With delayed acknowledgements each round takes 40 ms.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1000));
}

TEST_F(SocketServerMssimTest, StopEndsTheServer) {
  StartMssim();
  Client idle(command_port_);
  Client(platform_port_).Send("00000015");
  Join();
  EXPECT_THAT(run_status_, IsOk());
  EXPECT_EQ(idle.Receive(), "");
}

TEST_F(SocketServerTest, ListenUnixReplacesOnlyDeadSockets) {
  { const Socket dead = *ListenUnix(Data(), 0600); }
  EXPECT_TRUE(std::filesystem::exists(Data()));
  const Result<Socket> alive = ListenUnix(Data(), 0600);
  ASSERT_THAT(alive, IsOk());
  EXPECT_EQ(std::filesystem::status(Data()).permissions(), std::filesystem::perms(0600));
  EXPECT_THAT(ListenUnix(Data(), 0600), IsStatus(Code::kAlreadyExists, Source::kVtpm, EADDRINUSE));
  std::filesystem::create_directory(Control());
  EXPECT_THAT(ListenUnix(Control(), 0600),
              IsStatus(Code::kAlreadyExists, Source::kVtpm, EADDRINUSE));
}

TEST_F(SocketServerTest, ListenSaysWhyItCannot) {
  EXPECT_THAT(ListenUnix(std::string(200, 'x'), 0600),
              IsStatus(Code::kInvalidArgument, Source::kVtpm));
  EXPECT_THAT(ListenUnix("", 0600), IsStatus(Code::kInvalidArgument, Source::kVtpm));
  EXPECT_THAT(ListenUnix(folder_ + "/no/such", 0600),
              IsStatus(Code::kNotFound, Source::kVtpm, ENOENT));
  EXPECT_THAT(ListenTcp("localhost", 0), IsStatus(Code::kInvalidArgument, Source::kVtpm));
  EXPECT_THAT(BoundPort(*ListenUnix(Data(), 0600)),
              IsStatus(Code::kInvalidArgument, Source::kVtpm));
  // An address of nobody's: the documentation network.
  EXPECT_THAT(ListenTcp("192.0.2.1", 0), IsStatus(Code::kIoError, Source::kVtpm, EADDRNOTAVAIL));
}

}  // namespace
}  // namespace svsm::vtpm
