#include <gtest/gtest.h>

#include "svsm/core/panic.h"

namespace {

TEST(PanicDeathTest, PrintsTheReasonAndEnds) { EXPECT_DEATH(svsm_panic("no way on"), "no way on"); }

TEST(PanicDeathTest, CheckNamesItsCondition) { EXPECT_DEATH(SVSM_CHECK(1 == 2), "1 == 2"); }

}  // namespace
