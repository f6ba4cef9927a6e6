// src/vtpm/sockets/mssim_side.h: the threads that serve the two ports of the simulator's protocol.
#ifndef SVSM_SRC_VTPM_SOCKETS_MSSIM_SIDE_H_
#define SVSM_SRC_VTPM_SOCKETS_MSSIM_SIDE_H_

#include <atomic>
#include <list>
#include <thread>

#include "svsm/vtpm/mssim_service.h"
#include "svsm/vtpm/socket_server.h"

namespace svsm::vtpm {

class SocketServer::MssimSide {
 public:
  // Borrows the server, whose engine mutex guards the engine.
  explicit MssimSide(SocketServer& server) : server_(server), service_(server.engine_) {}

  // Accepts on both ports, a thread for each client, until the server's stop event; then waits for
  // the threads.
  void Loop();

 private:
  // A client, served until it goes, says so, or the server stops.
  struct Client {
    Socket socket;
    std::thread thread;
    std::atomic<bool> gone = false;
  };

  void Accept(const Socket& listener, MssimPort port);
  void ForgetThoseGone();
  void Serve(const Socket& connection, MssimPort port);
  bool Receive(int fd, MssimChannel& channel);
  MssimReply Execute(const MssimRequest& request);

  SocketServer& server_;
  MssimService service_;
  std::list<Client> clients_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_SOCKETS_MSSIM_SIDE_H_
