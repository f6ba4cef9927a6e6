// svsm/vtpm/mssim_service.h: what the requests of the TPM simulator's protocol do to an engine.
//
//   MssimService service(engine);
//   const MssimReply reply = service.Execute(channel.request());      // mssim_channel.h
//
// One service answers any number of connections to both ports.
// - POWER_ON of a TPM that has power does nothing, for libtss2 sends it at the start of every
//   program. RESET and RESTART cycle the power in any case.
// - The locality of SEND_COMMAND is that of this command alone.
// - NV_ON, NV_OFF, PHYS_PRES_ON, PHYS_PRES_OFF, CANCEL_OFF and SET_ALTERNATIVE_RESULT are answered
//   and have no effect: the engine's NV is always there, and it knows no physical presence.
//
// Profile: hosted. Allocates: for replies. Threads: one call at a time, together with the engine's
// other users: the driver holds the engine's lock around Execute(). CANCEL_ON is the exception: it
// touches only Engine::Cancel(), so that it may come without the lock while a command runs.
#ifndef SVSM_VTPM_MSSIM_SERVICE_H_
#define SVSM_VTPM_MSSIM_SERVICE_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/hosted.h"
#include "svsm/vtpm/engine.h"
#include "svsm/vtpm/mssim_channel.h"

namespace svsm::vtpm {

struct MssimReply {
  enum class Then : std::uint8_t {
    kGoOn,
    kClose,     // send the reply, then close this connection
    kShutDown,  // end the server
  };
  ByteVector bytes;  // may be empty
  Then then = Then::kGoOn;
};

class MssimService {
 public:
  // The engine is borrowed for the service's life.
  explicit MssimService(Engine& engine) : engine_(engine) {}

  // An unknown code is answered with 1 on the platform port, with nothing on the command port, and
  // the connection closed. Power that cannot come, and a failing hash sequence, are answered
  // with 1. A command that is shorter than its header, over the buffer, or not as long as its own
  // size field says, gets TPM_RC_COMMAND_SIZE (part 2, 6.6.3), a locality above 4 TPM_RC_LOCALITY.
  MssimReply Execute(const MssimRequest& request);

 private:
  MssimReply ExecuteCommandPort(const MssimRequest& request);
  MssimReply ExecutePlatformPort(const MssimRequest& request);
  MssimReply SendCommand(const MssimRequest& request);

  Engine& engine_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_MSSIM_SERVICE_H_
