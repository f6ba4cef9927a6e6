#include "svsm/testing/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace svsm::testing {
namespace {

TEST(ManualClock, MovesWithSleepsOnly) {
  ManualClock clock(100, 5);
  EXPECT_EQ(clock.UnixSeconds(), 100);
  EXPECT_EQ(clock.MonotonicMs(), 5u);
  clock.SleepMs(30);
  EXPECT_EQ(clock.MonotonicMs(), 35u);
  EXPECT_EQ(clock.UnixSeconds(), 100);
  clock.moves = false;
  clock.SleepMs(1);
  EXPECT_EQ(clock.MonotonicMs(), 35u);
  EXPECT_THAT(clock.sleeps, ::testing::ElementsAre(30u, 1u));
}

}  // namespace
}  // namespace svsm::testing
