// svsm/conformance/runner.h: runs one case of the published vectors against an SVSM.
//
//   Runner runner(subject, sha512);
//   const Outcome outcome = runner.Run(one);
//   fmt::print("{} {} {}\n", VerdictName(outcome.verdict), one.name, outcome.why);
//
// Each case starts in a fresh guest. A call that is answered BUSY or INCOMPLETE is repeated, as a
// guest must.
//
// Profile: hosted. Allocates: yes. Threads: one object, one thread.
#ifndef SVSM_CONFORMANCE_RUNNER_H_
#define SVSM_CONFORMANCE_RUNNER_H_

#include <cstdint>
#include <string>

#include "svsm/conformance/subject.h"
#include "svsm/conformance/vectors.h"
#include "svsm/crypto/hash.h"

namespace svsm::conformance {

enum class Verdict : std::uint8_t {
  kPassed,
  kFailed,
  kDiffers,  // fails a case of Level::kShould
  kSkipped   // the SVSM does not offer what the case is about, or a place is missing
};

// "passed", "FAILED", "differs", "skipped".
const char* VerdictName(Verdict verdict);

struct Outcome {
  Verdict verdict = Verdict::kPassed;
  std::string why;  // one line; empty for kPassed
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// How often a call is repeated while it is answered BUSY or INCOMPLETE.
inline constexpr std::uint32_t kMaxRepeats = 10000;

class Runner final {
 public:
  // Borrows both for its own life. Panics unless `sha512` is SHA-512.
  Runner(Subject& subject, const crypto::Hash& sha512);

  // What came of a case. A subject that fails fails the case: the last step says why.
  Outcome Run(const Case& one);

 private:
  Subject& subject_;
  const crypto::Hash& sha512_;
};

}  // namespace svsm::conformance

#endif  // SVSM_CONFORMANCE_RUNNER_H_
