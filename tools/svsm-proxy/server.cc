#include "tools/svsm-proxy/server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>

#include "svsm/kbs/proxy_refusal.h"
#include "tools/svsm-proxy/client.h"

namespace svsm::tool {
namespace {

// One frame fits what the kernel buffers for a fresh connection.
void TellBusy(int fd) {
  Bytes<kbs::kMaxRefusalFrameSize> out{};
  const auto frame = EncodeFrame(kbs::ProxyRefusal::kBusy, out);
  if (frame.ok()) (void)!::send(fd, frame->data(), frame->size(), MSG_NOSIGNAL);
  ::close(fd);
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

void Server::Admit(int fd) {
  const std::uint64_t number = next_number_++;
  if (served_.size() >= options_.max_clients) {
    std::fprintf(stderr, "svsm-proxy: client %llu: refused: busy\n",
                 static_cast<unsigned long long>(number));
    return TellBusy(fd);
  }
  Served* served = nullptr;
  try {
    served = &served_.emplace_back();
    served->thread = std::thread([this, fd, number, served] {
      try {
        Client(fd, number, options_, http_).Serve();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "svsm-proxy: client: %s\n", error.what());
      }
      served->done = true;
    });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "svsm-proxy: no thread for a client: %s\n", error.what());
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
      std::fprintf(stderr, "svsm-proxy: accept: %s\n", std::strerror(errno));
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
