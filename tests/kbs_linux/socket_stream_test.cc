// Covers: svsm/core/byte_stream.h
#include "svsm/kbs_linux/socket_stream.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

class SocketStreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds_), 0);
  }
  void TearDown() override { ::close(fds_[1]); }
  SocketStream Stream(std::uint32_t timeout_ms) { return SocketStream(fds_[0], timeout_ms); }

  int fds_[2] = {-1, -1};
};

TEST_F(SocketStreamTest, CarriesBytesBothWays) {
  SocketStream stream = Stream(10000);
  // More than a socket's buffer holds.
  const ByteVector sent(3 << 20, 0x5C);
  ByteVector got(sent.size());
  std::thread peer([&] {
    for (std::size_t at = 0; at < got.size();) {
      const ssize_t size = ::recv(fds_[1], got.data() + at, got.size() - at, 0);
      if (size <= 0) break;
      at += static_cast<std::size_t>(size);
    }
  });
  EXPECT_THAT(stream.WriteAll(sent), IsOk());
  peer.join();
  EXPECT_EQ(got, sent);
  ASSERT_EQ(::send(fds_[1], "abc", 3, 0), 3);
  ByteVector out(8);
  EXPECT_THAT(stream.ReadSome(out), IsOkAnd(::testing::Eq(3u)));
  SocketStream moved(std::move(stream));
  stream = std::move(moved);
  ASSERT_EQ(::send(fds_[1], "d", 1, 0), 1);
  EXPECT_THAT(stream.ReadSome(out), IsOkAnd(::testing::Eq(1u)));
}

TEST_F(SocketStreamTest, WaitsNoLongerThanItsTimeout) {
  SocketStream stream = Stream(20);
  ByteVector out(8);
  EXPECT_THAT(stream.ReadSome(out), IsStatus(Code::kExhausted, Source::kSystem, ETIMEDOUT));
  EXPECT_THAT(stream.WriteAll(ByteVector(8 << 20)),
              IsStatus(Code::kExhausted, Source::kSystem, ETIMEDOUT));
}

TEST_F(SocketStreamTest, AnEndIsTold) {
  SocketStream stream = Stream(1000);
  ::close(fds_[1]);
  fds_[1] = -1;
  ByteVector out(8);
  EXPECT_THAT(stream.ReadSome(out), IsStatus(Code::kConnectionClosed, Source::kSystem));
  EXPECT_THAT(stream.WriteAll(out), IsStatus(Code::kConnectionClosed, Source::kSystem, EPIPE));
  SocketStream none(-1, 10);
  EXPECT_THAT(none.WriteAll(out), IsStatus(Code::kExhausted, Source::kSystem, ETIMEDOUT));
  SocketStream no_socket(::dup(STDERR_FILENO), 10);
  EXPECT_THAT(no_socket.WriteAll(out), IsStatus(Code::kIoError, Source::kSystem, ENOTSOCK));
}

TEST(ConnectUnixTest, SaysWhyNot) {
  EXPECT_THAT(ConnectUnix("", 10).status(), IsStatus(Code::kInvalidArgument, Source::kKbs, 107));
  EXPECT_THAT(ConnectUnix(std::string(108, 'a'), 10).status(),
              IsStatus(Code::kInvalidArgument, Source::kKbs, 107));
  const std::string path = ::testing::TempDir() + "/s";
  std::filesystem::remove(path);
  EXPECT_THAT(ConnectUnix(path, 10).status(), IsStatus(Code::kNotFound, Source::kSystem, ENOENT));
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  ASSERT_EQ(::bind(listener, static_cast<const sockaddr*>(static_cast<const void*>(&address)),
                   sizeof(address)),
            0);
  EXPECT_THAT(ConnectUnix(path, 10).status(),
              IsStatus(Code::kConnectionClosed, Source::kSystem, ECONNREFUSED));
  ASSERT_EQ(::listen(listener, 0), 0);
  const auto first = ConnectUnix(path, 10);
  EXPECT_THAT(first, IsOk());
  // The backlog is full with one.
  EXPECT_THAT(ConnectUnix(path, 10).status(), IsStatus(Code::kExhausted, Source::kSystem, EAGAIN));
  ::close(listener);
  if (::geteuid() != 0) {
    const std::string closed = ::testing::TempDir() + "svsm_closed_folder";
    ASSERT_EQ(::mkdir(closed.c_str(), 0), 0);
    EXPECT_THAT(ConnectUnix(closed + "/socket", 10).status(),
                IsStatus(Code::kPermissionDenied, Source::kSystem, EACCES));
    ::rmdir(closed.c_str());
  }
}

TEST(ConnectVsockTest, EndsOneWayOrAnother) {
  // Whatever the machine has: no vsock at all, nobody there, or a hypervisor that drops it.
  const Status status = ConnectVsock(0xFFFFFF00, 1, 200).status();
  EXPECT_THAT(status.code(), ::testing::AnyOf(Code::kUnavailable, Code::kExhausted,
                                              Code::kConnectionClosed, Code::kIoError));
}

}  // namespace
}  // namespace svsm::kbs
