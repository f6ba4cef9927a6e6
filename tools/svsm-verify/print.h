// A verdict for people and for programs.
#ifndef SVSM_TOOLS_SVSM_VERIFY_PRINT_H_
#define SVSM_TOOLS_SVSM_VERIFY_PRINT_H_

#include <cstdint>
#include <string>

#include "tools/svsm-verify/judge.h"

namespace svsm::verify {

// Lines, each ended: "trusted" and what it rests on, or "refused: ..." once a reason.
std::string ToText(const Outcome& outcome);

// The verdict, then each link of the chain: what it proves, to whom, what was found, what is wrong.
std::string ToChainText(const Outcome& outcome);

// One object: "verdict" ("trusted" or "refused"), "refusals" [{"reason","found","wanted"}],
// "not_judged" [...], "fresh", "freshness" (if not fresh), "facts" {...}; and, if the chain is
// asked for, "chain" [{"title","state","proves","to_whom","found","refusals","not_judged"}].
enum class Detail : std::uint8_t { kVerdict, kChain };
std::string ToJson(const Outcome& outcome, Detail detail);
// {"verdict": "unusable", "error": "..."}
std::string ToJson(const Unusable& unusable);

}  // namespace svsm::verify

#endif  // SVSM_TOOLS_SVSM_VERIFY_PRINT_H_
