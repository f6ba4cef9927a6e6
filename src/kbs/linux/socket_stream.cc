#include "svsm/kbs_linux/socket_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
// After sys/socket.h.
#include <linux/vm_sockets.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "svsm/core/errno_status.h"

namespace svsm::kbs {
namespace {

Status OfErrno(int error) {
  if (error == ETIMEDOUT) return Status(Code::kExhausted, Source::kSystem, ETIMEDOUT);
  return FromErrno(error, Source::kSystem);
}

// Waits until one of `events` is there.
Status Poll(int fd, short events, std::uint32_t timeout_ms) {
  const int wait =
      timeout_ms == 0 ? -1 : static_cast<int>(timeout_ms > INT_MAX ? INT_MAX : timeout_ms);
  for (;;) {
    pollfd poll_fd = {.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&poll_fd, 1, wait);
    if (ready > 0) return OkStatus();
    if (ready == 0) return Status(Code::kExhausted, Source::kSystem, ETIMEDOUT);
    if (errno != EINTR) return OfErrno(errno);
  }
}

Status FinishConnect(int fd, std::uint32_t timeout_ms) {
  SVSM_TRY(Poll(fd, POLLOUT, timeout_ms));
  int error = 0;
  socklen_t size = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return OfErrno(errno);
  return error == 0 ? OkStatus() : OfErrno(error);
}

// Sockets do not block: every wait is a poll() with its timeout.
Result<SocketStream> Connect(int family, const void* address, socklen_t size,
                             std::uint32_t timeout_ms) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return OfErrno(errno);
  SocketStream stream(fd, timeout_ms);
  if (::connect(fd, static_cast<const sockaddr*>(address), size) != 0) {
    // A UNIX socket whose backlog is full says EAGAIN, and there is nothing to wait for.
    if (errno == EAGAIN) return Status(Code::kExhausted, Source::kSystem, EAGAIN);
    if (errno != EINPROGRESS) return OfErrno(errno);
    SVSM_TRY(FinishConnect(fd, timeout_ms));
  }
  return stream;
}

}  // namespace

SocketStream::SocketStream(SocketStream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), timeout_ms_(other.timeout_ms_) {}

SocketStream& SocketStream::operator=(SocketStream&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = std::exchange(other.fd_, -1);
    timeout_ms_ = other.timeout_ms_;
  }
  return *this;
}

SocketStream::~SocketStream() {
  if (fd_ >= 0) ::close(fd_);
}

Status SocketStream::Await(short events) { return Poll(fd_, events, timeout_ms_); }

Result<std::size_t> SocketStream::ReadSome(ByteSpan out) {
  for (;;) {
    SVSM_TRY(Await(POLLIN));
    const ssize_t got = ::recv(fd_, out.data(), out.size(), MSG_DONTWAIT);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) {
      return out.empty() ? Result<std::size_t>(std::size_t{0})
                         : Status(Code::kConnectionClosed, Source::kSystem);
    }
    if (errno != EINTR && errno != EAGAIN) return OfErrno(errno);
  }
}

Status SocketStream::WriteAll(ByteView in) {
  while (!in.empty()) {
    SVSM_TRY(Await(POLLOUT));
    const ssize_t sent = ::send(fd_, in.data(), in.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) {
      in = in.subspan(static_cast<std::size_t>(sent));
    } else if (errno != EINTR && errno != EAGAIN) {
      return OfErrno(errno);
    }
  }
  return OkStatus();
}

Result<SocketStream> ConnectUnix(const std::string& path, std::uint32_t timeout_ms) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return Status(Code::kInvalidArgument, Source::kKbs, sizeof(address.sun_path) - 1);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return Connect(AF_UNIX, &address, sizeof(address), timeout_ms);
}

Result<SocketStream> ConnectVsock(std::uint32_t cid, std::uint32_t port, std::uint32_t timeout_ms) {
  sockaddr_vm address{};
  address.svm_family = AF_VSOCK;
  address.svm_cid = cid;
  address.svm_port = port;
  return Connect(AF_VSOCK, &address, sizeof(address), timeout_ms);
}

}  // namespace svsm::kbs
