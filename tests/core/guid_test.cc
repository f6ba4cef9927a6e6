#include "svsm/core/guid.h"

#include <gtest/gtest.h>

#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

using ::svsm::testing::BytesAre;

constexpr Guid kVtpm = Guid::Parse("c476f1eb-0123-45a5-9641-b4e7dde5bfe3");

TEST(Guid, HasTwoByteOrders) {
  EXPECT_THAT(kVtpm.rfc4122(), BytesAre("c476f1eb012345a59641b4e7dde5bfe3"));
  EXPECT_THAT(kVtpm.mixed_endian(), BytesAre("ebf176c42301a5459641b4e7dde5bfe3"));
}

TEST(Guid, ReadsBackWhatItWrites) {
  EXPECT_EQ(Guid::FromRfc4122(kVtpm.rfc4122()), kVtpm);
  EXPECT_EQ(Guid::FromMixedEndian(kVtpm.mixed_endian()), kVtpm);
  EXPECT_NE(Guid::FromRfc4122(kVtpm.mixed_endian()), kVtpm);
}

TEST(Guid, UpperCaseDigitsAreTheSame) {
  EXPECT_EQ(Guid::Parse("C476F1EB-0123-45A5-9641-B4E7DDE5BFE3"), kVtpm);
}

TEST(Guid, NullIsAllZero) {
  EXPECT_TRUE(Guid().is_null());
  EXPECT_FALSE(kVtpm.is_null());
}

}  // namespace
}  // namespace svsm
