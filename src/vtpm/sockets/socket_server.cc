#include "svsm/vtpm/socket_server.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "vtpm/sockets/control_side.h"
#include "vtpm/sockets/data_side.h"
#include "vtpm/sockets/mssim_side.h"

namespace svsm::vtpm {

SocketServer::SocketServer(Engine& engine, Socket data, Socket control, SocketServerOptions options)
    : engine_(engine),
      data_(std::move(data)),
      control_(std::move(control)),
      options_(options),
      service_(engine),
      stop_event_(::eventfd(0, EFD_CLOEXEC)) {
  service_.set_state_is_encrypted(options.state_is_encrypted);
  service_.set_storage_is_locked(options.storage_is_locked);
}

SocketServer::~SocketServer() = default;

void SocketServer::ServeMssim(Socket command, Socket platform) {
  mssim_command_ = std::move(command);
  mssim_platform_ = std::move(platform);
}

Status SocketServer::Run() {
  if (ran_.exchange(true)) return Status(Code::kFailedPrecondition, Source::kVtpm);
  DataSide data_side(*this);
  MssimSide mssim_side(*this);
  std::thread data_thread([&data_side] { data_side.Loop(); });
  std::thread mssim_thread;
  if (mssim_command_.valid()) mssim_thread = std::thread([&mssim_side] { mssim_side.Loop(); });
  const Status status = ControlSide(*this, data_side).Loop();
  Stop();
  data_side.Interrupt();
  data_thread.join();
  if (mssim_thread.joinable()) mssim_thread.join();
  return status;
}

void SocketServer::Stop() {
  const std::uint64_t one = 1;
  (void)!::write(stop_event_.fd(), &one, sizeof(one));
}

}  // namespace svsm::vtpm
