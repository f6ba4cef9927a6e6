// tools/svsm-proxy/listener.h: where clients come in.
#ifndef SVSM_TOOLS_SVSM_PROXY_LISTENER_H_
#define SVSM_TOOLS_SVSM_PROXY_LISTENER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace svsm::tool {

// A listening socket. Its file, if it has one, goes with it, unless another has taken its place.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Empty: it listens; else why it does not. `replace`: a socket that is there already goes.
  std::string ListenUnix(const std::string& path, bool replace);
  std::string ListenVsock(std::uint32_t port);

  int fd() const { return fd_; }

 private:
  std::string Listen(const void* address, std::size_t size);

  int fd_ = -1;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_PROXY_LISTENER_H_
