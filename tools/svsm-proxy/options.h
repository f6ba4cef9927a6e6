// tools/svsm-proxy/options.h: what svsm-proxy's command line says.
#ifndef SVSM_TOOLS_SVSM_PROXY_OPTIONS_H_
#define SVSM_TOOLS_SVSM_PROXY_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "svsm/kbs/proxy_protocol.h"

namespace svsm::tool {

struct ProxyOptions {
  std::string unix_path;  // empty: vsock
  bool force = false;
  std::uint32_t vsock_port = kbs::kProxyVsockPort;
  std::string url;  // of the broker, without a slash at its end
  std::string ca_file;
  std::string resource;
  std::size_t max_clients = 64;
  std::size_t max_clients_per_peer = 8;  // of one VM, or one process of this host
  std::chrono::seconds broker_timeout{30};
  std::chrono::seconds frame_timeout{10};
  std::chrono::seconds idle_timeout{60};
  std::chrono::seconds forward_idle_timeout{3600};
};

// None: all has been said, and the program ends with `exit_code`.
std::optional<ProxyOptions> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_PROXY_OPTIONS_H_
