// A client that sends bytes, not requests: for what no HTTP library would send.
#ifndef SVSM_TESTS_TOOLS_TCP_CLIENT_H_
#define SVSM_TESTS_TOOLS_TCP_CLIENT_H_

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace svsm::testing {

class TcpClient {
 public:
  explicit TcpClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    ::sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = ::htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    const auto* const generic = static_cast<const ::sockaddr*>(static_cast<const void*>(&address));
    connected_ = ::connect(fd_, generic, sizeof(address)) == 0;
    const ::timeval patience = {30, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  }
  TcpClient(const TcpClient&) = delete;
  TcpClient& operator=(const TcpClient&) = delete;
  ~TcpClient() { ::close(fd_); }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }

  // False once the other side is gone.
  bool Send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  // What comes until the other side closes.
  std::string ReadAll() {
    std::string text;
    while (ReadSome(text)) {
    }
    return text;
  }
  // One response: its head and as many bytes as Content-Length says.
  std::string ReadResponse() {
    std::string text;
    for (;;) {
      const std::size_t end = text.find("\r\n\r\n");
      const std::size_t length = text.find("Content-Length: ");
      if (end != std::string::npos && length < end) {
        const std::size_t size = std::stoul(text.substr(length + 16));
        if (text.size() >= end + 4 + size) return text;
      }
      if (!ReadSome(text)) return text;
    }
  }

 private:
  bool ReadSome(std::string& text) {
    std::array<char, 4096> chunk{};
    const ssize_t got = ::recv(fd_, chunk.data(), chunk.size(), 0);
    if (got <= 0) return false;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  bool connected_ = false;
};

}  // namespace svsm::testing

#endif  // SVSM_TESTS_TOOLS_TCP_CLIENT_H_
