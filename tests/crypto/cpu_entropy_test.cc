// Covers: svsm/core/entropy_source.h
#include "svsm/crypto/cpu_entropy.h"

#include <gtest/gtest.h>

#include <functional>

#include "svsm/testing/matchers.h"

namespace svsm::crypto {
namespace {

using testing::IsOk;
using testing::IsStatus;

// A CPU that gives what the test says. Executing what CPUID does not have ends the test, as it
// would end a program.
class FakeCpu final : public CpuRandom {
 public:
  bool HasRdSeed() const override { return has_rdseed; }
  bool HasRdRand() const override { return has_rdrand; }
  bool RdSeed(std::uint64_t& word) override {
    EXPECT_TRUE(has_rdseed) << "#UD";
    return Next(word);
  }
  bool RdRand(std::uint64_t& word) override {
    EXPECT_TRUE(has_rdrand) << "#UD";
    return Next(word);
  }

  bool has_rdseed = true;
  bool has_rdrand = true;
  int executions = 0;
  // Gives the n-th word, from 0 on; false: nothing.
  std::function<bool(int, std::uint64_t&)> give = Lively;

  static bool Lively(int n, std::uint64_t& word) {
    word = 0x9E3779B97F4A7C15u * static_cast<std::uint64_t>(n + 1);
    word ^= word >> 29;
    return true;
  }

