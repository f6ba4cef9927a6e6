#include "svsm/conformance/runner.h"

#include "conformance/case_run.h"
#include "svsm/core/panic.h"

namespace svsm::conformance {

const char* VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kFailed:
      return "FAILED";
    case Verdict::kDiffers:
      return "differs";
    case Verdict::kSkipped:
      return "skipped";
  }
  return "?";
}

Runner::Runner(Subject& subject, const crypto::Hash& sha512) : subject_(subject), sha512_(sha512) {
  SVSM_CHECK(sha512.algorithm() == crypto::HashAlg::kSha512);
}

Outcome Runner::Run(const Case& one) {
  internal::CaseRun run(subject_, sha512_);
  if (!run.Begin(one)) return run.outcome();
  for (std::size_t i = 0; i < one.steps.size(); ++i) {
    if (run.RunStep(one, one.steps[i])) continue;
    Outcome outcome = run.outcome();
    outcome.why = "step " + std::to_string(i + 1) + ": " + outcome.why;
    if (outcome.verdict == Verdict::kFailed && one.level == Level::kShould) {
      outcome.verdict = Verdict::kDiffers;
    }
    return outcome;
  }
  return Outcome();
}

}  // namespace svsm::conformance
