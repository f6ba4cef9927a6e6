// svsm/vtpm/control_service.h: what the requests of a TPM socket's control channel do to an engine.
//
//   ControlService service(engine);
//   const ControlReply reply = service.Execute(framer.request(), has_descriptor);
//   Send(fd, reply.bytes);
//   if (reply.then == ControlReply::Then::kShutDown) return;
//
// Replies that QEMU can provoke have their full length also when they say an error, because it
// reads that length in any case. State blobs travel in swtpm's envelope (state_envelope.h), so that
// a TPM can move between the two.
//
// Profile: hosted. Allocates: for replies. Threads: one call at a time, together with the engine's
// other users: the driver holds the engine's lock around Execute(). CANCEL_TPM_CMD is the
// exception: Execute() answers it and touches nothing; the driver calls Engine::Cancel() itself,
// from a thread that does not wait for the command.
#ifndef SVSM_VTPM_CONTROL_SERVICE_H_
#define SVSM_VTPM_CONTROL_SERVICE_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/vtpm/control_channel.h"
#include "svsm/vtpm/engine.h"

namespace svsm::vtpm {

struct ControlReply {
  enum class Then : std::uint8_t {
    kGoOn,
    kShutDown,    // send the reply, then end the server
    kTakeDataFd,  // the descriptor that came with the request is the new data connection
  };
  ByteVector bytes;
  Then then = Then::kGoOn;
};

class ControlService {
 public:
  // The engine is borrowed for the service's life.
  explicit ControlService(Engine& engine) : engine_(engine) {}

  // `has_descriptor` says whether a file descriptor came with the request. Every request gets a
  // reply.
  ControlReply Execute(const ControlRequest& request, bool has_descriptor);

  // A reply of four bytes that says an error.
  static ControlReply Refuse(ControlResult result);

  // What later commands on the data channel run at.
  std::uint8_t locality() const { return locality_; }
  void set_locality(std::uint8_t locality) { locality_ = locality; }
  // The state key is set (bit 0 of GET_CONFIG).
  void set_state_is_encrypted(bool encrypted) { state_is_encrypted_ = encrypted; }
  // The engine's state is in a file that this process has locked, for as long as it lives: bit 16
  // of GET_CAPABILITY, and LOCK_STORAGE succeeds at once. Otherwise it is answered as unknown.
  void set_storage_is_locked(bool locked) { storage_is_locked_ = locked; }

 private:
  ControlReply Init(ByteView payload);
  ControlReply SetLocality(ByteView payload);
  ControlReply GetEstablished();
  ControlReply GetStateBlob(ByteView payload);
  ControlReply SetStateBlob(ByteView payload);
  ControlReply SetBufferSize(ByteView payload);
  ControlReply GetInfo(ByteView payload);

  Engine& engine_;
  std::uint8_t locality_ = 0;
  bool state_is_encrypted_ = false;
  bool storage_is_locked_ = false;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_CONTROL_SERVICE_H_
