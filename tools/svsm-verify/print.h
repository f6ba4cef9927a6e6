// A verdict for people and for programs.
#ifndef SVSM_TOOLS_SVSM_VERIFY_PRINT_H_
#define SVSM_TOOLS_SVSM_VERIFY_PRINT_H_

#include <string>

#include "tools/svsm-verify/judge.h"

namespace svsm::verify {

// Lines, each ended: "trusted" and what it rests on, or "refused: ..." once a reason.
std::string ToText(const Outcome& outcome);

// One object: "verdict" ("trusted" or "refused"), "refusals" [{"reason","found","wanted"}],
// "not_judged" [...], "fresh", "freshness" (if not fresh), "facts" {...}.
std::string ToJson(const Outcome& outcome);
// {"verdict": "unusable", "error": "..."}
std::string ToJson(const Unusable& unusable);

}  // namespace svsm::verify

#endif  // SVSM_TOOLS_SVSM_VERIFY_PRINT_H_
