#include "svsm/cocoonfs/region.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace svsm::cocoonfs {
namespace {

TEST(RegionTest, EachHasItsName) {
  std::set<std::string> names;
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(Region::kDevice); ++i) {
    EXPECT_TRUE(names.insert(RegionName(Region{i})).second) << i;
  }
  EXPECT_EQ(names.count("?"), 0u);
  EXPECT_STREQ(RegionName(Region{1000}), "?");
}

TEST(RegionTest, GoesIntoTheDetail) {
  EXPECT_EQ(Malformed(Region::kBitmap), Status(Code::kMalformed, Source::kCocoonfs, 10));
  EXPECT_EQ(AuthFailed(Region::kTreeData), Status(Code::kAuthFailed, Source::kCocoonfs, 12));
}

}  // namespace
}  // namespace svsm::cocoonfs
