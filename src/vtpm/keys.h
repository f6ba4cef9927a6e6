// Primary keys at persistent handles: found as they must be, or made.
#ifndef SVSM_SRC_VTPM_KEYS_H_
#define SVSM_SRC_VTPM_KEYS_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/evidence/ek_template.h"
#include "svsm/vtpm/manufacture.h"
#include "vtpm/own_tpm.h"

namespace svsm::vtpm {

struct PersistentKey {
  evidence::KeyTemplate id;
  std::uint32_t hierarchy;
  std::uint32_t handle;
};

struct KeyOutcome {
  EkState state = EkState::kAbsent;
  std::uint32_t response_code = 0;
  std::size_t public_size = 0;  // of the TPM2B_PUBLIC
};

// Makes sure that `key` is at its handle, and puts its TPM2B_PUBLIC at the start of `public_area`
// (at least evidence::kMaxTpmPublicSize bytes; also used as scratch). Whatever else is at the
// handle is removed. That the TPM's owner forbids one of these is an outcome. Errors: those of
// OwnTpm, responses.h, and the hashes.
Result<KeyOutcome> EnsureKey(OwnTpm& tpm, const ManufactureHashes& hashes, const PersistentKey& key,
                             ByteSpan public_area);

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_KEYS_H_
