// Digests of the SVSM, extended into a PCR and told to the firmware's log.
#ifndef SVSM_SRC_VTPM_MEASURE_H_
#define SVSM_SRC_VTPM_MEASURE_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/writer.h"
#include "svsm/vtpm/manufacture.h"
#include "vtpm/own_tpm.h"

namespace svsm::vtpm {

// The largest event.
inline constexpr std::size_t kMaxMeasuredEvent = 8 + kMaxMeasuredDigest;
// TCG_PCClientTaggedEvent. Errors: those of a Writer.
Result<ByteView> BuildMeasuredEvent(std::uint32_t id, ByteView digest, ByteSpan out);

// Extends the tagged event {id, digest} into `pcr` as the TPM hashes it, and writes its
// TCG_PCR_EVENT2 with the digests of the active `banks`. Errors: those of OwnTpm and responses.h,
// kInternal (the TPM named digests that it should not).
Status MeasureDigest(OwnTpm& tpm, std::uint32_t pcr, std::uint32_t id, ByteView digest,
                     PcrBanks banks, wire::Writer& log);

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_MEASURE_H_
