// src/vtpm/sockets/socket_io.h: the few system calls that both sides of the socket server share.
#ifndef SVSM_SRC_VTPM_SOCKETS_SOCKET_IO_H_
#define SVSM_SRC_VTPM_SOCKETS_SOCKET_IO_H_

#include "svsm/core/bytes.h"
#include "svsm/core/status.h"
#include "svsm/vtpm/socket_server.h"

namespace svsm::vtpm::internal {

Status FromErrno(int error);
bool IsListening(const Socket& socket);
bool IsTcp(const Socket& socket);

// False if the other side went away.
bool WriteAll(int fd, ByteView bytes);

enum class Waited { kReady, kTimedOut, kStopped };
// Until `fd` has something to read, or the other side of it is gone; -1 milliseconds is for ever.
Waited Wait(int fd, int stop_fd, int timeout_ms);

// TCP: sends at once.
void PrepareConnection(const Socket& connection);
// TCP: acknowledges what is received next at once. A client that writes a head and a body apart,
// with Nagle's algorithm on, waits for this acknowledgement, which the kernel delays by 40 ms
// otherwise. It must be said before every receive.
void AcknowledgeAtOnce(int fd);

}  // namespace svsm::vtpm::internal

#endif  // SVSM_SRC_VTPM_SOCKETS_SOCKET_IO_H_
