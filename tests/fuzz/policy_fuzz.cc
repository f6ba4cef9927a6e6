// Policy files.
#include <cstdlib>

#include "svsm/core/hosted.h"
#include "svsm/snp_verify/policy_json.h"

using namespace svsm;       // NOLINT(google-build-using-namespace)
using namespace svsm::snp;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  std::string error = "left from before";
  const Result<Policy> policy = ParsePolicyJson(text, error);
  if (policy.ok() != error.empty()) std::abort();
  if (policy.ok() && policy->vmpl && policy->vmpl->value() >= kNumVmpls) std::abort();
  return 0;
}
