#include "svsm/core/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

using ::svsm::testing::IsOk;
using ::svsm::testing::IsStatus;

static_assert(std::is_trivially_destructible_v<Result<int>>);
static_assert(!std::is_trivially_destructible_v<Result<std::string>>);

Result<int> Half(int value) {
  if (value % 2 != 0) return Status(Code::kInvalidArgument, Source::kCaller, 1);
  return value / 2;
}

Result<int> Quarter(int value) {
  SVSM_ASSIGN_OR_RETURN(const int half, Half(value));
  return Half(half);
}

Status CheckQuarter(int value) {
  SVSM_TRY(Quarter(value).status());
  return OkStatus();
}

TEST(Result, CarriesValueOrStatus) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_THAT(Quarter(6), IsStatus(Code::kInvalidArgument, Source::kCaller, 1));
  EXPECT_THAT(CheckQuarter(8), IsOk());
  EXPECT_THAT(CheckQuarter(7), IsStatus(Code::kInvalidArgument, Source::kCaller, 1));
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  Result<std::unique_ptr<int>> moved(std::move(result));
  const std::unique_ptr<int> value = *std::move(moved);
  EXPECT_EQ(*value, 7);
}

TEST(Result, DestroysItsValueOnce) {
  const auto counted = std::make_shared<int>(1);
  {
    Result<std::shared_ptr<int>> result(counted);
    const Result<std::shared_ptr<int>> moved(std::move(result));
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(ResultDeathTest, WrongAccessPanics) {
  EXPECT_DEATH((void)*Half(3), "check failed");
  EXPECT_DEATH((void)Result<int>(OkStatus()), "check failed");
}

}  // namespace
}  // namespace svsm
