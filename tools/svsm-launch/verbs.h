// What the program does. Each throws Unusable.
#ifndef SVSM_TOOLS_SVSM_LAUNCH_VERBS_H_
#define SVSM_TOOLS_SVSM_LAUNCH_VERBS_H_

#include <string>

#include "tools/svsm-launch/options.h"

namespace svsm::launch {

// The digest, in the wanted format.
std::string Measure(const MeasureOptions& options);
// An ID block and its authentication, made and signed, or checked.
std::string IdBlock(const IdBlockOptions& options);
// What an image says about its launch, for people.
std::string Inspect(const std::string& path);

}  // namespace svsm::launch

#endif  // SVSM_TOOLS_SVSM_LAUNCH_VERBS_H_
