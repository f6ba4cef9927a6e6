// svsm/vtpm/engine.h: the seam behind which a TPM 2.0 is: commands in, responses out, power, state.
//
//   SVSM_TRY(engine.PowerOn(StoredVolatile::kDelete));
//   SVSM_ASSIGN_OR_RETURN(const std::size_t size, engine.Execute(0, command, response));
//
// LibtpmsEngine is one implementation; a TPM in another process or in another language is another.
// Manufacture, the SVSM service and the sockets know this class alone.
//
// What every engine promises:
// - A command whose effect is to last is answered as done only when its effect is stored. If
//   storing fails, the answer is TPM_RC_FAILURE, and so is every further one until PowerOff() and
//   PowerOn(), which find the last state that was stored whole.
// - What the TPM has to say about a command is in the response. A Status other than OK says that no
//   command was run.
// - An engine without power answers every command with TPM_RC_FAILURE, as a client that asks too
//   early expects.
//
// Profile: freestanding. Allocates: as the implementation says. Threads: one call at a time, except
// Cancel(), which may be called from any thread at any moment.
#ifndef SVSM_VTPM_ENGINE_H_
#define SVSM_VTPM_ENGINE_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {

// The parts of a TPM's state, numbered as in swtpm's control channel.
enum class StateKind : std::uint8_t {
  kPermanent = 1,  // seeds, persistent keys, NV: what must survive
  kVolatile = 2,   // the running TPM, whole: for suspend and migration
  kSave = 3,       // what Shutdown(STATE) put aside
};

// What becomes of a stored volatile state after PowerOn() has taken the TPM up from it.
enum class StoredVolatile : std::uint8_t { kKeep, kDelete };

// What became of the permanent state, for who registers it with a ledger before a response leaves.
enum class StateChange : std::uint8_t {
  kNone,     // the stored bytes are the same
  kPlain,    // the clock and the TPM's random generator moved on, and nothing else
  kMatters,  // anything else: NV, keys, authorisations, counters of failed ones, restarts, ...
};

inline constexpr std::uint8_t kMaxLocality = 4;

struct BufferSizes {
  std::size_t current = 0;
  std::size_t min = 0;
  std::size_t max = 0;  // at most kMaxTpmBuffer
};

class Engine {
 public:
  // _TPM_Init: power comes. A TPM with power is cycled. Takes up the stored state; from a store
  // without one it makes a blank TPM and stores that. A stored volatile state resumes the TPM where
  // it was; otherwise Startup must follow. Errors: those of the store (kAuthFailed, kIoError, ...);
  // kDataLoss (the stored state is not one; it is left as it is), kOutOfMemory, kInternal
  // (detail = the engine's own code). The TPM is without power then.
  virtual Status PowerOn(StoredVolatile after) = 0;
  // Power goes; what was not stored is gone. Without power it does nothing.
  virtual void PowerOff() = 0;
  virtual bool powered() const = 0;

  // Runs one command at a locality and gives the size of the response at the start of `response`,
  // which may not overlap `command`. Nothing behind that size is touched.
  // Errors: kInvalidArgument (locality), kBufferTooSmall (detail = buffer_sizes().current; the
  // command was not run).
  virtual Result<std::size_t> Execute(std::uint8_t locality, ByteView command,
                                      ByteSpan response) = 0;
  // Asks a running command to end early with TPM_RC_CANCELED. Best effort.
  virtual void Cancel() = 0;

  // The size of commands and responses, and its bounds.
  virtual BufferSizes buffer_sizes() const = 0;
  // Sets it, clipped to the bounds. Errors: kFailedPrecondition (the TPM has power).
  virtual Result<BufferSizes> SetBufferSize(std::size_t wanted) = 0;

  // A blob of state, at the start of `out`. kPermanent and kSave may be read with or without power,
  // kVolatile needs power. A blob is as secret as the TPM. Errors: kNotFound (there is none),
  // kBufferTooSmall (detail = bytes needed), kFailedPrecondition (power), those of the store.
  virtual Result<std::size_t> GetState(StateKind kind, ByteSpan out) = 0;
  // Lays in a blob that the next PowerOn() takes up instead of the stored one, and then stores. An
  // empty blob stands for none. Errors: kFailedPrecondition (the TPM has power), kMalformed (not a
  // state that this engine can take up; all that was laid in before is dropped, the stored state
  // stands).
  virtual Status SetState(StateKind kind, ByteView blob) = 0;
  // The most that was done to the permanent state since the last call of this, by any function;
  // asked after Execute(), what that command did. It is judged by the bytes that were to be stored,
  // not by the command; where storing failed, it mattered. An engine that cannot tell says that it
  // mattered.
  virtual StateChange TakeStateChange() { return StateChange::kMatters; }
  // Stores the volatile state, from which the next PowerOn() resumes. Errors:
  // kFailedPrecondition (no power), those of the store.
  virtual Status StoreVolatile() = 0;

  // The D-RTM sequence: _TPM_Hash_Start, _Data (any number of times), _End at locality 4. It sets
  // the established bit. Errors: kFailedPrecondition (no power), kInternal (detail = the engine's
  // own code; the TPM may be in failure mode).
  virtual Status HashStart() = 0;
  virtual Status HashData(ByteView data) = 0;
  virtual Status HashEnd() = 0;

  // Errors: kFailedPrecondition (no power).
  virtual Result<bool> TpmEstablished() = 0;
  // Clears the bit; localities 3 and 4 may. Errors: kFailedPrecondition (no power),
  // kPermissionDenied (locality), kInternal (detail = the engine's own code).
  virtual Status ResetTpmEstablished(std::uint8_t locality) = 0;

 protected:
  ~Engine() = default;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_ENGINE_H_
