// svsm/snp_verify/policy_json.h: a Policy as a JSON file.
//
//   {
//     "measurements": ["<96 hex digits>"],
//     "vmpl": 0,
//     "debug": "refuse",
//     "minimum_tcb": {"Milan": {"bootloader": 4, "tee": 0, "snp": 24, "microcode": 219}}
//   }
//
// Keys are named as the members of Policy; absent ones keep their defaults. Digests and ids are
// strings of hex digits in either case, rules are "refuse" or "allow", 64-bit masks are numbers or
// strings "0x...", `crl` is "if-present", "if-present-even-stale" or "required", `minimum_firmware`
// is "major.minor.build". Chip ids have 128 digits, or 16 for Turin. The schema for editors is
// src/snp/verify/policy.schema.json.
//
// Profile: hosted. Allocates: the heap. Threads: the function is pure.
#ifndef SVSM_SNP_VERIFY_POLICY_JSON_H_
#define SVSM_SNP_VERIFY_POLICY_JSON_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "svsm/core/result.h"
#include "svsm/snp_verify/policy.h"

namespace svsm::snp {

inline constexpr std::size_t kMaxPolicySize = std::size_t{1} << 20;

// Reads a policy. What is not understood is an error, never passed over: a misspelt key would
// otherwise allow what it was to forbid. After an error `error` is a line for people, which names
// the key ("minimum_tcb.Milan.bootloder: unknown key").
// Errors: kMalformed (not JSON, unknown or repeated key, value of a wrong type, size or range),
// kOutOfRange (above kMaxPolicySize).
Result<Policy> ParsePolicyJson(std::string_view json, std::string& error);

}  // namespace svsm::snp

#endif  // SVSM_SNP_VERIFY_POLICY_JSON_H_
