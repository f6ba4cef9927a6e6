// What differs between two permanent states of libtpms, as far as a ledger must know.
#ifndef SVSM_SRC_VTPM_LIBTPMS_STATE_CHANGE_H_
#define SVSM_SRC_VTPM_LIBTPMS_STATE_CHANGE_H_

#include "svsm/core/bytes.h"
#include "svsm/vtpm/engine.h"

namespace svsm::vtpm {

// kPlain only when the two have equal sizes and one clock each, with the TPM's generator behind it,
// at the same place, and differ nowhere else. Bytes of a guest's that look like that section make
// two of them, so that what it changes there matters.
StateChange CompareStates(ByteView before, ByteView after);

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_LIBTPMS_STATE_CHANGE_H_
