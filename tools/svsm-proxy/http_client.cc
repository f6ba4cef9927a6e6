#include "tools/svsm-proxy/http_client.h"

#include <strings.h>

#include <string_view>

#include "svsm/core/hosted.h"
#include "svsm/kbs/json.h"
#include "svsm/kbs/messages.h"

namespace svsm::tool {
namespace {

constexpr std::size_t kMaxCookieHeaders = 16;

std::string TextOf(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

// What a peer said, fit for a terminal.
std::string Printable(ByteView text) {
  constexpr std::size_t kMost = 300;
  std::string out;
  for (const std::uint8_t c : text.first(std::min(text.size(), kMost))) {
    out += c >= 0x20 && c < 0x7f ? static_cast<char>(c) : '?';
  }
  return out;
}

}  // namespace

HttpClient::HttpClient(const HttpOptions& options)
    : options_(options),
      multi_(curl_multi_init(), curl_multi_cleanup),
      easy_(curl_easy_init(), curl_easy_cleanup) {}

std::size_t HttpClient::OnBody(char* data, std::size_t size, std::size_t count, void* client) {
  HttpClient& self = *static_cast<HttpClient*>(client);
  if (size * count > kbs::kMaxHttpReplySize - self.body_.size()) {
    self.too_large_ = true;
    return 0;
  }
  self.body_.append(data, size * count);
  return size * count;
}

std::size_t HttpClient::OnHeader(char* data, std::size_t size, std::size_t count, void* client) {
  constexpr std::string_view kName = "set-cookie:";
  HttpClient& self = *static_cast<HttpClient*>(client);
  std::string_view line(data, size * count);
  if (line.size() < kName.size() || ::strncasecmp(line.data(), kName.data(), kName.size()) != 0) {
    return size * count;
  }
  line.remove_prefix(kName.size());
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  if (self.cookies_.size() < kMaxCookieHeaders) self.cookies_.emplace_back(line);
  return size * count;
}

bool HttpClient::SetUp(const kbs::HttpCall& call, curl_slist* headers) {
  CURL* easy = easy_.get();
  curl_easy_reset(easy);  // keeps the connection
  bool good = true;
  const auto set = [&](CURLoption option, auto value) {
    good = curl_easy_setopt(easy, option, value) == CURLE_OK && good;
  };
  set(CURLOPT_URL, (options_.url + TextOf(call.path)).c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  set(CURLOPT_WRITEFUNCTION, &HttpClient::OnBody);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_HEADERFUNCTION, &HttpClient::OnHeader);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (!call.cookie.empty()) set(CURLOPT_COOKIE, TextOf(call.cookie).c_str());
  if (call.method == kbs::HttpCall::Method::kPost) {
    request_body_ = TextOf(call.body);
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request_body_.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_body_.size()));
    set(CURLOPT_HTTPHEADER, headers);
  }
  return good && headers != nullptr;
}

// Until it is done, or the program is to end.
CURLcode HttpClient::Perform() {
  if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) return CURLE_FAILED_INIT;
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  for (int running = 1; running > 0;) {
    if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) break;
    int queued = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &queued)) {
      if (message->msg == CURLMSG_DONE) result = message->data.result;
    }
    if (running == 0) break;
    curl_waitfd stop = {.fd = options_.stop_fd, .events = CURL_WAIT_POLLIN, .revents = 0};
    if (curl_multi_poll(multi_.get(), &stop, 1, 1000, nullptr) != CURLM_OK || stop.revents != 0) {
      break;
    }
  }
  curl_multi_remove_handle(multi_.get(), easy_.get());
  return result;
}

kbs::HttpReply HttpClient::Failed(CURLcode code) {
  kbs::ForwardFailure failure = kbs::ForwardFailure::kUnreachable;
  if (code == CURLE_OPERATION_TIMEDOUT) failure = kbs::ForwardFailure::kTimeout;
  if (too_large_) failure = kbs::ForwardFailure::kTooLarge;
  problem_ = too_large_ ? "the answer is too large" : curl_easy_strerror(code);
  return {.failure = failure};
}

std::string HttpClient::SaidBy(long status) const {
  std::string said = "status " + std::to_string(status);
  ByteVector workspace(body_.size());
  const auto error = kbs::DecodeErrorReply(AsBytes(body_), workspace);
  if (!error.ok()) return said;
  return said + ", " + kbs::KbsErrorName(error->error) + ": " + Printable(error->detail);
}

kbs::HttpReply HttpClient::Call(const kbs::HttpCall& call) {
  body_.clear();
  cookies_.clear();
  problem_.clear();
  too_large_ = false;
  if (!easy_ || !multi_) return Failed(CURLE_FAILED_INIT);
  const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);
  if (!SetUp(call, headers.get())) return Failed(CURLE_FAILED_INIT);
  const CURLcode code = Perform();
  if (code != CURLE_OK) return Failed(code);
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) problem_ = SaidBy(status);
  return {.status = static_cast<std::uint32_t>(status), .body = AsBytes(body_)};
}

}  // namespace svsm::tool
