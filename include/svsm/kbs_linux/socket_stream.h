// svsm/kbs_linux/socket_stream.h: a ByteStream over a UNIX or vsock socket, with timeouts.
//
//   SVSM_ASSIGN_OR_RETURN(SocketStream stream, ConnectUnix("/run/svsm-proxy.sock", 30000));
//   SVSM_TRY(RunClient(client, stream, buffer));
//
// For tests, tools and guests; an SVSM without an operating system has a vsock driver of its own.
//
// Profile: hosted, Linux. Allocates: never. Threads: one object, one thread.
#ifndef SVSM_KBS_LINUX_SOCKET_STREAM_H_
#define SVSM_KBS_LINUX_SOCKET_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "svsm/core/byte_stream.h"
#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm::kbs {

// The host's context id. Proxies listen there on kProxyVsockPort (svsm/kbs/proxy_protocol.h).
inline constexpr std::uint32_t kVsockHost = 2;

class SocketStream final : public ByteStream {
 public:
  // Takes a connected stream socket. Each read or write waits at most `timeout_ms`; 0 for ever.
  SocketStream(int fd, std::uint32_t timeout_ms) : fd_(fd), timeout_ms_(timeout_ms) {}
  SocketStream(SocketStream&& other) noexcept;
  SocketStream& operator=(SocketStream&& other) noexcept;
  ~SocketStream();

  // Errors: kConnectionClosed, kExhausted (no byte came or went for timeout_ms), kIoError and the
  // others of FromErrno() (detail = errno).
  Result<std::size_t> ReadSome(ByteSpan out) override;
  Status WriteAll(ByteView in) override;

  int fd() const { return fd_; }

 private:
  Status Await(short events);

  int fd_ = -1;
  std::uint32_t timeout_ms_ = 0;
};

// Connects; `timeout_ms` is for that and for the stream. Errors: kInvalidArgument (detail = longest
// path), kNotFound (no such socket), kConnectionClosed (nobody listens), kPermissionDenied,
// kExhausted (timed out), kUnavailable (no vsock in this kernel), kIoError and the others of
// FromErrno() (detail = errno).
[[nodiscard]] Result<SocketStream> ConnectUnix(const std::string& path, std::uint32_t timeout_ms);
[[nodiscard]] Result<SocketStream> ConnectVsock(std::uint32_t cid, std::uint32_t port,
                                                std::uint32_t timeout_ms);

}  // namespace svsm::kbs

#endif  // SVSM_KBS_LINUX_SOCKET_STREAM_H_
