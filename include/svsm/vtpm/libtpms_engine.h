// svsm/vtpm/libtpms_engine.h: a TPM 2.0 by libtpms, the library that is inside swtpm.
//
//   MemoryStateStore store;
//   SVSM_ASSIGN_OR_RETURN(std::unique_ptr<LibtpmsEngine> tpm, LibtpmsEngine::Create(store, rng));
//   SVSM_TRY(tpm->PowerOn(StoredVolatile::kDelete));
//
// All randomness that ends up in a key, a nonce, a salt or a number that a caller sees comes from
// `rng`: the TPM's own DRBG is seeded from it, keys of TPM2_Create, ECDSA nonces, PSS salts and
// OAEP seeds are drawn from it. Equal draws make equal keys. (Blinding values, which change no
// result, may come from OpenSSL's own generator.) To that end this target brings a private copy of
// libtpms.a whose calls into OpenSSL's random functions were renamed when it was built; no option
// reaches the link of a consumer, and a shared libtpms in the same process is not touched. If `rng`
// fails, the command that drew from it is answered with TPM_RC_FAILURE, nothing is stored, and the
// TPM stays in failure until it is power cycled.
//
// libtpms keeps one TPM in globals: at most one LibtpmsEngine lives in a process at a time.
//
// In the store: the three blobs of kLibtpmsState. A blank TPM has all four PCR banks, as swtpm's.
//
// Profile: hosted (OpenSSL 3, libtpms 0.9). Allocates: yes. Threads: as Engine; Create() and the
// destructor from any thread, not at once with a call on the object.
#ifndef SVSM_VTPM_LIBTPMS_ENGINE_H_
#define SVSM_VTPM_LIBTPMS_ENGINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/state_store.h"
#include "svsm/crypto/rng.h"
#include "svsm/vtpm/engine.h"
#include "svsm/vtpm/persistent.h"

namespace svsm::vtpm {

// What PersistentVtpm must know of this engine.
inline constexpr EngineState kLibtpmsState = {0x4C54, "tpm2.permanent", "tpm2.volatile",
                                              "tpm2.save"};
// All names that a store of this TPM has, in the order of their files' numbers where names are
// numbers (cocoonfs::FixedStateStore); new ones go to the end.
inline constexpr std::array<const char*, 4> kLibtpmsStateNames = {
    kVtpmMarkerName, kLibtpmsState.permanent, kLibtpmsState.volatile_state, kLibtpmsState.save};

class LibtpmsEngine final : public Engine {
 public:
  // An engine without power. Borrows `store` and `rng` for its life; it alone may use the store's
  // three names meanwhile. Errors: kAlreadyExists (another one lives), kInternal (libtpms or
  // OpenSSL refuse; detail = TPM_RESULT).
  static Result<std::unique_ptr<LibtpmsEngine>> Create(StateStore& store, crypto::Rng& rng);
  LibtpmsEngine(const LibtpmsEngine&) = delete;
  LibtpmsEngine& operator=(const LibtpmsEngine&) = delete;
  ~LibtpmsEngine();

  Status PowerOn(StoredVolatile after) override;
  void PowerOff() override;
  bool powered() const override;
  Result<std::size_t> Execute(std::uint8_t locality, ByteView command, ByteSpan response) override;
  void Cancel() override;
  BufferSizes buffer_sizes() const override;
  Result<BufferSizes> SetBufferSize(std::size_t wanted) override;
  Result<std::size_t> GetState(StateKind kind, ByteSpan out) override;
  Status SetState(StateKind kind, ByteView blob) override;
  StateChange TakeStateChange() override;
  Status StoreVolatile() override;
  Status HashStart() override;
  Status HashData(ByteView data) override;
  Status HashEnd() override;
  Result<bool> TpmEstablished() override;
  Status ResetTpmEstablished(std::uint8_t locality) override;

  // Why the TPM answers TPM_RC_FAILURE: what the store or the Rng said first. OK while neither has
  // failed since PowerOn().
  Status failure() const;
  // libtpms's own description of itself, JSON of the form {"TPMSpecification":{...},
  // "TPMAttributes":{...}}; `flags` as in swtpm's CMD_GET_INFO: 1 specification, 2 attributes.
  std::string Info(std::uint32_t flags) const;

 private:
  struct Core;
  explicit LibtpmsEngine(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_LIBTPMS_ENGINE_H_
