// What the program does. Each throws Unusable.
#ifndef SVSM_TOOLS_SVSM_LAUNCH_VERBS_H_
#define SVSM_TOOLS_SVSM_LAUNCH_VERBS_H_

#include <cstddef>
#include <string>

#include "svsm/snp/launch_digest.h"
#include "tools/svsm-launch/options.h"

namespace svsm::launch {

using Digest = Bytes<snp::kLaunchDigestSize>;

// No image that is measured is larger.
inline constexpr std::size_t kImageLimit = std::size_t{1} << 30;

// The digest, in the wanted format.
std::string Measure(const MeasureOptions& options);
// An ID block and its authentication, made and signed, or checked.
std::string IdBlock(const IdBlockOptions& options);
// What an image says about its launch, for people.
std::string Inspect(const std::string& path);

// The parts of Measure() and Inspect() for IGVM files.
Digest MeasureIgvmFile(const std::string& path, const std::string& loader);
bool IsIgvm(ByteView bytes);
std::string InspectIgvm(const std::string& path, ByteView bytes);

}  // namespace svsm::launch

#endif  // SVSM_TOOLS_SVSM_LAUNCH_VERBS_H_
