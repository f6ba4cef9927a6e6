#include "tools/svsm-kbs/connection.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace svsm::tool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopInterval(100);

}  // namespace

Connection::Connection(int fd, SSL_CTX* tls, const HttpLimits& limits) : fd_(fd), limits_(limits) {
  ::fcntl(fd_, F_SETFL, ::fcntl(fd_, F_GETFL) | O_NONBLOCK);
  ::fcntl(fd_, F_SETFD, FD_CLOEXEC);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (tls != nullptr) {
    ssl_ = ::SSL_new(tls);
    if (ssl_ != nullptr) ::SSL_set_fd(ssl_, fd_);
  }
}

Connection::~Connection() {
  if (ssl_ != nullptr) {
    ::SSL_shutdown(ssl_);
    ::SSL_free(ssl_);
    ::ERR_clear_error();
  }
  // What the client sent and nobody read would turn the close into a reset, which may take the
  // answer with it.
  ::shutdown(fd_, SHUT_WR);
  for (int i = 0; i < 16 && ::recv(fd_, buffer_.data(), buffer_.size(), MSG_DONTWAIT) > 0; ++i) {
  }
  ::close(fd_);
}

Connection::Ready Connection::Wait(short events, Clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Ready::kTimeout;
    ::pollfd poll_fd = {fd_, events, 0};
    const int ready = ::poll(&poll_fd, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0) return Ready::kYes;
    if (ready < 0 && errno != EINTR) return Ready::kFailed;
  }
}

short Connection::TlsEvents(int result) const {
  const int error = ::SSL_get_error(ssl_, result);
  ::ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ) return POLLIN;
  return error == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

bool Connection::Handshake() {
  const Clock::time_point deadline = Clock::now() + milliseconds(limits_.request_ms);
  for (;;) {
    const int result = ssl_ == nullptr ? -1 : ::SSL_accept(ssl_);
    if (result == 1) return true;
    const short events = ssl_ == nullptr ? short{0} : TlsEvents(result);
    if (events == 0 || Wait(events, deadline) != Ready::kYes) return false;
  }
}

ssize_t Connection::TryRead(char* ptr, std::size_t size, short& events) {
  events = 0;
  if (ssl_ != nullptr) {
    const int got = ::SSL_read(ssl_, ptr, static_cast<int>(size));
    if (got > 0) return got;
    events = TlsEvents(got);
    return events != 0 ? -1 : 0;
  }
  for (;;) {
    const ssize_t got = ::recv(fd_, ptr, size, 0);
    if (got >= 0) return got;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) events = POLLIN;
    return -1;
  }
}

ssize_t Connection::TryWrite(const char* ptr, std::size_t size, short& events) {
  events = 0;
  if (ssl_ != nullptr) {
    const int sent = ::SSL_write(ssl_, ptr, static_cast<int>(std::min<std::size_t>(size, 16384)));
    if (sent > 0) return sent;
    events = TlsEvents(sent);
    return -1;
  }
  for (;;) {
    const ssize_t sent = ::send(fd_, ptr, size, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    if (errno == EINTR) continue;
    if (errno == EAGAIN) events = POLLOUT;
    return -1;
  }
}

bool Connection::Refill(Clock::time_point deadline) {
  begin_ = end_ = 0;
  for (;;) {
    short events = 0;
    const ssize_t got = TryRead(buffer_.data(), buffer_.size(), events);
    if (got > 0) {
      end_ = static_cast<std::size_t>(got);
      return true;
    }
    if (events == 0 || Wait(events, deadline) != Ready::kYes) return false;
  }
}

bool Connection::WaitForRequest(const std::function<bool()>& stopping) {
  const Clock::time_point idle_end = Clock::now() + milliseconds(limits_.idle_ms);
  while (begin_ == end_) {
    if (stopping()) return false;
    const Clock::time_point now = Clock::now();
    if (now >= idle_end) return false;
    const Clock::time_point until = std::min(idle_end, now + kStopInterval);
    // What TLS holds decrypted does not show on the socket.
    if (ssl_ == nullptr || ::SSL_pending(ssl_) == 0) {
      const Ready ready = Wait(POLLIN, until);
      if (ready == Ready::kFailed) return false;
      if (ready == Ready::kTimeout) continue;
    }
    begin_ = end_ = 0;
    short events = 0;
    const ssize_t got = TryRead(buffer_.data(), buffer_.size(), events);
    if (got > 0) {
      end_ = static_cast<std::size_t>(got);
    } else if (events == 0) {
      return false;
    }
  }
  request_deadline_ = Clock::now() + milliseconds(limits_.request_ms);
  // Chunks of a body have heads of their own.
  budget_ = limits_.head_bytes + 2 * limits_.body_bytes;
  return true;
}

ssize_t Connection::read(char* ptr, std::size_t size) {
  if (budget_ == 0 || size == 0) return -1;
  if (begin_ == end_ && !Refill(request_deadline_)) return -1;
  const std::size_t count = std::min({size, end_ - begin_, budget_});
  std::memcpy(ptr, buffer_.data() + begin_, count);
  begin_ += count;
  budget_ -= count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* ptr, std::size_t size) {
  const Clock::time_point deadline = Clock::now() + milliseconds(limits_.response_ms);
  for (std::size_t done = 0; done < size;) {
    short events = 0;
    const ssize_t sent = TryWrite(ptr + done, size - done, events);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
    } else if (events == 0 || Wait(events, deadline) != Ready::kYes) {
      return -1;
    }
  }
  return static_cast<ssize_t>(size);
}

namespace {

void Describe(const ::sockaddr_storage& address, ::socklen_t size, std::string& ip, int& port) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  const auto* const generic = static_cast<const ::sockaddr*>(static_cast<const void*>(&address));
  if (::getnameinfo(generic, size, host.data(), host.size(), service.data(), service.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return;
  }
  ip = host.data();
  port = std::atoi(service.data());
}

}  // namespace

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ::sockaddr_storage address = {};
  ::socklen_t size = sizeof(address);
  auto* const generic = static_cast<::sockaddr*>(static_cast<void*>(&address));
  if (::getpeername(fd_, generic, &size) == 0) Describe(address, size, ip, port);
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ::sockaddr_storage address = {};
  ::socklen_t size = sizeof(address);
  auto* const generic = static_cast<::sockaddr*>(static_cast<void*>(&address));
  if (::getsockname(fd_, generic, &size) == 0) Describe(address, size, ip, port);
}

}  // namespace svsm::tool
