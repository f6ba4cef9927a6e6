#include "svsm/snp/boot_entropy.h"

#include <gtest/gtest.h>

#include <memory>

#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"
#include "tests/snp/fake_amd_sp.h"

namespace svsm::snp {
namespace {

using snp::testing::FakeAmdSp;
using snp::testing::FakeHost;
using snp::testing::HandoverOf;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::ManualClock;

// A CPU whose two sources give words of their own, or one word for ever, or nothing.
class FakeCpu final : public crypto::CpuRandom {
 public:
  enum class State { kGood, kStuck, kAbsent };
  FakeCpu(State seed, State rand) : seed_(seed), rand_(rand) {}
  bool HasRdSeed() const override { return seed_ != State::kAbsent; }
  bool HasRdRand() const override { return rand_ != State::kAbsent; }
  bool RdSeed(std::uint64_t& word) override { return Give(seed_, 1, word); }
  bool RdRand(std::uint64_t& word) override { return Give(rand_, 2, word); }

 private:
  bool Give(State state, std::uint64_t salt, std::uint64_t& word) {
    if (state == State::kGood) ++n_;
    word = 0x9E3779B97F4A7C15u * (n_ + 1000 * salt);
    word ^= word >> 29;
    return true;
  }
  State seed_;
  State rand_;
  std::uint64_t n_ = 1;
};
using State = FakeCpu::State;

class BootEntropyTest : public ::testing::Test {
 protected:
  BootEntropyTest() { Boot(); }
  void Boot() {
    session_ = std::make_unique<GuestMessageSession>(aead_, HandoverOf(sp_, 0, sp_.used(0)), host_,
                                                     clock_, SessionOptions());
  }
  // 32 bytes of the generator that was seeded so; empty after an error.
  std::string Seeded(State seed, State rand, std::uint8_t vmpck = 3) {
    FakeCpu cpu(seed, rand);
    VmpckHandover unused = HandoverOf(sp_, vmpck, 0);
    crypto::OpensslHmac hmac(crypto::HashAlg::kSha512);
    crypto::Drbg drbg(hmac);
    const Result<BootEntropy> from = SeedAtBoot(cpu, *session_, unused, drbg);
    EXPECT_THAT(from, IsOk());
    if (!from.ok()) return "";
    from_ = *from;
    EXPECT_TRUE(IsZero(unused.key.view()));
    Bytes<32> out{};
    EXPECT_THAT(drbg.Generate(out), IsOk());
    return ToHex(out);
  }

  FakeAmdSp sp_;
  FakeHost host_{sp_};
  ManualClock clock_{0, 5000};
  crypto::OpensslAesGcm aead_;
  std::unique_ptr<GuestMessageSession> session_;
  BootEntropy from_;
};

TEST_F(BootEntropyTest, IsTheThreePartsInTheirOrder) {
  FakeCpu cpu(State::kGood, State::kGood);
  crypto::RdSeedSource source(cpu);
  Secret<48> cpu_part;
  ASSERT_THAT(source.Fill(cpu_part.writable()), IsOk());
  DerivedKeySelection selection;
  selection.fields = kEntropyKeyFields;
  Secret<32> derived;
  ASSERT_THAT(session_->DeriveKey(selection, derived), IsOk());
  const ByteView inputs[] = {cpu_part.view(), derived.view(), sp_.key(3)};
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha512);
  crypto::Drbg drbg(hmac);
  ASSERT_THAT(drbg.Seed(inputs), IsOk());
  Bytes<32> wanted{};
  ASSERT_THAT(drbg.Generate(wanted), IsOk());
  EXPECT_EQ(Seeded(State::kGood, State::kGood), ToHex(wanted));
  EXPECT_EQ(from_.cpu, CpuSource::kRdSeed);
  EXPECT_THAT(from_.rdseed, IsOk());
}

TEST_F(BootEntropyTest, TakesRdrandWhereRdseedFails) {
  const std::string good = Seeded(State::kGood, State::kGood);
  EXPECT_NE(Seeded(State::kAbsent, State::kGood), good);
  EXPECT_EQ(from_.cpu, CpuSource::kRdRand);
  EXPECT_EQ(from_.rdseed.code(), Code::kUnavailable);
  EXPECT_NE(Seeded(State::kStuck, State::kGood), good);
  EXPECT_EQ(from_.cpu, CpuSource::kRdRand);
  EXPECT_EQ(from_.rdseed.code(), Code::kDataLoss);
}

TEST_F(BootEntropyTest, OneGoodPartIsEnough) {
  // The CPU gives nothing: the VMPCK tells two boots apart, and the chip's key two machines.
  const std::string one = Seeded(State::kStuck, State::kAbsent);
  EXPECT_EQ(from_.cpu, CpuSource::kNone);
  EXPECT_EQ(from_.rdseed.code(), Code::kDataLoss);
  EXPECT_EQ(from_.rdrand.code(), Code::kUnavailable);
  EXPECT_EQ(Seeded(State::kAbsent, State::kStuck), one);
  EXPECT_NE(Seeded(State::kStuck, State::kAbsent, 2), one);
  sp_.edit_payload = [](ByteVector& payload) { payload[0x20] ^= 1; };  // another chip's key
  EXPECT_NE(Seeded(State::kStuck, State::kAbsent), one);
}

TEST_F(BootEntropyTest, RefusesAKeyThatWasUsed) {
  FakeCpu cpu(State::kGood, State::kGood);
  VmpckHandover used = HandoverOf(sp_, 3, 2);
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha512);
  crypto::Drbg drbg(hmac);
  EXPECT_THAT(SeedAtBoot(cpu, *session_, used, drbg),
              IsStatus(Code::kInvalidArgument, Source::kSnp, 2));
  Bytes<1> out{};
  EXPECT_THAT(drbg.Generate(out), IsStatus(Code::kFailedPrecondition, Source::kCrypto, 0));
}

TEST_F(BootEntropyTest, AnErrorOfTheAmdSpLeavesTheKeyForAnotherTry) {
  FakeCpu cpu(State::kGood, State::kGood);
  session_->Close();
  VmpckHandover unused = HandoverOf(sp_, 3, 0);
  crypto::OpensslHmac hmac(crypto::HashAlg::kSha512);
  crypto::Drbg drbg(hmac);
  EXPECT_THAT(SeedAtBoot(cpu, *session_, unused, drbg),
              IsStatus(Code::kFailedPrecondition, Source::kSnp, 0));
  EXPECT_FALSE(IsZero(unused.key.view()));
  Boot();
  EXPECT_THAT(SeedAtBoot(cpu, *session_, unused, drbg), IsOk());
}

}  // namespace
}  // namespace svsm::snp
