// A client of a TPM's UNIX sockets, and the few commands that the tests of the programs send.
#ifndef SVSM_TESTS_TOOLS_TPM_CLIENT_H_
#define SVSM_TESTS_TOOLS_TPM_CLIENT_H_

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

#include "svsm/core/hosted.h"

namespace svsm::testing {

inline constexpr char kTpmStartup[] = "80010000000c000001440000";
inline constexpr char kTpmDone[] = "80010000000a00000000";
inline constexpr char kTpmFailure[] = "80010000000a00000101";
// TPM2_NV_DefineSpace of the counter 01500001, TPM2_NV_Increment and TPM2_NV_Read of it by the
// owner, with empty passwords.
inline constexpr char kDefineCounter[] =
    "80020000002d0000012a40000001"
    "00000009"
    "400000090000000000"
    "0000"
    "000e01500001000b0002001200000008";
inline constexpr char kIncrement[] =
    "80020000001f000001344000000101500001"
    "00000009"
    "400000090000000000";
inline constexpr char kReadCounter[] =
    "8002000000230000014e4000000101500001"
    "00000009"
    "400000090000000000"
    "00080000";

// One connection.
class TpmClient {
 public:
  explicit TpmClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const timeval timeout{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    connected_ =
        ::connect(fd_, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof(address)) == 0;
  }
  TpmClient(const TpmClient&) = delete;
  TpmClient& operator=(const TpmClient&) = delete;
  ~TpmClient() { ::close(fd_); }

  // One request in hex digits; the reply, empty if there was none.
  std::string Ask(const std::string& hex) const {
    const ByteVector request = *FromHex(hex);
    ByteVector reply(4096);
    ssize_t got = -1;
    if (connected_ && ::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) ==
                          static_cast<ssize_t>(request.size())) {
      got = ::recv(fd_, reply.data(), reply.size(), 0);
    }
    return got <= 0 ? "" : ToHex(ByteView(reply).first(static_cast<std::size_t>(got)));
  }
  // Whether one more increment was acknowledged.
  bool Increment() const {
    const std::string reply = Ask(kIncrement);
    return reply.size() >= 20 && reply.substr(12, 8) == "00000000";
  }
  // The counter; ~0 if it cannot be read.
  std::uint64_t Counter() const {
    const std::string reply = Ask(kReadCounter);
    return reply.size() < 48 ? ~std::uint64_t{0} : std::stoull(reply.substr(32, 16), nullptr, 16);
  }

 private:
  int fd_;
  bool connected_ = false;
};

}  // namespace svsm::testing

#endif  // SVSM_TESTS_TOOLS_TPM_CLIENT_H_
