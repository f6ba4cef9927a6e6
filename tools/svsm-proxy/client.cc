#include "tools/svsm-proxy/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "svsm/core/hosted.h"
#include "tools/svsm-proxy/log.h"

namespace svsm::tool {

Client::Client(int fd, std::uint64_t number, const ProxyOptions& options, const HttpOptions& http)
    : fd_(fd),
      number_(number),
      options_(options),
      stop_fd_(http.stop_fd),
      http_(http),
      workspace_(kbs::kProxyWorkspaceSize),
      in_(kbs::kMaxFrameBodySize),
      session_({.resource = AsBytes(options.resource)}, workspace_) {}

Client::~Client() { ::close(fd_); }

void Client::Say(const std::string& what) const {
  Log("client " + std::to_string(number_) + ": " + what);
}

void Client::Serve() {
  Step step = session_.Advance(ByteView());
  while (step.kind != Step::Kind::kEnd) step = Next(step);
  if (session_.refusal())
    Say(std::string("refused: ") + kbs::ProxyRefusalName(*session_.refusal()));
  Part();
}

Client::Step Client::Next(const Step& step) {
  switch (step.kind) {
    case Step::Kind::kNeed:
      return Take(step.need);
    case Step::Kind::kSend:
      return Send(step.send);
    case Step::Kind::kCall:
      return Call(step.call);
    case Step::Kind::kEnd:
      break;
  }
  return End();
}

Client::Step Client::End() { return {}; }

Client::Step Client::Take(std::size_t size) {
  const bool begins = session_.between_frames();
  const ByteSpan in = ByteSpan(in_).first(size);
  const auto idle = session_.forwards() ? options_.forward_idle_timeout : options_.idle_timeout;
  if (begins) frame_deadline_ = {};
  switch (Read(in, begins ? Clock::now() + idle : frame_deadline_)) {
    case Io::kDone:
      return session_.Advance(in);
    case Io::kTimeout:
      // Unasked, a client that forwards would take it for the answer to its next request.
      if (session_.forwards() && frame_deadline_ == Clock::time_point{}) return End();
      return session_.Refuse(kbs::ProxyRefusal::kIdle);
    case Io::kClosed:
      if (frame_deadline_ != Clock::time_point{}) Say("gone in the middle of a frame");
      return End();
    case Io::kStopped:
      break;
  }
  return End();
}

Client::Step Client::Send(ByteView bytes) {
  if (Write(bytes) == Io::kDone) return session_.Advance(ByteView());
  Say("did not take its answer");
  return End();
}

Client::Step Client::Call(const kbs::HttpCall& call) {
  const std::string path(call.path.begin(), call.path.end());
  const kbs::HttpReply reply = http_.Call(call);
  if (!http_.problem().empty()) Say(path + ": " + http_.problem());
  for (const std::string& cookie : http_.cookies()) session_.SetCookie(AsBytes(cookie));
  return session_.Advance(reply);
}

Client::Io Client::Wait(short events, Clock::time_point deadline) const {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Io::kTimeout;
    pollfd fds[2] = {{fd_, events, 0}, {stop_fd_, POLLIN, 0}};
    const int ready = ::poll(fds, 2, static_cast<int>(std::min<long long>(left + 1, 60000)));
    if (ready < 0 && errno != EINTR) return Io::kClosed;
    if (ready <= 0) continue;
    if (fds[1].revents != 0) return Io::kStopped;
    return Io::kDone;
  }
}

// Until the first byte, `first_deadline` counts; from it on, the frame's.
Client::Io Client::Read(ByteSpan out, Clock::time_point first_deadline) {
  std::size_t done = 0;
  while (done < out.size()) {
    const bool begun = frame_deadline_ != Clock::time_point{};
    const Io io = Wait(POLLIN, begun ? frame_deadline_ : first_deadline);
    if (io != Io::kDone) return io;
    const ssize_t size = ::recv(fd_, out.data() + done, out.size() - done, 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) return Io::kClosed;
    if (!begun) frame_deadline_ = Clock::now() + options_.frame_timeout;
    done += static_cast<std::size_t>(size);
  }
  return Io::kDone;
}

Client::Io Client::Write(ByteView in) {
  const Clock::time_point deadline = Clock::now() + options_.frame_timeout;
  while (!in.empty()) {
    const ssize_t size = ::send(fd_, in.data(), in.size(), MSG_NOSIGNAL);
    if (size >= 0) {
      in = in.subspan(static_cast<std::size_t>(size));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return Io::kClosed;
    const Io io = Wait(POLLOUT, deadline);
    if (io != Io::kDone) return io;
  }
  return Io::kDone;
}

// Lets the client take the last answer: bytes of its own that nobody read would take the answer
// away on some transports.
void Client::Part() {
  ::shutdown(fd_, SHUT_WR);
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(2);
  while (Wait(POLLIN, deadline) == Io::kDone) {
    const ssize_t size = ::recv(fd_, in_.data(), in_.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return;
  }
}

}  // namespace svsm::tool
