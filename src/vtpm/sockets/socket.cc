#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "svsm/core/errno_status.h"
#include "vtpm/sockets/socket_io.h"

namespace svsm::vtpm {

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.Release();
  }
  return *this;
}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

int Socket::Release() { return std::exchange(fd_, -1); }

namespace {

Status Invalid() { return Status(Code::kInvalidArgument, Source::kVtpm); }

const sockaddr* AsAddress(const void* address) { return static_cast<const sockaddr*>(address); }

// Whether something accepts connections at this address.
bool IsServed(const sockaddr_un& address) {
  const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return probe.valid() && ::connect(probe.fd(), AsAddress(&address), sizeof(address)) == 0;
}

// Removes a socket file that a server left behind.
Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return OkStatus();
  if (!S_ISSOCK(info.st_mode) || IsServed(address)) {
    return Status(Code::kAlreadyExists, Source::kVtpm, EADDRINUSE);
  }
  return ::unlink(path.c_str()) == 0 ? OkStatus() : FromErrno(errno, Source::kVtpm);
}

}  // namespace

Result<Socket> ListenUnix(const std::string& path, std::uint32_t mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) return Invalid();
  std::memcpy(address.sun_path, path.data(), path.size());
  SVSM_TRY(RemoveStale(path, address));
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return FromErrno(errno, Source::kVtpm);
  // The mode that the socket has now is the file's from the moment it exists.
  if (::fchmod(socket.fd(), mode) != 0 ||
      ::bind(socket.fd(), AsAddress(&address), sizeof(address)) != 0) {
    return FromErrno(errno, Source::kVtpm);
  }
  if (::listen(socket.fd(), SOMAXCONN) != 0) return FromErrno(errno, Source::kVtpm);
  return socket;
}

Result<Socket> ListenTcp(const std::string& address, std::uint16_t port) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) return Invalid();
  Socket socket(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return FromErrno(errno, Source::kVtpm);
  const int on = 1;
  (void)::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const void* const where = is_v4 ? static_cast<const void*>(&v4) : &v6;
  const socklen_t size = is_v4 ? sizeof(v4) : sizeof(v6);
  if (::bind(socket.fd(), AsAddress(where), size) != 0 || ::listen(socket.fd(), SOMAXCONN) != 0) {
    return FromErrno(errno, Source::kVtpm);
  }
  return socket;
}

Result<std::uint16_t> BoundPort(const Socket& socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(socket.fd(), static_cast<sockaddr*>(static_cast<void*>(&address)), &size) !=
      0) {
    return Invalid();
  }
  // sin_port and sin6_port lie at the same place, behind the family.
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return Invalid();
  in_port_t port = 0;
  std::memcpy(&port, static_cast<const char*>(static_cast<const void*>(&address)) + 2,
              sizeof(port));
  return static_cast<std::uint16_t>(ntohs(port));
}

namespace internal {

bool IsListening(const Socket& socket) {
  int listening = 0;
  socklen_t size = sizeof(listening);
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 &&
         listening != 0;
}

bool IsTcp(const Socket& socket) {
  int family = 0;
  socklen_t size = sizeof(family);
  return ::getsockopt(socket.fd(), SOL_SOCKET, SO_DOMAIN, &family, &size) == 0 && family != AF_UNIX;
}

bool WriteAll(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

Waited Wait(int fd, int stop_fd, int timeout_ms) {
  pollfd fds[2] = {{fd, POLLIN, 0}, {stop_fd, POLLIN, 0}};
  for (;;) {
    const int ready = ::poll(fds, 2, timeout_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0 || fds[1].revents != 0) return Waited::kStopped;
    return ready == 0 ? Waited::kTimedOut : Waited::kReady;
  }
}

int Patience::LeftMs(bool begun) {
  if (!begun) return -1;
  const Clock::time_point now = Clock::now();
  if (!std::exchange(begun_, true)) end_ = now + limit_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - now);
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

void PrepareConnection(const Socket& connection, std::uint32_t timeout_ms) {
  const timeval timeout{static_cast<time_t>(timeout_ms / 1000),
                        static_cast<suseconds_t>(timeout_ms % 1000) * 1000};
  (void)::setsockopt(connection.fd(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
  if (!IsTcp(connection)) return;
  const int on = 1;
  (void)::setsockopt(connection.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void AcknowledgeAtOnce(int fd) {
  const int on = 1;
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

}  // namespace internal
}  // namespace svsm::vtpm
