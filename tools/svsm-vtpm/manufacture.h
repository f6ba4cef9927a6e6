// tools/svsm-vtpm/manufacture.h: makes the TPM a confidential VM's before it is served.
#ifndef SVSM_TOOLS_SVSM_VTPM_MANUFACTURE_H_
#define SVSM_TOOLS_SVSM_VTPM_MANUFACTURE_H_

#include "svsm/core/status.h"
#include "svsm/crypto/rng.h"
#include "svsm/vtpm/engine.h"
#include "tools/svsm-vtpm/options.h"

namespace svsm::tool {

// Powers the TPM on, started, with the reports of this machine or of a simulated one in its
// certificate indices. Prints which EKs there are. Errors: those of the attester and of
// vtpm::Manufacture().
Status ManufactureVtpm(vtpm::Engine& engine, const Options& options, crypto::Rng& rng);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_VTPM_MANUFACTURE_H_
