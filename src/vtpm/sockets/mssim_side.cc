#include "vtpm/sockets/mssim_side.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "vtpm/sockets/socket_io.h"

namespace svsm::vtpm {
namespace {

// As many clients as this are served at once; the next waits to be accepted.
constexpr std::size_t kMaxClients = 64;
constexpr int kFullWaitMs = 20;

}  // namespace

void SocketServer::MssimSide::Loop() {
  for (;;) {
    ForgetThoseGone();
    const bool full = clients_.size() >= kMaxClients;
    pollfd fds[3] = {{server_.stop_event_.fd(), POLLIN, 0},
                     {full ? -1 : server_.mssim_command_.fd(), POLLIN, 0},
                     {full ? -1 : server_.mssim_platform_.fd(), POLLIN, 0}};
    if (::poll(fds, 3, full ? kFullWaitMs : -1) < 0 && errno != EINTR) break;
    if (fds[0].revents != 0) break;
    if (fds[1].revents != 0) Accept(server_.mssim_command_, MssimPort::kCommand);
    if (fds[2].revents != 0) Accept(server_.mssim_platform_, MssimPort::kPlatform);
  }
  for (Client& client : clients_) {
    (void)::shutdown(client.socket.fd(), SHUT_RDWR);
    client.thread.join();
  }
}

void SocketServer::MssimSide::Accept(const Socket& listener, MssimPort port) {
  Socket connection(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection.valid()) return;
  internal::PrepareConnection(connection, server_.options_.slow_client_timeout_ms);
  Client& client = clients_.emplace_back();
  client.socket = std::move(connection);
  client.thread = std::thread([this, &client, port] {
    Serve(client.socket, port);
    // The client sees its end at once; the descriptor is closed when the thread is joined.
    (void)::shutdown(client.socket.fd(), SHUT_RDWR);
    client.gone = true;
  });
}

void SocketServer::MssimSide::ForgetThoseGone() {
  clients_.remove_if([](Client& client) {
    if (!client.gone) return false;
    client.thread.join();
    return true;
  });
}

void SocketServer::MssimSide::Serve(const Socket& connection, MssimPort port) {
  MssimChannel channel(port);
  while (Receive(connection.fd(), channel)) {
    MssimReply reply = Execute(channel.request());
    const bool sent = internal::WriteAll(connection.fd(), reply.bytes);
    Wipe(reply.bytes);
    if (reply.then == MssimReply::Then::kShutDown) server_.Stop();
    if (!sent || reply.then != MssimReply::Then::kGoOn) return;
    channel.Next();
  }
}

// True when there is a request to answer; false when the client is gone or too slow.
bool SocketServer::MssimSide::Receive(int fd, MssimChannel& channel) {
  internal::Patience patience(server_.options_.slow_client_timeout_ms);
  for (;;) {
    const int left_ms = patience.LeftMs(channel.in_request());
    if (internal::Wait(fd, server_.stop_event_.fd(), left_ms) != internal::Waited::kReady) {
      return false;
    }
    internal::AcknowledgeAtOnce(fd);
    const ByteSpan wanted = channel.wanted();
    const ssize_t got = ::recv(fd, wanted.data(), wanted.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    if (channel.Commit(static_cast<std::size_t>(got)) == MssimChannel::Event::kRequest) return true;
  }
}

MssimReply SocketServer::MssimSide::Execute(const MssimRequest& request) {
  // It is for a command that runs, under the lock.
  if (request.is_known && request.code == MssimCode::kCancelOn) return service_.Execute(request);
  const std::lock_guard lock(server_.engine_mutex_);
  return service_.Execute(request);
}

}  // namespace svsm::vtpm
