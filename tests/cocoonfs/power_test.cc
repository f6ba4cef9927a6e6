// Every moment at which the power may go: what was acknowledged is there, the rest is old or new as
// a whole, Verify() is clean.
//
// SVSM_POWER_STATES sets the number of states of all configurations together.
#include "tests/cocoonfs/power.h"

#include <cstdio>

#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::CrashOptions;
using svsm::testing::CrashState;
using svsm::testing::CrashStates;
using svsm::testing::FaultDevice;
using svsm::testing::IsOk;

#ifdef SVSM_FEWER_STATES
constexpr std::size_t kStates = 8'000;
#else
constexpr std::size_t kStates = 210'000;
#endif

// Below that many states of a configuration not even one script is gone through to its end.
constexpr std::size_t kWholeScript = 2'000;

class Power : public ::testing::TestWithParam<MachineConfig> {
 protected:
  // Visits states of one recording until there are `wanted` in all.
  void CutAll(const Recording& recording, CrashOptions options, std::size_t wanted) {
    CrashStates states(recording.base, recording.log, options);
    FaultDevice device(GetParam().device_block_bytes, {});
    states.ForEach(device, [&](const CrashState& state) {
      const std::size_t first = recording.FirstAllowed(state);
      const std::size_t last = recording.LastAllowed(state);
      good_ = judge_.Judge(device, recording.versions, first, last);
      if (!good_) {
        ADD_FAILURE() << judge_.why() << "\n  epoch " << state.epoch << ", up to event "
                      << state.end_event << ", versions " << first << " to " << last << ", seed "
                      << options.seed;
      }
      return good_ && judge_.num_states() < wanted;
    });
  }

  PowerJudge judge_{GetParam()};
  bool good_ = true;
};

TEST_P(Power, EveryCutShowsOldOrNew) {
  const std::size_t wanted = WantedStates(kStates) / MachineConfigs().size();
  judge_.CutRecoveries(40);
  std::size_t exhaustive = 0;
  for (std::uint64_t seed = 1; good_ && judge_.num_states() < wanted; ++seed) {
    Recording recording;
    ASSERT_THAT(Record(GetParam(), MixedScript(GetParam(), seed), recording), IsOk());
    CrashOptions options;
    options.seed = seed;
    options.write_samples = 40;
    options.piece_samples = 40;
    // The first script is gone through to its end, unless only few states are wanted.
    CutAll(recording, options, seed == 1 && wanted > kWholeScript ? ~std::size_t{0} : wanted);
    if (seed == 1) exhaustive = judge_.num_states();
  }
  std::printf("power: %zu states (%s: %zu of the first script, recovery cut %zu times)\n",
              judge_.num_states(), GetParam().name.c_str(), exhaustive, judge_.num_recoveries());
}

INSTANTIATE_TEST_SUITE_P(Cocoonfs, Power, ::testing::ValuesIn(MachineConfigs()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace svsm::cocoonfs
