// tools/svsm-proxy/log.h: what the person who runs the proxy reads.
#ifndef SVSM_TOOLS_SVSM_PROXY_LOG_H_
#define SVSM_TOOLS_SVSM_PROXY_LOG_H_

#include <string>

namespace svsm::tool {

// A line to stderr. Of many in one second, the rest is counted, so that no client fills a disk.
void Log(const std::string& line);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_PROXY_LOG_H_