 private:
  bool Next(std::uint64_t& word) {
    word = 0;
    return give(executions++, word);
  }
};

struct Seed {
  static EntropySource& Of(RdSeedSource& seed, RdRandSource&) { return seed; }
  static constexpr unsigned kTries = RdSeedSource::kMaxTries;
};
struct Rand {
  static EntropySource& Of(RdSeedSource&, RdRandSource& rand) { return rand; }
  static constexpr unsigned kTries = RdRandSource::kMaxTries;
};

template <typename Which>
class CpuEntropyTest : public ::testing::Test {
 protected:
  FakeCpu cpu_;
  RdSeedSource seed_{cpu_};
  RdRandSource rand_{cpu_};
  EntropySource& source_ = Which::Of(seed_, rand_);
  Bytes<20> out_{};
};
using Which = ::testing::Types<Seed, Rand>;
TYPED_TEST_SUITE(CpuEntropyTest, Which);

TYPED_TEST(CpuEntropyTest, GivesTheWordsAfterTheStartUpTest) {
  ASSERT_THAT(this->source_.Fill(this->out_), IsOk());
  EXPECT_EQ(this->cpu_.executions, static_cast<int>(kStartUpWords) + 3);
  for (int i = 0; i < 20; ++i) {
    std::uint64_t word = 0;
    FakeCpu::Lively(static_cast<int>(kStartUpWords) + i / 8, word);
    EXPECT_EQ(this->out_[static_cast<std::size_t>(i)],
              static_cast<std::uint8_t>(word >> (8 * (i % 8))));
  }
  ASSERT_THAT(this->source_.Fill(this->out_), IsOk());
  EXPECT_EQ(this->cpu_.executions, static_cast<int>(kStartUpWords) + 6);
}

TYPED_TEST(CpuEntropyTest, IsUnavailableWhereCpuidHasNoSuchInstruction) {
  this->cpu_.has_rdseed = false;
  this->cpu_.has_rdrand = false;
  Fill(this->out_, 0xAA);
  EXPECT_THAT(this->source_.Fill(this->out_), IsStatus(Code::kUnavailable, Source::kCrypto));
  EXPECT_TRUE(IsZero(this->out_));
  EXPECT_EQ(this->cpu_.executions, 0);
}

TYPED_TEST(CpuEntropyTest, GivesUpOnACpuThatHasNothing) {
  this->cpu_.give = [](int, std::uint64_t&) { return false; };
  Fill(this->out_, 0xAA);
  EXPECT_THAT(this->source_.Fill(this->out_), IsStatus(Code::kExhausted, Source::kCrypto));
  EXPECT_TRUE(IsZero(this->out_));
  EXPECT_EQ(this->cpu_.executions, static_cast<int>(TypeParam::kTries));
  // That is not a defect: it goes on when there is entropy again.
  this->cpu_.give = FakeCpu::Lively;
  EXPECT_THAT(this->source_.Fill(this->out_), IsOk());
}

TYPED_TEST(CpuEntropyTest, TriesAgain) {
  this->cpu_.give = [](int n, std::uint64_t& word) {
    return n % 4 == 3 && FakeCpu::Lively(n, word);
  };
  EXPECT_THAT(this->source_.Fill(this->out_), IsOk());
  EXPECT_EQ(this->cpu_.executions, 4 * (static_cast<int>(kStartUpWords) + 3));
}

TYPED_TEST(CpuEntropyTest, RefusesAStuckSourceForGood) {
  const std::uint64_t kStuck[] = {0, ~std::uint64_t{0}, 0x0123456789ABCDEF};
  for (const std::uint64_t stuck : kStuck) {
    FakeCpu cpu;
    RdSeedSource seed(cpu);
    RdRandSource rand(cpu);
    EntropySource& source = TypeParam::Of(seed, rand);
    cpu.give = [stuck](int, std::uint64_t& word) {
      word = stuck;
      return true;
    };
    const auto stuck_status = IsStatus(Code::kDataLoss, Source::kCrypto);
    Fill(this->out_, 0xAA);
    EXPECT_THAT(source.Fill(this->out_), stuck_status);
    EXPECT_TRUE(IsZero(this->out_));
    cpu.give = FakeCpu::Lively;
    EXPECT_THAT(source.Fill(this->out_), stuck_status);
  }
}

TYPED_TEST(CpuEntropyTest, NoticesASourceThatSticksLater) {
  ASSERT_THAT(this->source_.Fill(this->out_), IsOk());
  this->cpu_.give = [](int, std::uint64_t& word) {
    word = 0x0123456789ABCDEF;
    return true;
  };
  Fill(this->out_, 0xAA);
  EXPECT_THAT(this->source_.Fill(this->out_), IsStatus(Code::kDataLoss, Source::kCrypto));
  EXPECT_TRUE(IsZero(this->out_));
}

TEST(EntropyHealthTest, RefusesARepeatedWord) {
  EntropyHealth health;
  EXPECT_TRUE(health.Accept(1));
  EXPECT_TRUE(health.Accept(2));
  EXPECT_TRUE(health.Accept(1));
  EXPECT_FALSE(health.Accept(1));
  EXPECT_FALSE(health.healthy());
  EXPECT_FALSE(health.Accept(3));
}

TEST(EntropyHealthTest, RefusesAByteThatIsTooFrequentInItsWindow) {
  // One byte of each word is the window's first byte, the others never are.
  const auto word = [](unsigned n) {
    return std::uint64_t{0x0101010101010100} | (std::uint64_t{n & 0x7F} << 57) | 0x42u;
  };
  EntropyHealth health;
  for (unsigned n = 1; n < EntropyHealth::kCutoff; ++n) ASSERT_TRUE(health.Accept(word(n))) << n;
  EXPECT_FALSE(health.Accept(word(EntropyHealth::kCutoff)));
}

TEST(EntropyHealthTest, CountsAnewInTheNextWindow) {
  EntropyHealth health;
  for (unsigned window = 0; window < 4; ++window) {
    for (unsigned n = 0; n < EntropyHealth::kWindowBytes / 8; ++n) {
      // Just below the cutoff in each window.
      const bool hit = n < EntropyHealth::kCutoff - 1;
      const std::uint64_t word =
          0x0807060504030200u | (std::uint64_t{n} << 57) | (hit ? 0x42u : 1u);
      ASSERT_TRUE(health.Accept(word)) << window << " " << n;
    }
  }
}

// Whatever this machine's CPU is, asking it must not end the program.
TEST(HardwareCpuRandomTest, NeverExecutesWhatIsNotThere) {
  HardwareCpuRandom cpu;
  RdSeedSource seed(cpu);
  RdRandSource rand(cpu);
  Bytes<32> a{};
  Bytes<32> b{};
  if (cpu.HasRdSeed()) {
    EXPECT_THAT(seed.Fill(a), IsOk());
  } else {
    EXPECT_THAT(seed.Fill(a), IsStatus(Code::kUnavailable, Source::kCrypto));
  }
  if (cpu.HasRdRand()) {
    EXPECT_THAT(rand.Fill(b), IsOk());
    EXPECT_NE(a, b);
  } else {
    EXPECT_THAT(rand.Fill(b), IsStatus(Code::kUnavailable, Source::kCrypto));
  }
}

}  // namespace
}  // namespace svsm::crypto
