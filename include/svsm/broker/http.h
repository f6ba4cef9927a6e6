// svsm/broker/http.h: a request and its answer, without a server: what an HTTP adapter gives to
// Broker::Handle() and sends back.
//
//   const Response response = broker.Handle({.method = Method::kPost,
//                                            .path = "/kbs/v0/auth",
//                                            .body = body,
//                                            .peer = "192.0.2.7:40112"});
//
// Profile: hosted. Allocates: the heap. Threads: values.
#ifndef SVSM_BROKER_HTTP_H_
#define SVSM_BROKER_HTTP_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "svsm/core/bytes.h"

namespace svsm::broker {

enum class Method : std::uint8_t { kGet, kPost, kPut, kDelete, kOther };

// Views are borrowed for the call.
struct Request {
  Method method = Method::kGet;
  std::string_view path = {};           // as it came, percent escapes and all, without the query
  std::string_view cookie = {};         // value of the Cookie header
  std::string_view authorization = {};  // value of the Authorization header
  ByteView body = {};
  std::string_view peer = {};  // who asks, for logs and the page alone
};

// Empty texts stand for headers that are not sent.
struct Response {
  int status = 200;
  std::string content_type = {};
  std::string set_cookie = {};
  std::string body = {};
  std::string www_authenticate = {};  // with status 401, for browsers
};

}  // namespace svsm::broker

#endif  // SVSM_BROKER_HTTP_H_
