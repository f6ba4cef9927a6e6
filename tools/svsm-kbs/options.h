// What svsm-kbs was asked to do.
#ifndef SVSM_TOOLS_SVSM_KBS_OPTIONS_H_
#define SVSM_TOOLS_SVSM_KBS_OPTIONS_H_

#include <string>

#include "tools/svsm-kbs/http_server.h"

namespace svsm::tool {

struct KbsOptions {
  // Holds broker.db, secret-keys.jwks, token-keys.jwks, admin-token, repository/ and kds-store/.
  std::string data;
  std::string policy;  // data/policy.json if empty
  std::string roots;   // AMD's if empty
  std::string curve = "P-384";
  std::string boots = "open";
  std::string bindings = "all";
  std::string spelling = "dotted";
  std::string issuer = "svsm-kbs";
  std::string port_file;
  std::int64_t session_seconds = 300;
  bool insecure_http = false;
  HttpOptions http;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_KBS_OPTIONS_H_
