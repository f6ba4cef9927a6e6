#include "tools/svsm-proxy/server.h"

#include <linux/vm_sockets.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <string>

#include "svsm/kbs/proxy_refusal.h"
#include "tools/svsm-proxy/client.h"
#include "tools/svsm-proxy/log.h"

namespace svsm::tool {
namespace {

// One frame fits what the kernel buffers for a fresh connection.
void TellBusy(int fd) {
  Bytes<kbs::kMaxRefusalFrameSize> out{};
  const auto frame = EncodeFrame(kbs::ProxyRefusal::kBusy, out);
  if (frame.ok()) (void)!::send(fd, frame->data(), frame->size(), MSG_NOSIGNAL);
  ::close(fd);
}

// Who is at the other end: the CID of a VM, or a process id. None of them fills the room that
// others need.
std::uint64_t PeerOf(int fd) {
  sockaddr_vm address{};
  socklen_t size = sizeof(address);
  void* generic = &address;
  if (::getpeername(fd, static_cast<sockaddr*>(generic), &size) == 0 &&
      address.svm_family == AF_VSOCK) {
    return std::uint64_t{1} << 32 | address.svm_cid;
  }
  ucred credentials{};
  size = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return 0;
  return static_cast<std::uint32_t>(credentials.pid);
}

// Whether accept() failed for this connection, or for now, and not for good.
bool Passes(int error) {
  switch (error) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EPERM:
      return true;
    default:
      return false;
  }
}

}  // namespace

void Server::Reap() {
  for (auto client = served_.begin(); client != served_.end();) {
    if (!client->done) {
      ++client;
      continue;
    }
    client->thread.join();
    client = served_.erase(client);
  }
}

bool Server::HasRoomFor(std::uint64_t peer) const {
  std::size_t same = 0;
  for (const Served& client : served_) same += client.peer == peer && !client.done ? 1u : 0u;
  return served_.size() < options_.max_clients && same < options_.max_clients_per_peer;
}

void Server::Admit(int fd) {
  const std::uint64_t number = next_number_++;
  const std::uint64_t peer = PeerOf(fd);
  if (!HasRoomFor(peer)) {
    Log("client " + std::to_string(number) + ": refused: busy");
    return TellBusy(fd);
  }
  Served* served = nullptr;
  try {
    served = &served_.emplace_back();
    served->peer = peer;
    served->thread = std::thread([this, fd, number, served] {
      try {
        Client(fd, number, options_, http_).Serve();
      } catch (const std::exception& error) {
        Log("client " + std::to_string(number) + ": " + error.what());
      }
      served->done = true;
    });
  } catch (const std::exception& error) {
    Log(std::string("no thread for a client: ") + error.what());
    if (served != nullptr) served_.pop_back();
    TellBusy(fd);
  }
}

bool Server::Run(int listening_fd) {
  bool good = true;
  for (;;) {
    pollfd fds[2] = {{listening_fd, POLLIN, 0}, {http_.stop_fd, POLLIN, 0}};
    const int ready = ::poll(fds, 2, 1000);
    Reap();
    if (ready < 0 && errno != EINTR) good = false;
    if (!good || (ready > 0 && fds[1].revents != 0)) break;
    if (ready <= 0) continue;
    const int fd = ::accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      Admit(fd);
    } else if (!Passes(errno)) {
      Log(std::string("accept: ") + std::strerror(errno));
      good = false;
      break;
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
      ::poll(&fds[1], 1, 100);  // what is short now comes back with the next client that goes
    }
  }
  // Whatever ended the loop ends the clients, too.
  if (!good) ::kill(::getpid(), SIGTERM);
  for (Served& client : served_) client.thread.join();
  served_.clear();
  return good;
}

}  // namespace svsm::tool
