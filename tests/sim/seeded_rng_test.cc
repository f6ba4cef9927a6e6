#include "svsm/sim/seeded_rng.h"

#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;
using testing::SameBytes;

TEST(SeededRng, OneSeedOneSequence) {
  SeededRng a(7);
  SeededRng b(7);
  SeededRng c(8);
  Bytes<100> from_a{};
  Bytes<100> from_b{};
  Bytes<100> from_c{};
  ASSERT_THAT(a.Generate(from_a), IsOk());
  ASSERT_THAT(b.Generate(from_b), IsOk());
  ASSERT_THAT(c.Generate(from_c), IsOk());
  EXPECT_THAT(from_a, SameBytes(from_b));
  EXPECT_NE(from_a, from_c);
}

TEST(SeededRng, DoesNotDependOnTheSizesAskedFor) {
  SeededRng whole(7);
  SeededRng pieces(7);
  Bytes<100> at_once{};
  Bytes<100> piecewise{};
  ASSERT_THAT(whole.Generate(at_once), IsOk());
  for (std::size_t at = 0; at < 100; at += 10) {
    ASSERT_THAT(pieces.Generate(ByteSpan(piecewise).subspan(at, 10)), IsOk());
  }
  EXPECT_THAT(piecewise, SameBytes(at_once));
}

TEST(SeededRng, DrawsBelowTheBound) {
  SeededRng rng(1);
  bool seen[5] = {};
  for (int i = 0; i < 200; ++i) {
    const std::uint64_t drawn = rng.Below(5);
    ASSERT_LT(drawn, 5u);
    seen[drawn] = true;
  }
  for (const bool was_seen : seen) EXPECT_TRUE(was_seen);
}

}  // namespace
}  // namespace svsm::sim
