// Each barrier and each flush taken away in turn: some state must go wrong without it, or it would
// not be needed.
#include <cstdio>
#include <map>
#include <string>

#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/power.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::CrashOptions;
using svsm::testing::CrashState;
using svsm::testing::CrashStates;
using svsm::testing::DeviceCall;
using svsm::testing::DeviceEvent;
using svsm::testing::FaultDevice;
using svsm::testing::IsOk;

struct Needed {
  std::size_t commits = 0;        // in which it occurs
  std::size_t as_order = 0;       // in which something goes wrong when it does not order
  std::size_t as_durability = 0;  // in which something goes wrong when it does not make durable
  std::string why;
};

class PowerMutants : public ::testing::TestWithParam<MachineConfig> {
 protected:
  // Whether a state goes wrong.
  bool GoesWrong(const Recording& recording, const CrashOptions& options, std::string* why) {
    PowerJudge judge(config_);
    CrashStates states(recording.base, recording.log, options);
    FaultDevice device(config_.device_block_bytes, {});
    bool good = true;
    states.ForEach(device, [&](const CrashState& state) {
      good = judge.Judge(device, recording.versions, recording.FirstAllowed(state),
                         recording.LastAllowed(state));
      return good;
    });
    if (!good) *why = judge.why();
    return !good;
  }

  const MachineConfig& config_ = GetParam();
};

TEST_P(PowerMutants, EveryBarrierAndFlushIsNeeded) {
  Recording recording;
  ASSERT_THAT(Record(config_, MixedScript(config_, 1), recording), IsOk());
  std::map<std::string, Needed> all;
  for (const Recording::Step& step : recording.steps) {
    int ordinal = 0;
    for (std::size_t i = step.begin; i < step.end; ++i) {
      const DeviceEvent& event = recording.log.events[i];
      if (event.call != DeviceCall::kBarrier && event.call != DeviceCall::kFlush) continue;
      const bool flush = event.call == DeviceCall::kFlush;
      Needed& needed =
          all[std::to_string(++ordinal) + (flush ? ". flush" : ". barrier") + " of a commit"];
      ++needed.commits;
      CrashOptions options;
      options.tear_everywhere = false;
      options.only_around = options.ignored_order = i;
      needed.as_order += GoesWrong(recording, options, &needed.why) ? 1 : 0;
      if (!flush) continue;
      options.ignored_order = testing::kNoEvent;
      options.ignored_durability = i;
      needed.as_durability += GoesWrong(recording, options, &needed.why) ? 1 : 0;
    }
  }
  EXPECT_FALSE(all.empty());
  for (const auto& [name, needed] : all) {
    std::printf(
        "power mutant: %s, %s: of %zu, %zu go wrong without its order, %zu without its"
        " durability (%s)\n",
        config_.name.c_str(), name.c_str(), needed.commits, needed.as_order, needed.as_durability,
        needed.why.c_str());
    EXPECT_GT(needed.as_order + needed.as_durability, 0u) << name << " is not needed";
  }
}

INSTANTIATE_TEST_SUITE_P(Cocoonfs, PowerMutants, ::testing::ValuesIn(MachineConfigs()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace svsm::cocoonfs
