// svsm/conformance/vectors.h: cases as the published vectors write them down (vectors/README.md).
//
//   SVSM_ASSIGN_OR_RETURN(const std::vector<Case> cases, LoadCases("vectors/calls/core.json"));
//
// A case is a few calls in a fresh guest. Every number in it is an expression of places (subject.h)
// and of what earlier calls gave, so that a case does not depend on how an SVSM lays out memory.
//
// Profile: hosted. Allocates: yes. Threads: values and pure functions.
#ifndef SVSM_CONFORMANCE_VECTORS_H_
#define SVSM_CONFORMANCE_VECTORS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/core/result.h"

namespace svsm::conformance {

inline constexpr std::uint32_t kVectorsVersion = 1;

// A number: terms with + or - between them, each hexadecimal ("0x1000") or a name.
using Expression = std::string;

// Bytes at a place; a little-endian number where `value` is not empty.
struct PlacedBytes {
  Expression at;
  ByteVector bytes;  // with a value: as many as the number has
  Expression value;
};

// What a guest sees at a place.
struct ExpectedMemory {
  enum class Kind : std::uint8_t { kBytes, kZero, kAccess, kNoAccess };
  Kind kind = Kind::kBytes;
  PlacedBytes placed;  // kZero: `bytes` are as many zeros
};

// Something that more than one answer may have right; see vectors/README.md for the names.
struct Check {
  std::string name;
  std::map<std::string, Expression> arguments;
};

struct Call {
  Expression vmsa = "vmsa";
  Expression area = "area";
  std::uint8_t pending = 1;             // written to CALL_PENDING
  std::array<Expression, 5> registers;  // RAX, RCX, RDX, R8, R9
};

struct Expected {
  bool gone = false;                    // the vCPU does not come back, and nothing else counts
  std::vector<Expression> rax;          // one of these
  std::array<Expression, 4> registers;  // RCX, RDX, R8, R9; empty: not looked at
  // Names that the registers have from here on, by their index among the four.
  std::vector<std::pair<std::size_t, std::string>> saved;
  std::vector<ExpectedMemory> memory;
  std::vector<Check> checks;
};

struct Step {
  std::vector<PlacedBytes> writes;
  Call call;
  Expected expected;
};

// A protocol that must be offered, in a version or without one.
struct Need {
  std::uint32_t protocol = 0;
  std::optional<std::uint32_t> version;
  std::optional<std::uint32_t> without_version;
};

// kShould: the specification could not be seen to say it, or leaves it open.
enum class Level : std::uint8_t { kMust, kShould };

struct Case {
  std::string name;
  Level level = Level::kMust;
  std::vector<Need> needs;
  std::vector<Expression>
      not_offered;  // result codes that say that the call is an option not taken
  std::vector<Step> steps;
};

// Reads the text of a file of kind "calls". Errors: kUnsupported (detail = the file's version, or 0
// if it is of another kind), kMalformed (not JSON, or a case that is not as vectors/README.md says;
// detail = index of the case, from 1; 0: the file itself).
Result<std::vector<Case>> ParseCases(ByteView json);
// The same from a file. Errors: those of ReadFile(), and as above.
Result<std::vector<Case>> LoadCases(const std::string& path);

}  // namespace svsm::conformance

#endif  // SVSM_CONFORMANCE_VECTORS_H_
