#include "svsm/testing/rng.h"

#include "svsm/testing/matchers.h"

namespace svsm::testing {
namespace {

TEST(FakeRng, RepeatsItselfByItsSeed) {
  FakeRng a(7), b(7), c(8);
  Bytes<16> from_a{}, from_b{}, from_c{};
  EXPECT_THAT(a.Generate(from_a), IsOk());
  EXPECT_THAT(b.Generate(from_b), IsOk());
  EXPECT_THAT(c.Generate(from_c), IsOk());
  EXPECT_EQ(from_a, from_b);
  EXPECT_NE(from_a, from_c);
  EXPECT_EQ(a.drawn, 16u);
}

TEST(FakeRng, FailsAsItIsTold) {
  FakeRng rng;
  rng.status = Status(Code::kExhausted, Source::kCaller, 5);
  Bytes<4> out{1, 2, 3, 4};
  EXPECT_THAT(rng.Generate(out), IsStatus(Code::kExhausted, Source::kCaller, 5));
  EXPECT_TRUE(IsZero(out));
  EXPECT_EQ(rng.drawn, 0u);
}

}  // namespace
}  // namespace svsm::testing
