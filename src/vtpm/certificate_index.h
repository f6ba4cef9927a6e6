// The NV index in which an EK's report is.
#ifndef SVSM_SRC_VTPM_CERTIFICATE_INDEX_H_
#define SVSM_SRC_VTPM_CERTIFICATE_INDEX_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "vtpm/own_tpm.h"

namespace svsm::vtpm {

// Whether there is such an index, whatever it is.
Result<bool> HasIndex(OwnTpm& tpm, std::uint32_t index);

// Removes the index. The response code if the TPM refuses: a guest may have defined it so that only
// its own policy removes it.
Result<std::uint32_t> RemoveIndex(OwnTpm& tpm, std::uint32_t index);

// Puts `content` (at most kMaxEkCertificate bytes) into the index, which is defined anew unless it
// has the right size and attributes, and locks it until the next Startup. The response code if an
// index that is in the way cannot be removed; then nothing was written. Errors: those of OwnTpm and
// responses.h, kFailedPrecondition (the TPM refuses what it must not; detail = response code).
Result<std::uint32_t> WriteCertificate(OwnTpm& tpm, std::uint32_t index, ByteView content);

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_CERTIFICATE_INDEX_H_
