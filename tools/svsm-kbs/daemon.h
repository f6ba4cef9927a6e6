// The broker with its parts, behind an HTTP server.
#ifndef SVSM_TOOLS_SVSM_KBS_DAEMON_H_
#define SVSM_TOOLS_SVSM_KBS_DAEMON_H_

#include <string>

#include "svsm/core/status.h"
#include "tools/svsm-kbs/options.h"

namespace svsm::tool {

// Serves until SIGTERM or SIGINT. After an error `error` says what was wrong.
Status Serve(const KbsOptions& options, std::string& error);

// Prints the public keys that sign secrets, making them on first use: what SVSMs pin.
Status PrintKeys(const KbsOptions& options, std::string& error);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_KBS_DAEMON_H_
