// tools/svsm-proxy/http_client.h: a client's calls to the broker, over libcurl.
#ifndef SVSM_TOOLS_SVSM_PROXY_HTTP_CLIENT_H_
#define SVSM_TOOLS_SVSM_PROXY_HTTP_CLIENT_H_

#include <curl/curl.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "svsm/kbs/proxy_session.h"

namespace svsm::tool {

struct HttpOptions {
  std::string url;      // of the broker, without a slash at its end
  std::string ca_file;  // empty: the system's roots
  std::chrono::milliseconds timeout{30000};
  int stop_fd = -1;  // readable: calls end at once
};

// One connection, kept between calls. It follows no redirect and reads no more of a body than a
// session looks at.
class HttpClient {
 public:
  explicit HttpClient(const HttpOptions& options);

  // The reply's body lives until the next call.
  kbs::HttpReply Call(const kbs::HttpCall& call);
  // The Set-Cookie headers of the last reply.
  const std::vector<std::string>& cookies() const { return cookies_; }
  // What went wrong in the last call, or what the broker said of it; empty: nothing.
  const std::string& problem() const { return problem_; }

 private:
  static std::size_t OnBody(char* data, std::size_t size, std::size_t count, void* client);
  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* client);

  bool SetUp(const kbs::HttpCall& call, curl_slist* headers);
  CURLcode Perform();
  kbs::HttpReply Failed(CURLcode code);
  std::string SaidBy(long status) const;

  const HttpOptions& options_;
  std::unique_ptr<CURLM, CURLMcode (*)(CURLM*)> multi_;
  std::unique_ptr<CURL, void (*)(CURL*)> easy_;
  std::string request_body_;
  std::string body_;
  bool too_large_ = false;
  std::vector<std::string> cookies_;
  std::string problem_;
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_PROXY_HTTP_CLIENT_H_
