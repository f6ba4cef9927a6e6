#include "svsm/testing/crash_states.h"

#include <set>

#include "svsm/testing/matchers.h"

namespace svsm::testing {
namespace {

constexpr std::uint32_t kBlock = 128;

// Writes the value 1 to block 1, 2 to block 2 and so on; 0 is a barrier, -1 a flush.
DeviceLog LogOf(std::initializer_list<int> script) {
  FaultDevice device(kBlock, ByteVector(8 * kBlock));
  DeviceLog log;
  device.Record(&log);
  for (const int step : script) {
    if (step > 0) {
      const ByteVector block(kBlock, static_cast<std::uint8_t>(step));
      EXPECT_THAT(device.Write(static_cast<std::uint64_t>(step), block), IsOk());
    } else {
      EXPECT_THAT(step == 0 ? device.Barrier() : device.Flush(), IsOk());
    }
  }
  return log;
}

// The sets of blocks that are there in some state, as strings of their numbers.
std::set<std::string> Seen(const DeviceLog& log, const CrashOptions& options) {
  FaultDevice device(kBlock, {});
  std::set<std::string> seen;
  const ByteVector base(8 * kBlock);
  CrashStates(base, log, options).ForEach(device, [&](const CrashState&) {
    std::string blocks;
    for (std::size_t i = 1; i < 8; ++i) {
      if (device.image()[i * kBlock] != 0) blocks += std::to_string(device.image()[i * kBlock]);
    }
    seen.insert(blocks);
    return true;
  });
  return seen;
}

TEST(CrashStates, KeepsAnySubsetBetweenBarriersAndNothingBeyond) {
  EXPECT_THAT(Seen(LogOf({1, 2, 0, 3, -1}), CrashOptions{}),
              ::testing::UnorderedElementsAre("", "1", "2", "12", "123"));
}

TEST(CrashStates, AnIgnoredBarrierOrdersNothing) {
  CrashOptions options;
  options.ignored_order = 2;
  EXPECT_THAT(Seen(LogOf({1, 2, 0, 3, -1}), options),
              ::testing::UnorderedElementsAre("", "1", "2", "3", "12", "13", "23", "123"));
}

TEST(CrashStates, StaysAroundOneEvent) {
  CrashOptions options;
  options.only_around = 3;
  EXPECT_THAT(Seen(LogOf({1, 2, 0, 3, -1, 4, -1}), options),
              ::testing::UnorderedElementsAre("12", "123"));
}

TEST(CrashStates, SamplesWhereThereAreManyWrites) {
  CrashOptions options;
  options.max_exhaustive_writes = 2;
  const std::set<std::string> seen = Seen(LogOf({1, 2, 3, 4, 5, -1}), options);
  for (const char* each : {"", "123", "12345", "2345", "1345", "5", "3"}) {
    EXPECT_EQ(seen.count(each), 1u) << each;
  }
}

TEST(CrashStates, TearsAWriteAtEveryPiece) {
  FaultDevice device(512, ByteVector(1024));
  DeviceLog log;
  device.Record(&log);
  ASSERT_THAT(device.Write(1, ByteVector(512, 1)), IsOk());
  device.Record(nullptr);
  std::set<std::string> seen;
  CrashOptions options;
  options.piece_samples = 0;
  const ByteVector base(1024);
  CrashStates(base, log, options).ForEach(device, [&](const CrashState&) {
    std::string pieces;
    for (std::size_t i = 4; i < 8; ++i) pieces += device.image()[i * kTearBytes] != 0 ? '1' : '0';
    seen.insert(pieces);
    return true;
  });
  EXPECT_THAT(seen, ::testing::UnorderedElementsAre("0000", "1000", "1100", "1110", "0111", "0011",
                                                    "0001", "1111"));
}

TEST(CrashStates, SaysWhatMustBeDurable) {
  const DeviceLog log = LogOf({1, 0, 2, -1, 3, 0});
  const auto moments = [&](const CrashOptions& options) {
    FaultDevice device(kBlock, {});
    std::set<std::pair<std::size_t, std::size_t>> seen;
    const ByteVector base(8 * kBlock);
    CrashStates(base, log, options).ForEach(device, [&](const CrashState& state) {
      seen.insert({state.end_event, state.last_moment});
      return true;
    });
    return seen;
  };
  using ::testing::Pair;
  EXPECT_THAT(moments(CrashOptions{}),
              ::testing::IsSupersetOf({Pair(0u, 3u), Pair(2u, 3u), Pair(4u, 6u), Pair(6u, 6u)}));
  CrashOptions lies;
  lies.ignored_durability = 3;
  EXPECT_THAT(moments(lies), ::testing::IsSupersetOf({Pair(0u, 6u), Pair(2u, 6u)}));
}

TEST(CrashStates, EndsWhenTheVisitorSaysSo) {
  const DeviceLog log = LogOf({1, 2, 3, -1});
  FaultDevice device(kBlock, {});
  const ByteVector base(8 * kBlock);
  int visits = 0;
  CrashStates states(base, log, CrashOptions{});
  EXPECT_EQ(states.num_epochs(), 1u);
  EXPECT_EQ(states.ForEach(device, [&](const CrashState&) { return ++visits < 3; }), 3u);
}

}  // namespace
}  // namespace svsm::testing
