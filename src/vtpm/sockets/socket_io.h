// src/vtpm/sockets/socket_io.h: the few system calls that both sides of the socket server share.
#ifndef SVSM_SRC_VTPM_SOCKETS_SOCKET_IO_H_
#define SVSM_SRC_VTPM_SOCKETS_SOCKET_IO_H_

#include <chrono>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/vtpm/socket_server.h"

namespace svsm::vtpm::internal {

bool IsListening(const Socket& socket);
bool IsTcp(const Socket& socket);

// False if the other side went away.
bool WriteAll(int fd, ByteView bytes);

enum class Waited { kReady, kTimedOut, kStopped };
// Until `fd` has something to read, or the other side of it is gone; -1 milliseconds is for ever.
Waited Wait(int fd, int stop_fd, int timeout_ms);

// How much longer a client may take over a message that it has begun.
class Patience {
 public:
  explicit Patience(std::uint32_t limit_ms) : limit_(limit_ms) {}
  // For Wait(): -1 until the message begins, and from then on what is left of the limit.
  int LeftMs(bool begun);

 private:
  using Clock = std::chrono::steady_clock;
  std::chrono::milliseconds limit_;
  bool begun_ = false;
  Clock::time_point end_;
};

// TCP: sends at once. All: a client that does not read its reply is given up after `timeout_ms`.
void PrepareConnection(const Socket& connection, std::uint32_t timeout_ms);
// TCP: acknowledges what is received next at once. A client that writes a head and a body apart,
// with Nagle's algorithm on, waits for this acknowledgement, which the kernel delays by 40 ms
// otherwise. It must be said before every receive.
void AcknowledgeAtOnce(int fd);

}  // namespace svsm::vtpm::internal

#endif  // SVSM_SRC_VTPM_SOCKETS_SOCKET_IO_H_
