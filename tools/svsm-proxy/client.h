// tools/svsm-proxy/client.h: one client's connection, from its first frame to its end.
#ifndef SVSM_TOOLS_SVSM_PROXY_CLIENT_H_
#define SVSM_TOOLS_SVSM_PROXY_CLIENT_H_

#include <chrono>
#include <cstdint>
#include <vector>

#include "svsm/core/bytes.h"
#include "svsm/kbs/proxy_session.h"
#include "tools/svsm-proxy/http_client.h"
#include "tools/svsm-proxy/options.h"

namespace svsm::tool {

class Client {
 public:
  // Takes the non-blocking socket over. `number` names the client in what is printed.
  Client(int fd, std::uint64_t number, const ProxyOptions& options, const HttpOptions& http);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();

  // Returns when the client is served, refused, gone or too slow, or the program is to end.
  void Serve();

 private:
  using Clock = std::chrono::steady_clock;
  using Step = kbs::ProxySession::Step;
  enum class Io { kDone, kClosed, kTimeout, kStopped };

  Step Next(const Step& step);
  Step Take(std::size_t size);
  Step Send(ByteView bytes);
  Step Call(const kbs::HttpCall& call);
  // Ends without another word.
  Step End();
  Io Wait(short events, Clock::time_point deadline) const;
  Io Read(ByteSpan out, Clock::time_point first_deadline);
  Io Write(ByteView in);
  void Part();
  void Say(const std::string& what) const;

  const int fd_;
  const std::uint64_t number_;
  const ProxyOptions& options_;
  const int stop_fd_;
  HttpClient http_;
  std::vector<std::uint8_t> workspace_;
  std::vector<std::uint8_t> in_;
  kbs::ProxySession session_;
  Clock::time_point frame_deadline_{};
};

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_PROXY_CLIENT_H_
