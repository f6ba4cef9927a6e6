#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

using ::svsm::testing::IsOkAnd;
using ::svsm::testing::IsStatus;
using ::testing::Eq;

TEST(Rfc3339, ReadsInstants) {
  EXPECT_THAT(ParseRfc3339("1970-01-01T00:00:00Z"), IsOkAnd(Eq(0)));
  EXPECT_THAT(ParseRfc3339("2025-12-31T23:59:59Z"), IsOkAnd(Eq(1767225599)));
  EXPECT_THAT(ParseRfc3339("2025-12-31T23:59:59.125Z"), IsOkAnd(Eq(1767225599)));
  EXPECT_THAT(ParseRfc3339("2026-01-01T01:29:59+01:30"), IsOkAnd(Eq(1767225599)));
  EXPECT_THAT(ParseRfc3339("2025-12-31T21:59:59-02:00"), IsOkAnd(Eq(1767225599)));
  EXPECT_EQ(FormatRfc3339(1767225599), "2025-12-31T23:59:59Z");
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* text :
       {"", "2025-12-31", "2025-12-31T23:59:59", "2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z",
        "2025-12-31T24:00:00Z", "2025-12-31T23:60:00Z", "2025-12-31T23:59:59.Z",
        "2025-12-31T23:59:59+0130", "2025-12-31T23:59:59+25:00", "20x5-12-31T23:59:59Z",
        "2025-12-31T23:59:59Zx", "2025/12/31T23:59:59Z"}) {
    EXPECT_THAT(ParseRfc3339(text), IsStatus(Code::kMalformed, Source::kCore)) << text;
  }
}

TEST(SystemClock, MovesForward) {
  SystemClock clock;
  const std::uint64_t before = clock.MonotonicMs();
  clock.SleepMs(2);
  EXPECT_GE(clock.MonotonicMs(), before + 2);
  EXPECT_GT(clock.UnixSeconds(), 1600000000);
}

}  // namespace
}  // namespace svsm
