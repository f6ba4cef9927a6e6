#include "svsm/core/status.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <type_traits>

namespace svsm {
namespace {

static_assert(std::is_trivially_copyable_v<Status> && sizeof(Status) == 8);

TEST(Status, ComparesAllParts) {
  const Status status(Code::kBusy, Source::kSnp, 2);
  EXPECT_EQ(status, Status(Code::kBusy, Source::kSnp, 2));
  EXPECT_NE(status, Status(Code::kBusy, Source::kSnp, 3));
  EXPECT_NE(status, Status(Code::kBusy, Source::kSim, 2));
  EXPECT_NE(status, OkStatus());
  EXPECT_TRUE(OkStatus().ok());
  EXPECT_FALSE(status.ok());
}

TEST(Status, EveryCodeAndSourceHasItsOwnName) {
  std::set<std::string> names;
  const int codes = static_cast<int>(Code::kInternal) + 1;
  for (int i = 0; i < codes; ++i) names.insert(CodeName(static_cast<Code>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(codes));
  EXPECT_EQ(names.count("?"), 0u);
  names.clear();
  const int sources = static_cast<int>(Source::kCaller) + 1;
  for (int i = 0; i < sources; ++i) names.insert(SourceName(static_cast<Source>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(sources));
  EXPECT_EQ(names.count("?"), 0u);
  EXPECT_STREQ(CodeName(static_cast<Code>(255)), "?");
  EXPECT_STREQ(SourceName(static_cast<Source>(255)), "?");
}

}  // namespace
}  // namespace svsm
