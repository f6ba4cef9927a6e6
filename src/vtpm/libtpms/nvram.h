// What libtpms asks of its surroundings through callbacks: storage, locality, physical presence;
// and the state blobs that an engine lays in before power comes.
#ifndef SVSM_SRC_VTPM_LIBTPMS_NVRAM_H_
#define SVSM_SRC_VTPM_LIBTPMS_NVRAM_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/hosted.h"
#include "svsm/core/state_store.h"
#include "svsm/vtpm/engine.h"

namespace svsm::vtpm {

// One object at a time is registered; libtpms's callbacks carry no pointer.
class Nvram {
 public:
  explicit Nvram(StateStore& store) : store_(store) {}
  Nvram(const Nvram&) = delete;
  Nvram& operator=(const Nvram&) = delete;
  ~Nvram();

  // Errors: kInternal (Source::kLibtpms, detail = TPM_RESULT).
  Status Register();

  // Before libtpms touches state: forgets earlier failures.
  void Begin();
  // Whether the stored permanent state is one, before libtpms is told to take it up.
  // Errors: those of the store; kDataLoss (detail = TPM_RESULT).
  Status CheckPermanent();
  // After libtpms was initialised: writes what was laid in and what libtpms left unwritten, and
  // deletes the stored volatile state if that is wanted. Errors: those of the store, kInternal.
  Status FinishPowerOn(StoredVolatile after);

  void LaidIn(StateKind kind);
  void DropLaidIn();

  // See Engine.
  StateChange TakeStateChange();

  // The store's first failure since Begin(). From then on nothing is written.
  Status failure() const { return failure_; }
  // Whether a stored or laid-in state was there for libtpms to take up since Begin().
  bool has_loaded() const { return has_loaded_ || laid_in_permanent_; }

  void set_locality(std::uint8_t locality) { locality_ = locality; }
  BufferSizes buffer_sizes() const { return sizes_; }
  BufferSizes SetBufferSize(std::size_t wanted);

  Result<std::size_t> Read(StateKind kind, ByteSpan out);
  Status Write(StateKind kind, ByteView blob);
  // A blob that is not there counts as removed.
  Status Remove(StateKind kind);

 private:
  friend struct NvramCallbacks;
  Status Keep(Status status);
  Status WritePermanent(ByteView blob);
  void Remember(ByteView permanent);

  StateStore& store_;
  ByteVector permanent_;  // as it is stored, as far as is known
  StateChange change_ = StateChange::kNone;
  Status failure_;
  BufferSizes sizes_;
  std::uint8_t locality_ = 0;
  bool has_loaded_ = false;
  bool laid_in_permanent_ = false;
};

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_LIBTPMS_NVRAM_H_
