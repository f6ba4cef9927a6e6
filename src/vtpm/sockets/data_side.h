// src/vtpm/sockets/data_side.h: the thread that serves the data socket.
#ifndef SVSM_SRC_VTPM_SOCKETS_DATA_SIDE_H_
#define SVSM_SRC_VTPM_SOCKETS_DATA_SIDE_H_

#include <mutex>

#include "svsm/vtpm/data_channel.h"
#include "svsm/vtpm/socket_server.h"
#include "vtpm/sockets/socket_io.h"

namespace svsm::vtpm {

class SocketServer::DataSide {
 public:
  // Borrows the server, whose engine mutex guards the engine and the service.
  explicit DataSide(SocketServer& server);

  // Serves one client after the other until the server's stop event, or Interrupt().
  void Loop();
  // Makes `connection` the data client. False if there is one already. What comes there are a
  // guest's bytes, whose locality the control channel says: a frame, which names one, is refused.
  bool HandOver(Socket connection);
  // Ends Loop() also from within a read.
  void Interrupt();

 private:
  // The next client; an invalid socket at the end.
  Socket Next();
  // True if the client has sent anything.
  bool Serve(const Socket& connection);
  bool Receive(int fd, bool tcp);
  bool ReadAhead(int fd, bool tcp, internal::Patience& patience);
  ByteView Run();

  SocketServer& server_;
  Socket handover_event_;
  std::mutex mutex_;  // guards the next four
  Socket handed_over_;
  bool by_control_ = false;  // how that one came
  int current_fd_ = -1;
  bool interrupted_ = false;
  DataChannel::Frames frames_ = DataChannel::Frames::kTaken;  // from the present client
  DataChannel channel_;
  ByteVector response_;
  ByteVector read_buffer_;
  ByteView ahead_;  // of read_buffer_: what the channel has not taken yet
};

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_SOCKETS_DATA_SIDE_H_
