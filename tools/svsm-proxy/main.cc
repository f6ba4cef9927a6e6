// svsm-proxy: carries attestation between SVSMs on this host and a key broker. It is trusted with
// nothing: what it could read is encrypted, and what it could change is signed.
//
//   svsm-proxy --unix svsm-proxy.sock --url https://broker.example:8080 --cacert ca.pem
//   svsm-proxy --vsock --url http://127.0.0.1:8080
#include <curl/curl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>

#include "tools/svsm-proxy/listener.h"
#include "tools/svsm-proxy/options.h"
#include "tools/svsm-proxy/server.h"

namespace svsm::tool {
namespace {

// Readable from the first SIGTERM or SIGINT on: nobody reads it.
int StopDescriptor() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return ::signalfd(-1, &signals, SFD_CLOEXEC);
}

int Main(int argc, char** argv) {
  int exit_code = 0;
  const auto options = ParseOptions(argc, argv, exit_code);
  if (!options) return exit_code;
  const int stop_fd = StopDescriptor();
  if (stop_fd < 0) {
    std::perror("svsm-proxy: signalfd");
    return 1;
  }
  Listener listener;
  const std::string why = options->unix_path.empty()
                              ? listener.ListenVsock(options->vsock_port)
                              : listener.ListenUnix(options->unix_path, options->force);
  if (!why.empty()) {
    std::fprintf(stderr, "svsm-proxy: %s\n", why.c_str());
    return 1;
  }
  std::fprintf(stderr, "svsm-proxy: listening\n");
  const HttpOptions http = {.url = options->url,
                            .ca_file = options->ca_file,
                            .timeout = options->broker_timeout,
                            .stop_fd = stop_fd};
  return Server(*options, http).Run(listener.fd()) ? 0 : 1;
}

}  // namespace
}  // namespace svsm::tool

int main(int argc, char** argv) {
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return 1;
  const int exit_code = svsm::tool::Main(argc, argv);
  curl_global_cleanup();
  return exit_code;
}
