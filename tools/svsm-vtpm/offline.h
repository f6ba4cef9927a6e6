// tools/svsm-vtpm/offline.h: a TPM in an image, made or moved there before its VM exists.
#ifndef SVSM_TOOLS_SVSM_VTPM_OFFLINE_H_
#define SVSM_TOOLS_SVSM_VTPM_OFFLINE_H_

#include "tools/svsm-vtpm/options.h"

namespace svsm::tool {

// The verbs `manufacture` and `import`. Exit code; says on the error output what went wrong. An
// image that has a TPM is left as it is.
int RunOffline(const Options& options);

}  // namespace svsm::tool

#endif  // SVSM_TOOLS_SVSM_VTPM_OFFLINE_H_
