// src/vtpm/sockets/control_side.h: the loop that serves the control socket.
#ifndef SVSM_SRC_VTPM_SOCKETS_CONTROL_SIDE_H_
#define SVSM_SRC_VTPM_SOCKETS_CONTROL_SIDE_H_

#include "svsm/vtpm/control_channel.h"
#include "svsm/vtpm/socket_server.h"
#include "vtpm/sockets/data_side.h"

namespace svsm::vtpm {

class SocketServer::ControlSide {
 public:
  // Borrows both.
  ControlSide(SocketServer& server, DataSide& data_side) : server_(server), data_side_(data_side) {}

  // Serves one client after the other until the server's stop event. Errors: kIoError (detail =
  // errno).
  Status Loop();

 private:
  // True if the client has sent anything.
  bool Serve(const Socket& connection);
  // True when there is a request to answer.
  bool Receive(int fd, bool tcp);
  // A piece of HASH_DATA, which is answered with its last one. False if it cannot go on.
  bool TakePiece(int fd);
  // False after SHUTDOWN, when the client is gone, and when it is not clear where its next request
  // begins.
  bool Answer(int fd);
  ControlReply Execute(const ControlRequest& request);

  SocketServer& server_;
  DataSide& data_side_;
  ControlFramer framer_;
  Socket descriptor_;  // came with the current request
};

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_SOCKETS_CONTROL_SIDE_H_
