// svsm/vtpm/socket_server.h: serves a TPM engine over two sockets, as swtpm does: TPM commands on
// the data socket, power, locality and state on the control socket (data_channel.h,
// control_service.h say what travels there).
//
//   SVSM_ASSIGN_OR_RETURN(Socket data, ListenUnix("tpm.sock", 0600));
//   SVSM_ASSIGN_OR_RETURN(Socket control, ListenUnix("tpm.sock.ctrl", 0600));
//   SocketServer server(engine, std::move(data), std::move(control), {});
//   SVSM_TRY(server.Run());                        // until SHUTDOWN arrives or Stop() is called
//
// One data client and one control client are served at a time; the next of each waits to be
// accepted. A client that goes in the middle of anything disturbs nobody. Nothing is flushed or
// reset when a client leaves.
//
// Profile: hosted. Allocates: yes. Threads: Run() serves the control socket in its caller's thread
// and the data socket and each mssim client in one of their own, and locks the engine around each
// use, so that CANCEL_TPM_CMD reaches a running command. Stop() may be called from any thread and
// from a signal handler.
#ifndef SVSM_VTPM_SOCKET_SERVER_H_
#define SVSM_VTPM_SOCKET_SERVER_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "svsm/core/result.h"
#include "svsm/vtpm/control_service.h"
#include "svsm/vtpm/engine.h"

namespace svsm::vtpm {

// Owns a file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.Release()) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  int fd() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release();

 private:
  int fd_ = -1;
};

// A listening UNIX socket with these permission bits. A socket file that nobody listens on is
// replaced. Errors: kInvalidArgument (path longer than a socket address holds), kAlreadyExists
// (somebody listens there, or it is no socket), kPermissionDenied, kNotFound, kIoError and the
// others of FromErrno() (detail = errno).
Result<Socket> ListenUnix(const std::string& path, std::uint32_t mode);
// A listening TCP socket on a numeric address; port 0 takes a free one. Errors: kInvalidArgument
// (address), kAlreadyExists (port in use), kPermissionDenied, kIoError and the others of
// FromErrno() (detail = errno).
Result<Socket> ListenTcp(const std::string& address, std::uint16_t port);
// The port that a TCP socket is bound to. Errors: kInvalidArgument (not a TCP socket).
Result<std::uint16_t> BoundPort(const Socket& socket);

struct SocketServerOptions {
  // End when a client that has sent something leaves either socket.
  bool end_with_client = false;
  // What GET_CONFIG says.
  bool state_is_encrypted = false;
  // The state is in a file that this process has locked (ControlService::set_storage_is_locked()).
  bool storage_is_locked = false;
  // A client that takes longer than this over a command, or does not read a reply for this long, is
  // cut off. On the control channel the limits are 500 ms of silence in a request and 10 s for all
  // of it; what is too short then is answered as such first.
  std::uint32_t slow_client_timeout_ms = 5000;
};

class SocketServer {
 public:
  // The engine is borrowed for the server's life. Either socket may listen or be connected already;
  // then it serves this one client and no other. An invalid `control` means that there is no
  // control channel.
  SocketServer(Engine& engine, Socket data, Socket control, SocketServerOptions options);
  SocketServer(const SocketServer&) = delete;
  SocketServer& operator=(const SocketServer&) = delete;
  ~SocketServer();

  // Serves the protocol of Microsoft's simulator, too, on two listening TCP sockets
  // (mssim_service.h), up to 64 clients at a time. The TPM is the same: POWER_OFF and STOP do what
  // the control channel's STOP and SHUTDOWN do. Before Run().
  void ServeMssim(Socket command, Socket platform);

  // Serves until SHUTDOWN, Stop(), or the end of a client where options say so. Once.
  // Errors: kFailedPrecondition (called twice), kIoError (detail = errno; a listening socket
  // broke).
  Status Run();
  void Stop();

 private:
  class DataSide;
  class ControlSide;
  class MssimSide;

  Engine& engine_;
  Socket data_;
  Socket control_;
  Socket mssim_command_;
  Socket mssim_platform_;
  const SocketServerOptions options_;
  std::mutex engine_mutex_;
  ControlService service_;
  Socket stop_event_;
  std::atomic<bool> ran_ = false;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_SOCKET_SERVER_H_
