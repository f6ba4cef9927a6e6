// One case on its way: the numbers that its names stand for, and what became of it.
#ifndef SVSM_SRC_CONFORMANCE_CASE_RUN_H_
#define SVSM_SRC_CONFORMANCE_CASE_RUN_H_

#include <map>
#include <string>

#include "svsm/conformance/runner.h"
#include "svsm/conformance/subject.h"
#include "svsm/conformance/vectors.h"
#include "svsm/crypto/hash.h"

namespace svsm::conformance::internal {

std::string Hex(std::uint64_t value);

class CaseRun {
 public:
  CaseRun(Subject& subject, const crypto::Hash& sha512) : subject_(subject), sha512_(sha512) {}

  // Each is false when the case ends there; outcome() says how.
  bool Begin(const Case& one);
  bool RunStep(const Case& one, const Step& step);

  const Outcome& outcome() const { return outcome_; }

 private:
  bool End(Verdict verdict, const std::string& why);
  bool Fail(const std::string& why) { return End(Verdict::kFailed, why); }
  // The subject itself failed, or says that something is not there.
  bool EndBy(Status status, const std::string& what);

  bool Evaluate(const Expression& expression, std::uint64_t& value);
  bool EvaluateTerm(const std::string& term, std::uint64_t& value);
  bool Place(PlacedBytes placed, std::uint64_t& at, ByteVector& bytes);

  bool Meet(const Need& need);
  bool Query(std::uint32_t protocol, std::uint32_t version, bool& offered);
  // Makes a call and repeats it while it is answered BUSY or INCOMPLETE. `gone`: it did not return.
  bool Make(Gpa vmsa, Gpa area, std::uint8_t pending, protocol::CallRegisters& registers,
            bool& gone);
  bool Judge(const Case& one, const Expected& expected, const protocol::CallRegisters& registers);
  bool JudgeResult(const Case& one, const Expected& expected, std::uint64_t rax);
  bool JudgeMemory(const ExpectedMemory& expected);

  // Checks, in checks.cc.
  bool JudgeCheck(const Check& check);
  bool Argument(const Check& check, const char* name, std::uint64_t& value);
  bool ReadGuest(const Check& check, std::uint64_t at, std::uint64_t size, ByteVector& out);
  bool CheckVersionRange(const Check& check);
  bool CheckBounds(const Check& check);
  bool CheckBits(const Check& check);
  bool CheckServicesManifest(const Check& check);
  bool CheckReportData(const Check& check);

  Subject& subject_;
  const crypto::Hash& sha512_;
  std::map<std::string, std::uint64_t> saved_;
  Outcome outcome_;
};

}  // namespace svsm::conformance::internal

#endif  // SVSM_SRC_CONFORMANCE_CASE_RUN_H_
