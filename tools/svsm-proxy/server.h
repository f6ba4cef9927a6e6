// tools/svsm-proxy/server.h: accepts clients and serves each in a thread of its own.
#ifndef SVSM_TOOLS_SVSM_PROXY_SERVER_H_
#define SVSM_TOOLS_SVSM_PROXY_SERVER_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <thread>

#include "tools/svsm-proxy/http_client.h"
#include "tools/svsm-proxy/options.h"

namespace svsm::tool {

class Server {
 public:
  // Both are borrowed for the server's life.
  Server(const ProxyOptions& options, const HttpOptions& http) : options_(options), http_(http) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Until http.stop_fd is readable; then no client is left. False: the listening socket broke.
  bool Run(int listening_fd);

 private:
  struct Served {
    std::thread thread;
    std::uint64_t peer = 0;
    std::atomic<bool> done = false;
  };

  void Admit(int fd);
  bool HasRoomFor(std::uint64_t peer) const;
  void Reap();

  const ProxyOptions& options_;
  const HttpOptions& http_;
  std::list<Served> served_;
  std::uint64_t next_number_ = 1;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_PROXY_SERVER_H_
