#include "vtpm/sockets/data_side.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "vtpm/sockets/socket_io.h"

namespace svsm::vtpm {
namespace {

constexpr Bytes<kTpmHeaderSize> kFailure = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x01};
// TPM_RC_LOCALITY of a command without sessions (part 2, 6.6.3).
constexpr Bytes<kTpmHeaderSize> kBadLocality = {0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x07};

}  // namespace

SocketServer::DataSide::DataSide(SocketServer& server)
    : server_(server),
      handover_event_(::eventfd(0, EFD_CLOEXEC)),
      channel_(kMaxTpmBuffer),
      response_(kMaxTpmBuffer),
      read_buffer_(kMaxTpmBuffer) {
  if (!internal::IsListening(server_.data_)) handed_over_ = std::move(server_.data_);
}

void SocketServer::DataSide::Loop() {
  for (;;) {
    const Socket connection = Next();
    if (!connection.valid()) return;
    internal::PrepareConnection(connection, server_.options_.slow_client_timeout_ms);
    const bool spoke = Serve(connection);
    {
      const std::lock_guard lock(mutex_);
      current_fd_ = -1;
    }
    const bool only_one = !server_.data_.valid() && !server_.control_.valid();
    if ((spoke && server_.options_.end_with_client) || only_one) server_.Stop();
  }
}

Socket SocketServer::DataSide::Next() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (interrupted_) return Socket();
      if (handed_over_.valid()) {
        current_fd_ = handed_over_.fd();
        frames_ = by_control_ ? DataChannel::Frames::kRefused : DataChannel::Frames::kTaken;
        return std::move(handed_over_);
      }
    }
    pollfd fds[3] = {{server_.stop_event_.fd(), POLLIN, 0},
                     {handover_event_.fd(), POLLIN, 0},
                     {server_.data_.fd(), POLLIN, 0}};
    if (::poll(fds, 3, -1) < 0 && errno != EINTR) return Socket();
    if (fds[0].revents != 0) return Socket();
    if (fds[1].revents != 0) {
      std::uint64_t count = 0;
      (void)!::read(handover_event_.fd(), &count, sizeof(count));
      continue;
    }
    if (fds[2].revents == 0) continue;
    Socket connection(::accept4(server_.data_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) continue;
    const std::lock_guard lock(mutex_);
    if (interrupted_) return Socket();
    current_fd_ = connection.fd();
    frames_ = DataChannel::Frames::kTaken;
    return connection;
  }
}

bool SocketServer::DataSide::HandOver(Socket connection) {
  const std::lock_guard lock(mutex_);
  if (current_fd_ >= 0 || handed_over_.valid()) return false;
  handed_over_ = std::move(connection);
  by_control_ = true;
  const std::uint64_t one = 1;
  return ::write(handover_event_.fd(), &one, sizeof(one)) == sizeof(one);
}

void SocketServer::DataSide::Interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (current_fd_ >= 0) (void)::shutdown(current_fd_, SHUT_RDWR);
}

bool SocketServer::DataSide::Serve(const Socket& connection) {
  const int fd = connection.fd();
  const bool tcp = internal::IsTcp(connection);
  bool spoke = false;
  channel_ = DataChannel(kMaxTpmBuffer, frames_);
  ahead_ = {};
  while (Receive(fd, tcp)) {
    spoke = true;
    const bool whole = channel_.has_command();
    if (!internal::WriteAll(fd, whole ? channel_.Reply(Run()) : channel_.Refusal()) || !whole)
      break;
  }
  return spoke || channel_.in_command();
}

// True when there is something to answer; false when the client is gone or too slow.
bool SocketServer::DataSide::Receive(int fd, bool tcp) {
  internal::Patience patience(server_.options_.slow_client_timeout_ms);
  for (;;) {
    if (ahead_.empty() && !ReadAhead(fd, tcp, patience)) return false;
    const ByteSpan wanted = channel_.wanted();
    const ByteView bytes = ahead_.first(std::min(wanted.size(), ahead_.size()));
    Copy(wanted, bytes);
    ahead_ = ahead_.subspan(bytes.size());
    if (channel_.Commit(bytes.size()) != DataChannel::Event::kNeedMore) return true;
  }
}

// Reads all that the client has sent, in nearly all cases a whole command. Between commands it just
// reads, which Interrupt() ends; within one it waits first, and no longer than there is patience.
bool SocketServer::DataSide::ReadAhead(int fd, bool tcp, internal::Patience& patience) {
  for (;;) {
    if (channel_.in_command() &&
        internal::Wait(fd, server_.stop_event_.fd(), patience.LeftMs(true)) !=
            internal::Waited::kReady) {
      return false;
    }
    if (tcp) internal::AcknowledgeAtOnce(fd);
    const ssize_t got = ::recv(fd, read_buffer_.data(), read_buffer_.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mutex_);
    if (got <= 0 || interrupted_) return false;
    ahead_ = ByteView(read_buffer_).first(static_cast<std::size_t>(got));
    return true;
  }
}

// The response to the channel's command.
ByteView SocketServer::DataSide::Run() {
  const std::lock_guard lock(server_.engine_mutex_);
  if (channel_.locality()) {
    if (*channel_.locality() > kMaxLocality) return kBadLocality;
    server_.service_.set_locality(*channel_.locality());
  }
  const Result<std::size_t> size =
      server_.engine_.Execute(server_.service_.locality(), channel_.command(), response_);
  if (size.ok()) return ByteView(response_).first(*size);
  return kFailure;
}

}  // namespace svsm::vtpm
