// svsm/vtpm/persistent.h: whether a boot loads the TPM that is stored, makes a new one, or wakes
// one up: decided by a marker in the store, so that no interruption can make it decide wrongly.
//
//   PersistentVtpm persistent(store, kLibtpmsState);
//   SVSM_ASSIGN_OR_RETURN(const VtpmStart start, persistent.Begin(SuspendedState::kDiscard));
//   SVSM_TRY(Manufacture(engine, ...));                   // loads, or makes what is missing
//   if (start == VtpmStart::kManufacture) SVSM_TRY(persistent.Finish());
//   ...                                                   // only now a guest gets the TPM
//
// The marker says "begun" before the first byte of a new TPM is stored, and "whole" when it is
// ready for its first guest. What a boot finds, and does:
//
//   no marker, no state       a new TPM: "begun" is written
//   "begun"                   an interrupted manufacture, which no guest has seen: what there is of
//                             it is removed, and a new TPM is made
//   "whole"                   the TPM is loaded; if its state is gone, that is kDataLoss and never
//                             a reason to make another
//   no marker, but state      refused: this is not a TPM that came here in this way
//
// A store that cannot be read is an error and never "no TPM": a boot that meets one has no TPM, and
// an ephemeral one only if its owner has said so.
//
// A volatile state is the running TPM, PCRs included. It is taken up only by a caller that says
// that the guest, too, goes on from the same moment; any other boot discards it before power comes,
// for it would give a new guest the measurements of an old one.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread. Format: below.
#ifndef SVSM_VTPM_PERSISTENT_H_
#define SVSM_VTPM_PERSISTENT_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/state_store.h"
#include "svsm/core/wire.h"

namespace svsm::vtpm {

// The blobs that an engine keeps in its store, and a tag that no other engine has.
struct EngineState {
  std::uint16_t tag = 0;
  const char* permanent = nullptr;
  const char* volatile_state = nullptr;
  const char* save = nullptr;
};

// The marker's name and bytes. Little-endian.
inline constexpr char kVtpmMarkerName[] = "vtpm.marker";
inline constexpr Bytes<16> kVtpmMarkerLabel = {'s', 'v', 's', 'm', '-', 'v', 't', 'p',
                                               'm', '-', 'm', 'a', 'r', 'k', 'e', 'r'};
enum class VtpmMarkerPhase : std::uint8_t { kBegun = 1, kWhole = 2 };
struct VtpmMarker {
  Bytes<16> label;       // kVtpmMarkerLabel
  std::uint8_t version;  // 1
  std::uint8_t phase;    // VtpmMarkerPhase
  wire::Le16 engine_tag;
  Bytes<12> reserved;  // zero
};
static_assert(wire::Struct<VtpmMarker> && sizeof(VtpmMarker) == 32);
static_assert(offsetof(VtpmMarker, version) == 16 && offsetof(VtpmMarker, phase) == 17 &&
              offsetof(VtpmMarker, engine_tag) == 18 && offsetof(VtpmMarker, reserved) == 20);

enum class VtpmStart : std::uint8_t {
  kManufacture,  // nothing is stored, and the marker says "begun"
  kLoad,         // a whole TPM, without a volatile state
  kResume,       // a whole TPM with a volatile state, from which PowerOn() resumes
};

enum class SuspendedState : std::uint8_t {
  kDiscard,  // a stored volatile state is removed
  kTakeUp,   // it is left for PowerOn(StoredVolatile::kDelete), after which no Startup follows
};

// Details of this header's own errors.
inline constexpr std::uint32_t kMarkerUnreadable = 1;  // the marker is none
inline constexpr std::uint32_t kStateGone = 2;         // "whole", and no permanent state
inline constexpr std::uint32_t kStateWithoutMarker = 3;
inline constexpr std::uint32_t kNotBegun = 4;

class PersistentVtpm final {
 public:
  // Borrows the store; `engine` names static strings. Only this boot uses the store meanwhile.
  PersistentVtpm(StateStore& store, const EngineState& engine) : store_(store), engine_(engine) {}

  // What is stored, without writing anything: kManufacture also for an interrupted manufacture.
  // Errors (Source::kVtpm): kDataLoss (detail = kMarkerUnreadable, kStateGone),
  // kFailedPrecondition (detail = kStateWithoutMarker), kUnsupported (a marker of another version
  // or engine; detail = version << 16 | tag); and those of the store, among them kAuthFailed and
  // kIoError, in which case there may well be a TPM.
  Result<VtpmStart> Inspect();

  // Decides, and prepares the store: before kManufacture the marker says "begun" and the engine has
  // no state; before kLoad there is no volatile state. Call it while the engine has no power.
  // Errors: as Inspect(), and those of the store's Write() and Remove(); calling again is always
  // right.
  Result<VtpmStart> Begin(SuspendedState suspended);

  // The new TPM is whole: writes the marker, durably. Errors: kFailedPrecondition (detail =
  // kNotBegun: the marker does not say "begun"; kStateGone: the engine has stored nothing), those
  // of the store.
  Status Finish();

 private:
  Result<VtpmMarker> ReadMarker();
  Status WriteMarker(VtpmMarkerPhase phase);
  Result<bool> Has(const char* name);
  Status Discard(const char* name);

  StateStore& store_;
  EngineState engine_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_PERSISTENT_H_
