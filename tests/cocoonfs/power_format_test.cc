// The power goes while an image is made: by Format() there is none until it is whole, and a
// creation header always leads to one.
#include <cstdio>

#include "svsm/cocoonfs/verify.h"
#include "svsm/testing/crash_states.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/machine.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::CrashOptions;
using svsm::testing::CrashState;
using svsm::testing::CrashStates;
using svsm::testing::DeviceLog;
using svsm::testing::FaultDevice;
using svsm::testing::IsOk;

class PowerFormat : public ::testing::Test {
 protected:
  // Opens what is there: OK only if it is an empty image without a fault.
  Status OpenEmpty(FaultDevice& device, const OpenOptions& options) {
    TestAllocator allocator;
    TestRng rng;
    FileSystem fs(device, TestSymmetric(), rng, allocator);
    SVSM_TRY(fs.Open(TestKey(), options));
    SVSM_ASSIGN_OR_RETURN(const Contents contents, ReadContents(fs));
    VerifyReport report;
    SVSM_TRY(Verify(fs, report));
    return contents.empty() ? OkStatus() : Status(Code::kInternal, Source::kCaller);
  }

  MachineConfig config_ = MachineConfigs()[1];
};

TEST_F(PowerFormat, ThereIsNoImageUntilItIsWhole) {
  Machine machine(config_);
  DeviceLog log;
  const ByteVector base(config_.image_bytes);
  machine.device().Record(&log);
  ASSERT_THAT(machine.Format(), IsOk());
  std::size_t none = 0, whole = 0;
  FaultDevice device(config_.device_block_bytes, {});
  CrashStates(base, log, CrashOptions{}).ForEach(device, [&](const CrashState& state) {
    const Status status = OpenEmpty(device, OpenOptions{});
    const bool must_be =
        state.last_moment == log.events.size() && state.end_event == log.events.size();
    EXPECT_TRUE(status.ok() || (!must_be && status.code() == Code::kDataLoss))
        << ToString(status) << ", epoch " << state.epoch << ", event " << state.end_event;
    ++(status.ok() ? whole : none);
    return !HasFailure();
  });
  EXPECT_GT(none, 100u);
  EXPECT_GT(whole, 0u);
  std::printf("power: %zu states (Format)\n", none + whole);
}

TEST_F(PowerFormat, ACreationHeaderAlwaysLeadsToAnImage) {
  TestAllocator allocator;
  FaultDevice made(config_.device_block_bytes, ByteVector(config_.image_bytes));
  const ByteVector salt = {1, 2, 3};
  FormatOptions options;
  options.layout = config_.layout;
  options.salt = salt;
  ASSERT_THAT(WriteCreationHeader(made, allocator, options), IsOk());
  const ByteVector base = ToVector(made.image());
  DeviceLog log;
  OpenOptions open;
  open.format_on_open = true;
  made.Record(&log);
  ASSERT_THAT(OpenEmpty(made, open), IsOk());
  FaultDevice device(config_.device_block_bytes, {});
  CrashOptions some;
  some.tear_everywhere = false;
  const std::size_t count =
      CrashStates(base, log, some).ForEach(device, [&](const CrashState& state) {
        const Status status = OpenEmpty(device, open);
        EXPECT_THAT(status, IsOk()) << "epoch " << state.epoch << ", event " << state.end_event;
        return !HasFailure();
      });
  EXPECT_GT(count, 30u);
  std::printf("power: %zu states (creation header)\n", count);
}

}  // namespace
}  // namespace svsm::cocoonfs
