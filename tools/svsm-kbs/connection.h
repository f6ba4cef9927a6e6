// tools/svsm-kbs/connection.h: one client's socket as the stream that cpp-httplib reads and writes,
// with a deadline and a budget of bytes for each request.
#ifndef SVSM_TOOLS_SVSM_KBS_CONNECTION_H_
#define SVSM_TOOLS_SVSM_KBS_CONNECTION_H_

#include <httplib.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "tools/svsm-kbs/http_server.h"

namespace svsm::tool {

class Connection final : public httplib::Stream {
 public:
  // Takes the socket over and makes it non-blocking. Without `tls`, in the clear.
  Connection(int fd, SSL_CTX* tls, const HttpLimits& limits);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;

  // False: it failed, or took longer than a request may.
  bool Handshake();
  // Waits for the first byte of another request, and begins its deadline and budget. False: there
  // is none within the idle time, or `stopping` came true.
  bool WaitForRequest(const std::function<bool()>& stopping);

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* ptr, std::size_t size) override;
  ssize_t write(const char* ptr, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return fd_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Ready { kYes, kTimeout, kFailed };

  Ready Wait(short events, Clock::time_point deadline) const;
  // One attempt: bytes, 0 at the end, -1 with `events` to wait for, or -1 with none.
  ssize_t TryRead(char* ptr, std::size_t size, short& events);
  ssize_t TryWrite(const char* ptr, std::size_t size, short& events);
  short TlsEvents(int result) const;
  // Fills the buffer. False at the end, after the deadline or a failure.
  bool Refill(Clock::time_point deadline);

  int fd_;
  SSL* ssl_ = nullptr;
  const HttpLimits& limits_;
  Clock::time_point request_deadline_{};
  std::size_t budget_ = 0;
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_KBS_CONNECTION_H_
