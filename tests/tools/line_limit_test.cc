#include "tools/common/line_limit.h"

#include <gtest/gtest.h>

namespace svsm::tool {
namespace {

using std::chrono::milliseconds;

TEST(LineLimitTest, AdmitsSoManyASecondAndTellsOfTheRestOnce) {
  LineLimit limit(3);
  const LineLimit::Time start = LineLimit::Time() + std::chrono::hours(1);
  unsigned missed = 9;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(limit.Admits(start + milliseconds(i), missed), i < 3) << i;
    EXPECT_EQ(missed, 0u);
  }
  EXPECT_FALSE(limit.Admits(start + milliseconds(999), missed));
  EXPECT_TRUE(limit.Admits(start + milliseconds(1000), missed));
  EXPECT_EQ(missed, 3u);
  EXPECT_TRUE(limit.Admits(start + milliseconds(5000), missed));
  EXPECT_EQ(missed, 0u);
}

}  // namespace
}  // namespace svsm::tool
