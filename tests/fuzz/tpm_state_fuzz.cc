// Bytes from outside that a TPM's state is in: the envelope in which it comes over a socket, a file
// of swtpm's state folder, and the marker of a stored TPM.
#include <cstdint>

#include "svsm/core/hosted.h"
#include "svsm/core/panic.h"
#include "svsm/vtpm/persistent.h"
#include "svsm/vtpm/state_envelope.h"

namespace {

using svsm::ByteView;

void CheckInside(ByteView whole, ByteView part) {
  SVSM_CHECK(part.empty() || (part.data() >= whole.data() &&
                              part.data() + part.size() <= whole.data() + whole.size()));
}

// Whatever the marker is, the TPM beside it is loaded, made anew because nobody had it, or left.
void CheckMarker(ByteView bytes) {
  using namespace svsm::vtpm;
  constexpr EngineState kEngine = {0x1234, "permanent", "volatile", "save"};
  svsm::MemoryStateStore store;
  SVSM_CHECK(store.Write("permanent", bytes.first(0)).ok());
  SVSM_CHECK(store.Write(kVtpmMarkerName, bytes).ok());
  PersistentVtpm persistent(store, kEngine);
  const auto start = persistent.Begin(SuspendedState::kDiscard);
  const bool kept = store.Size("permanent").ok();
  SVSM_CHECK(kept == (!start.ok() || *start == VtpmStart::kLoad));
  if (!start.ok() || *start == VtpmStart::kLoad) return;
  SVSM_CHECK(!persistent.Finish().ok());
  SVSM_CHECK(store.Write("permanent", bytes).ok() && persistent.Finish().ok());
  const auto again = persistent.Inspect();
  SVSM_CHECK(again.ok() && *again == VtpmStart::kLoad);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView in(data, size);
  const auto moved = svsm::vtpm::UnwrapState(in);
  const auto stored = svsm::vtpm::UnwrapStateFile(in);
  SVSM_CHECK(!moved.ok() || !stored.ok());
  for (const auto& state : {moved, stored}) {
    if (state.ok()) CheckInside(in, *state);
  }
  if (moved.ok()) {
    svsm::ByteVector out(size);
    const auto wrapped = svsm::vtpm::WrapState(*moved, out);
    SVSM_CHECK(wrapped.ok() && svsm::Equal(wrapped->subspan(6), in.subspan(6)));
  }
  CheckMarker(in);
  return 0;
}
