// Which cases there are, and how their outcomes are told.
#ifndef SVSM_TOOLS_SVSM_CONFORMANCE_LIST_H_
#define SVSM_TOOLS_SVSM_CONFORMANCE_LIST_H_

#include <stdexcept>
#include <string>
#include <vector>

#include "svsm/conformance/runner.h"
#include "svsm/conformance/vectors.h"

namespace svsm::conformance {

// Input that cannot be used: one line for people.
class Unusable final : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The cases of all files in `folder`/calls whose name matches `filter`, in which * stands for
// anything; empty: all. Throws Unusable.
std::vector<Case> FindCases(const std::string& folder, const std::string& filter);
// Where the vectors are if nobody says so: installed with the program, or in the source tree.
std::string DefaultVectors();

struct Told {
  std::string name;
  Outcome outcome;
};
struct Counts {
  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t differs = 0;
  std::size_t skipped = 0;
};
Counts Count(const std::vector<Told>& all);
std::string Line(const Told& told);
std::string Summary(const Counts& counts);
std::string Json(const std::vector<Told>& all);

}  // namespace svsm::conformance

#endif  // SVSM_TOOLS_SVSM_CONFORMANCE_LIST_H_
