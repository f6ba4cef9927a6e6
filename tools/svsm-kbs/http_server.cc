#include "tools/svsm-kbs/http_server.h"

#include <httplib.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "tools/svsm-kbs/connection.h"
#include "tools/svsm-kbs/framing.h"
#include "tools/svsm-kbs/workers.h"

namespace svsm::tool {
namespace {

constexpr int kBacklog = 1024;

struct CtxDeleter {
  void operator()(SSL_CTX* ctx) const { ::SSL_CTX_free(ctx); }
};
using TlsContext = std::unique_ptr<SSL_CTX, CtxDeleter>;

broker::Method MethodOf(const std::string& name) {
  if (name == "GET" || name == "HEAD") return broker::Method::kGet;
  if (name == "POST") return broker::Method::kPost;
  if (name == "PUT") return broker::Method::kPut;
  return name == "DELETE" ? broker::Method::kDelete : broker::Method::kOther;
}

Result<TlsContext> MakeTls(const HttpOptions& options, std::string& error) {
  TlsContext tls(::SSL_CTX_new(::TLS_server_method()));
  if (tls == nullptr) return Status(Code::kInternal, Source::kOpenssl);
  ::SSL_CTX_set_min_proto_version(tls.get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(tls.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  ::SSL_CTX_set_mode(tls.get(),
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool good =
      ::SSL_CTX_use_certificate_chain_file(tls.get(), options.certificate.c_str()) == 1 &&
      ::SSL_CTX_use_PrivateKey_file(tls.get(), options.key.c_str(), SSL_FILETYPE_PEM) == 1 &&
      ::SSL_CTX_check_private_key(tls.get()) == 1;
  if (!good) {
    const char* const reason = ::ERR_reason_error_string(::ERR_peek_last_error());
    error = "certificate or key: " + std::string(reason == nullptr ? "unusable" : reason);
    ::ERR_clear_error();
    return Status(Code::kMalformed, Source::kOpenssl);
  }
  return tls;
}

}  // namespace

class HttpServer::Impl final : public httplib::Server {
 public:
  Impl(HttpOptions options, HttpHandler handler, TlsContext tls)
      : options_(std::move(options)), handler_(std::move(handler)), tls_(std::move(tls)) {
    set_payload_max_length(options_.limits.body_bytes);
    set_keep_alive_max_count(options_.limits.requests);
    set_keep_alive_timeout(options_.limits.idle_ms / 1000);
    // Without SO_REUSEPORT, which would let two brokers share a port unseen.
    set_socket_options([](socket_t fd) {
      const int on = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    });
    new_task_queue = [this] { return new Workers(options_.limits.connections); };
    set_pre_routing_handler([](const httplib::Request& in, httplib::Response& out) {
      if (HasOneEnd(in)) return HandlerResponse::Unhandled;
      out.status = 400;
      return HandlerResponse::Handled;
    });
    const auto answer = [this](const httplib::Request& in, httplib::Response& out) {
      answered_ = true;
      Answer(in, out);
    };
    Get(kAnyPath, answer);
    Post(kAnyPath, answer);
    Put(kAnyPath, answer);
    Delete(kAnyPath, answer);
    Patch(kAnyPath, answer);
    Options(kAnyPath, answer);
    set_exception_handler([](const httplib::Request&, httplib::Response& out,
                             const std::exception_ptr&) { out.status = 500; });
  }

  bool Bind() {
    port_ = options_.port == 0 ? bind_to_any_port(options_.host)
                               : (bind_to_port(options_.host, options_.port) ? options_.port : -1);
    // cpp-httplib asks for a queue of five.
    return port_ > 0 && ::listen(svr_sock_, kBacklog) == 0;
  }

  int port() const { return port_; }

  bool Serve() {
    serving_ = true;
    if (!stopping_) listen_after_bind();
    ended_ = true;
    return stopping_;
  }

  void Stop() {
    if (stopping_.exchange(true) || !serving_) return;
    while (!is_running() && !ended_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!ended_) stop();
  }

 private:
  bool process_and_close_socket(socket_t fd) override {
    Connection connection(fd, tls_.get(), options_.limits);
    if (tls_ != nullptr && !connection.Handshake()) return false;
    const auto stopping = [this] { return stopping_.load(); };
    for (std::size_t left = options_.limits.requests; left > 0; --left) {
      if (!connection.WaitForRequest(stopping)) return true;
      bool closed = false;
      const bool last = left == 1 || stopping_;
      answered_ = false;
      if (!process_request(connection, last, closed, Prepare) || closed) return true;
      // What was refused before the handler may have been refused before it was read.
      if (!answered_) return true;
    }
    return true;
  }

  static void Prepare(httplib::Request& request) {
    // What holds secrets is neither compressed nor sent in parts.
    request.headers.erase("Accept-Encoding");
    request.ranges.clear();
    // The broker finds its way itself. Here the path would be put through a regular expression,
    // whose matcher takes a level of the stack for each character.
    request.path = kAnyPath;
    // Without a length there is no body (RFC 9112, 6.3); cpp-httplib would wait for one.
    if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
      request.set_header("Content-Length", "0");
    }
    if (!HasOneEnd(request)) {
      request.headers.erase("Connection");
      request.set_header("Connection", "close");
    }
  }

  void Answer(const httplib::Request& in, httplib::Response& out) const {
    const std::string cookie = in.get_header_value("Cookie");
    const std::string authorization = in.get_header_value("Authorization");
    const std::string peer = in.remote_addr + ':' + std::to_string(in.remote_port);
    const std::string_view path = std::string_view(in.target).substr(0, in.target.find('?'));
    const std::string_view body = in.body;
    broker::Response response = handler_(
        {.method = MethodOf(in.method),
         .path = path,
         .cookie = cookie,
         .authorization = authorization,
         .body = ByteView(static_cast<const std::uint8_t*>(static_cast<const void*>(body.data())),
                          body.size()),
         .peer = peer});
    out.status = response.status;
    out.body = std::move(response.body);
    if (!response.content_type.empty()) out.set_header("Content-Type", response.content_type);
    if (!response.set_cookie.empty()) out.set_header("Set-Cookie", response.set_cookie);
    if (!response.www_authenticate.empty()) {
      out.set_header("WWW-Authenticate", response.www_authenticate);
    }
    out.set_header("Cache-Control", "no-store");
    out.set_header("X-Content-Type-Options", "nosniff");
    out.set_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
  }

  static constexpr const char* kAnyPath = "/";
  // Whether this thread's request has come to the handler.
  static inline thread_local bool answered_ = false;

  const HttpOptions options_;
  const HttpHandler handler_;
  const TlsContext tls_;
  int port_ = -1;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> serving_ = false;
  std::atomic<bool> ended_ = false;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;
int HttpServer::port() const { return impl_->port(); }
bool HttpServer::Serve() { return impl_->Serve(); }
void HttpServer::Stop() { impl_->Stop(); }

Result<std::unique_ptr<HttpServer>> HttpServer::Listen(const HttpOptions& options,
                                                       HttpHandler handler, std::string& error) {
  TlsContext tls;
  if (options.certificate.empty() != options.key.empty()) {
    error = "a certificate needs its key";
    return Status(Code::kInvalidArgument, Source::kCaller);
  }
  if (!options.certificate.empty()) {
    SVSM_ASSIGN_OR_RETURN(tls, MakeTls(options, error));
  }
  auto impl = std::make_unique<Impl>(options, std::move(handler), std::move(tls));
  if (!impl->Bind()) {
    error = "cannot listen on " + options.host + " port " + std::to_string(options.port);
    return Status(Code::kUnavailable, Source::kSystem);
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

}  // namespace svsm::tool
