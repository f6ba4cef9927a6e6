#include "cocoonfs/pooled_rng.h"

#include <set>

#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;

// Bytes that count, and an end to them.
class CountingRng final : public crypto::Rng {
 public:
  Status Generate(ByteSpan out) override {
    ++calls;
    if (fails) {
      Fill(out, 0);
      return Status(Code::kExhausted, Source::kCrypto);
    }
    for (std::uint8_t& byte : out) byte = next++;
    return OkStatus();
  }
  std::size_t calls = 0;
  std::uint8_t next = 0;
  bool fails = false;
};

TEST(PooledRng, AsksSeldomAndGivesNothingTwice) {
  TestRng source;
  PooledRng rng(source);
  std::set<std::vector<std::uint8_t>> seen;
  for (std::size_t i = 0; i < 1000; ++i) {
    std::vector<std::uint8_t> iv(16);
    ASSERT_THAT(rng.Generate(iv), IsOk());
    EXPECT_TRUE(seen.insert(iv).second);
  }
  CountingRng counting;
  PooledRng pooled(counting);
  std::vector<std::uint8_t> iv(16);
  for (std::size_t i = 0; i < 33; ++i) ASSERT_THAT(pooled.Generate(iv), IsOk());
  EXPECT_EQ(counting.calls, 2u);
}

TEST(PooledRng, GivesTheSourcesBytesInTheirOrder) {
  CountingRng source;
  PooledRng rng(source);
  std::vector<std::uint8_t> first(3), second(2);
  ASSERT_THAT(rng.Generate(first), IsOk());
  ASSERT_THAT(rng.Generate(second), IsOk());
  EXPECT_THAT(first, ::testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(second, ::testing::ElementsAre(3, 4));
}

TEST(PooledRng, PassesLargeRequestsOn) {
  CountingRng source;
  PooledRng rng(source);
  std::vector<std::uint8_t> out(PooledRng::kMaxPooled + 1);
  ASSERT_THAT(rng.Generate(out), IsOk());
  ASSERT_THAT(rng.Generate(out), IsOk());
  EXPECT_EQ(source.calls, 2u);
  EXPECT_EQ(source.next, 2 * out.size());
}

TEST(PooledRng, FailsAsTheSourceDoes) {
  CountingRng source;
  source.fails = true;
  PooledRng rng(source);
  std::vector<std::uint8_t> out(16, 0xAA);
  EXPECT_THAT(rng.Generate(out), IsStatus(Code::kExhausted, Source::kCrypto));
  EXPECT_THAT(out, ::testing::Each(0));
  out.assign(100, 0xAA);
  EXPECT_THAT(rng.Generate(out), IsStatus(Code::kExhausted, Source::kCrypto));
  EXPECT_THAT(out, ::testing::Each(0));
  source.fails = false;
  EXPECT_THAT(rng.Generate(out), IsOk());
}

}  // namespace
}  // namespace svsm::cocoonfs
