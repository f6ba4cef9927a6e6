// From files to a verdict: glue over snp::Verifier, snp::VerifyQuote and snp::VerifyHcl.
#ifndef SVSM_TOOLS_SVSM_VERIFY_JUDGE_H_
#define SVSM_TOOLS_SVSM_VERIFY_JUDGE_H_

#include <string>
#include <vector>

#include "tools/svsm-verify/explain.h"
#include "tools/svsm-verify/options.h"

namespace svsm::verify {

struct Outcome {
  std::vector<OneRefusal> refusals;
  std::vector<std::string> not_judged;
  // Whether the evidence answers a nonce that the caller named; and if not, what that means.
  bool fresh = false;
  std::string freshness;
  // What the report and the quote say, in the order of printing.
  Facts facts;
  // What the verdict rests on.
  std::vector<Link> chain;
  bool trusted() const { return refusals.empty(); }
};

// Throws Unusable.
Outcome Judge(const Options& options);

}  // namespace svsm::verify

#endif  // SVSM_TOOLS_SVSM_VERIFY_JUDGE_H_
