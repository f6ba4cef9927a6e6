// Power cuts: a script recorded on a fault device, and the judgement of what a cut leaves of it.
#ifndef SVSM_TESTS_COCOONFS_POWER_H_
#define SVSM_TESTS_COCOONFS_POWER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "svsm/testing/crash_states.h"
#include "tests/cocoonfs/machine.h"

namespace svsm::cocoonfs {

// A script that ran without a cut: where in the log each step began and was acknowledged.
struct Recording {
  struct Step {
    std::size_t begin = 0;
    std::size_t acknowledged = 0;
    std::size_t end = 0;
  };

  ByteVector base;  // the image before the first step
  testing::DeviceLog log;
  std::vector<Step> steps;
  std::vector<Contents> versions;  // before the first step, and after each

  // What the image may show in that state: versions[first] to versions[last].
  std::size_t FirstAllowed(const testing::CrashState& state) const;
  std::size_t LastAllowed(const testing::CrashState& state) const;
};

// Formats, opens and runs the script. Steps that are not cancelled are applied at once, or through
// WriteJournal(), which acknowledges already, in turns.
Status Record(const MachineConfig& config, const std::vector<ScriptStep>& script, Recording& out);

// Opens what a cut left and judges it.
class PowerJudge {
 public:
  explicit PowerJudge(const MachineConfig& config) : config_(config) {}

  // How often the recovery itself is cut: of each `n`th state with a pending commit. 0: never.
  void CutRecoveries(std::size_t n) { recovery_every_ = n; }

  // Whether the device shows one of versions[first] to versions[last] as a whole, before and after
  // the pending commit is applied, takes a further commit, and Verify() is clean; why() says what
  // is wrong.
  bool Judge(testing::FaultDevice& device, std::span<const Contents> versions, std::size_t first,
             std::size_t last);
  const std::string& why() const { return why_; }

  // States that differ in their bytes or in what is allowed.
  std::size_t num_states() const { return seen_.size(); }
  std::size_t num_recoveries() const { return num_recoveries_; }

 private:
  bool Recover(testing::FaultDevice& device, std::span<const Contents> allowed, bool cut);
  bool ApplyPending(testing::FaultDevice& device, FileSystem& fs, const Contents& shown, bool cut);
  bool CutRecovery(ByteView before, const testing::DeviceLog& log, const Contents& shown);
  bool Fail(const std::string& what, Status status);

  MachineConfig config_;
  std::size_t recovery_every_ = 0;
  std::size_t num_recoveries_ = 0;
  std::size_t num_pending_ = 0;
  std::unordered_set<std::uint64_t> seen_;
  std::string why_;
};

// SVSM_POWER_STATES, or `otherwise`.
std::size_t WantedStates(std::size_t otherwise);

}  // namespace svsm::cocoonfs

#endif  // SVSM_TESTS_COCOONFS_POWER_H_
