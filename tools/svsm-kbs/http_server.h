// tools/svsm-kbs/http_server.h: HTTP/1.1 on cpp-httplib, with or without TLS, bounded in every
// direction: a client that is slow, endless or silent costs one connection for some seconds.
#ifndef SVSM_TOOLS_SVSM_KBS_HTTP_SERVER_H_
#define SVSM_TOOLS_SVSM_KBS_HTTP_SERVER_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "svsm/broker/http.h"
#include "svsm/core/result.h"

namespace svsm::tool {

struct HttpLimits {
  std::size_t connections = 512;  // served at once; others wait
  std::size_t head_bytes = 16384;
  std::size_t body_bytes = 65536;  // more is answered with 413
  unsigned request_ms = 10'000;    // from a request's first byte to its last
  unsigned response_ms = 10'000;   // to take the answer
  unsigned idle_ms = 5'000;        // between two requests of a connection
  std::size_t requests = 100;      // of one connection
};

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any that is free
  // Files in PEM: TLS if both are given, HTTP in the clear if none.
  std::string certificate;
  std::string key;
  HttpLimits limits;
};

// From many threads at once.
using HttpHandler = std::function<broker::Response(const broker::Request&)>;

class HttpServer final {
 public:
  // Listens. `error` says why it does not. Errors: kInvalidArgument (one file without the other),
  // kMalformed (the files), kUnavailable (the address).
  static Result<std::unique_ptr<HttpServer>> Listen(const HttpOptions& options, HttpHandler handler,
                                                    std::string& error);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  int port() const;
  // Serves until Stop(), then ends the requests under way. False: the listening socket failed.
  bool Serve();
  // From any thread.
  void Stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_KBS_HTTP_SERVER_H_
