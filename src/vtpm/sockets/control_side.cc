#include "vtpm/sockets/control_side.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "svsm/core/errno_status.h"
#include "vtpm/sockets/socket_io.h"

namespace svsm::vtpm {
namespace {

using internal::Wait;
using internal::Waited;

// How long a client may be silent in the middle of a request, and how long it may take in all.
constexpr int kSilenceMs = 500;
constexpr std::uint32_t kRequestMs = 10'000;
constexpr std::size_t kChunk = 64 * 1024;

// One read, with the descriptor that may come along.
ssize_t ReceiveWithDescriptor(int fd, ByteSpan out, Socket& descriptor) {
  iovec io{out.data(), out.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)] = {};
  msghdr message{};
  message.msg_iov = &io;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  const ssize_t got = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); got > 0 && part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      descriptor = Socket(received);  // the last one counts, the others are closed
    }
  }
  return got;
}

}  // namespace

Status SocketServer::ControlSide::Loop() {
  const int stop = server_.stop_event_.fd();
  if (!server_.control_.valid()) {
    (void)Wait(stop, stop, -1);
    return OkStatus();
  }
  if (!internal::IsListening(server_.control_)) {
    (void)Serve(server_.control_);
    (void)Wait(stop, stop, server_.options_.end_with_client ? 0 : -1);
    return OkStatus();
  }
  while (Wait(server_.control_.fd(), stop, -1) == Waited::kReady) {
    const Socket connection(::accept4(server_.control_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) {
      if (errno == EINTR || errno == ECONNABORTED || errno == EAGAIN) continue;
      return FromErrno(errno, Source::kVtpm);
    }
    internal::PrepareConnection(connection, kRequestMs);
    if (Serve(connection) && server_.options_.end_with_client) break;
  }
  return OkStatus();
}

bool SocketServer::ControlSide::Serve(const Socket& connection) {
  const bool tcp = internal::IsTcp(connection);
  bool spoke = false;
  while (Receive(connection.fd(), tcp)) {
    spoke = true;
    if (!Answer(connection.fd())) break;
  }
  framer_.Next();
  descriptor_ = Socket();
  return spoke;
}

bool SocketServer::ControlSide::Receive(int fd, bool tcp) {
  ByteVector chunk(kChunk);
  internal::Patience patience(kRequestMs);
  for (;;) {
    const int left_ms = patience.LeftMs(framer_.in_request());
    const Waited waited =
        Wait(fd, server_.stop_event_.fd(), left_ms < 0 ? -1 : std::min(left_ms, kSilenceMs));
    if (waited == Waited::kTimedOut) return framer_.GiveUp();
    if (waited == Waited::kStopped) return false;
    if (tcp) internal::AcknowledgeAtOnce(fd);
    const ssize_t got = ReceiveWithDescriptor(fd, chunk, descriptor_);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    const ByteSpan received = ByteSpan(chunk).first(static_cast<std::size_t>(got));
    const ControlFramer::Event event = framer_.Feed(received);
    Wipe(received);
    if (event == ControlFramer::Event::kRequest) return true;
    if (event == ControlFramer::Event::kPiece) {
      if (!TakePiece(fd)) return false;
      patience = internal::Patience(kRequestMs);
    }
  }
}

bool SocketServer::ControlSide::TakePiece(int fd) {
  const ControlReply reply = Execute(framer_.request());
  framer_.Next();
  const Bytes<4> success{};
  if (Equal(reply.bytes, success)) return true;
  // What follows of the data is not told from requests.
  (void)internal::WriteAll(fd, reply.bytes);
  return false;
}

bool SocketServer::ControlSide::Answer(int fd) {
  ControlReply reply = Execute(framer_.request());
  if (reply.then == ControlReply::Then::kTakeDataFd &&
      !data_side_.HandOver(std::move(descriptor_))) {
    reply = ControlService::Refuse(ControlResult::kBadOrdinal);
  }
  const bool in_step = framer_.in_step();
  framer_.Next();
  descriptor_ = Socket();
  const bool sent = internal::WriteAll(fd, reply.bytes);
  Wipe(reply.bytes);
  if (reply.then == ControlReply::Then::kShutDown) server_.Stop();
  return sent && in_step && reply.then != ControlReply::Then::kShutDown;
}

ControlReply SocketServer::ControlSide::Execute(const ControlRequest& request) {
  if (request.command == ControlCommand::kCancelTpmCommand && request.well_sized) {
    server_.engine_.Cancel();
  }
  const std::lock_guard lock(server_.engine_mutex_);
  return server_.service_.Execute(request, descriptor_.valid());
}

}  // namespace svsm::vtpm
