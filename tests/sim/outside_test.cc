#include "svsm/sim/outside.h"

#include "svsm/testing/rng.h"
#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;
using testing::IsStatus;

// Says what it is told to, and counts.
class ScriptedPort final : public snp::GuestMessageTransport {
 public:
  Result<snp::GuestRequestOutcome> Exchange(FixedView<snp::kGuestMessageSize> request,
                                            FixedSpan<snp::kGuestMessageSize> response,
                                            ByteSpan certificates) override {
    ++asked;
    if (request[0] == 0xEE) return Status(Code::kIoError, Source::kCaller, 77);
    Fill(response, request[0]);
    Fill(certificates, 0xCE);
    snp::GuestRequestOutcome outcome;
    outcome.firmware_error = 1;
    outcome.vmm_error = 2;
    outcome.certificate_pages_needed = 3;
    return outcome;
  }
  int asked = 0;
};

// What a program learns from outside, in one order.
struct Learnt {
  Bytes<20> random{};
  std::uint64_t seed = 0;
  std::uint64_t rand = 0;
  std::uint64_t ms = 0;
  std::int64_t unix_s = 0;
  Bytes<snp::kGuestMessageSize> response{};
  Bytes<4096> certificates{};
  Status failed;
  bool operator==(const Learnt&) const = default;
};

Learnt Ask(Outside& outside, ScriptedPort& inner, std::uint8_t request_byte = 0x42) {
  Learnt learnt;
  (void)outside.rng().Generate(learnt.random);
  (void)outside.cpu().RdSeed(learnt.seed);
  (void)outside.cpu().RdRand(learnt.rand);
  outside.clock().SleepMs(30);
  learnt.ms = outside.clock().MonotonicMs();
  learnt.unix_s = outside.clock().UnixSeconds();
  RecordedPort port(outside, inner);
  Bytes<snp::kGuestMessageSize> request{request_byte};
  const auto outcome = port.Exchange(request, learnt.response, learnt.certificates);
  if (outcome.ok()) {
    EXPECT_EQ(outcome->firmware_error, 1u);
    EXPECT_EQ(outcome->vmm_error, 2u);
    EXPECT_EQ(outcome->certificate_pages_needed, 3u);
  }
  request[0] = 0xEE;
  Bytes<snp::kGuestMessageSize> nothing{};
  learnt.failed = port.Exchange(request, nothing, {}).status();
  outside.NoteResult("sum", learnt.random);
  return learnt;
}

class OutsideTest : public ::testing::Test {
 protected:
  OutsideTest() {
    Outside outside(secrets_, clock_);
    EXPECT_FALSE(outside.replays());
    learnt_ = Ask(outside, port_);
    EXPECT_THAT(outside.Finish(), IsOk());
    recording_ = outside.recording();
    EXPECT_EQ(port_.asked, 2);
    EXPECT_EQ(learnt_.failed, Status(Code::kIoError, Source::kCaller, 77));
  }
  // Where a replay of this recording stops.
  Status Replay(const Recording& recording, crypto::Rng* secrets = nullptr,
                std::uint8_t request_byte = 0x42) {
    Outside outside(recording, secrets);
    EXPECT_TRUE(outside.replays());
    (void)Ask(outside, port_, request_byte);
    EXPECT_EQ(port_.asked, 2);  // nobody outside is asked
    return outside.Finish();
  }

  SeededRng secrets_{7};
  testing::ManualClock clock_{kTestTime};
  ScriptedPort port_;
  Learnt learnt_;
  Recording recording_;
};

TEST_F(OutsideTest, GivesTheSameAgain) {
  Outside outside(recording_, nullptr);
  EXPECT_EQ(Ask(outside, port_), learnt_);
  EXPECT_THAT(outside.Finish(), IsOk());
  EXPECT_EQ(port_.asked, 2);
  EXPECT_FALSE(IsZero(learnt_.random));
  EXPECT_NE(learnt_.seed, learnt_.rand);
  EXPECT_EQ(learnt_.unix_s, kTestTime);
}

TEST_F(OutsideTest, RedactedSecretsComeFromTheirSeedOrNotAtAll) {
  const std::string text = EncodeRecording(recording_, Secrets::kRedacted).value();
  const Recording redacted = DecodeRecording(text).value();
  EXPECT_THAT(Replay(redacted), IsStatus(Code::kFailedPrecondition, Source::kSim, 0));
  SeededRng same(7);
  EXPECT_THAT(Replay(redacted, &same), IsOk());
  SeededRng other(8);
  EXPECT_THAT(Replay(redacted, &other), IsStatus(Code::kDataLoss, Source::kSim, 0));
  testing::FakeRng broken;
  broken.status = Status(Code::kExhausted, Source::kCaller, 5);
  EXPECT_THAT(Replay(redacted, &broken), IsStatus(Code::kExhausted, Source::kCaller, 5));
}

TEST_F(OutsideTest, NamesTheEventAtWhichAReplayLeaves) {
  const auto at = [](std::uint32_t index) {
    return IsStatus(Code::kDataLoss, Source::kSim, index);
  };
  EXPECT_THAT(Replay(recording_, nullptr, 0x43), at(6));  // another request
  for (std::uint32_t index = 0; index < recording_.events.size(); ++index) {
    Recording changed = recording_;
    changed.events[index].asked.push_back(1);
    EXPECT_THAT(Replay(changed), at(index));
    changed = recording_;
    changed.events.erase(changed.events.begin() + index);
    // The next event of another kind is where it shows.
    EXPECT_EQ(Replay(changed).code(), Code::kDataLoss);
    changed = recording_;
    changed.events.resize(index);
    EXPECT_THAT(Replay(changed), at(index));
  }
  Recording longer = recording_;
  longer.events.push_back(longer.events.back());
  EXPECT_THAT(Replay(longer), at(static_cast<std::uint32_t>(recording_.events.size())));
  Recording other_result = recording_;
  other_result.events.back().answer[0] ^= 1;
  EXPECT_THAT(Replay(other_result), at(static_cast<std::uint32_t>(recording_.events.size() - 1)));
}

TEST_F(OutsideTest, AnswersOfTheWrongFormAreNone) {
  for (std::size_t index = 0; index < recording_.events.size(); ++index) {
    if (recording_.events[index].kind == EventKind::kSleep) continue;
    Recording changed = recording_;
    changed.events[index].answer.push_back(0);
    EXPECT_EQ(Replay(changed).code(), Code::kDataLoss) << index;
    changed.events[index].answer.clear();
    EXPECT_EQ(Replay(changed).code(), Code::kDataLoss) << index;
  }
}

TEST_F(OutsideTest, AfterThatNothingIsAnswered) {
  Outside outside(Recording(), nullptr);
  Bytes<4> random{1, 2, 3, 4};
  const auto gone = IsStatus(Code::kDataLoss, Source::kSim, 0);
  EXPECT_THAT(outside.rng().Generate(random), gone);
  EXPECT_TRUE(IsZero(random));
  std::uint64_t word = 9;
  EXPECT_FALSE(outside.cpu().RdSeed(word));
  EXPECT_EQ(word, 0u);
  EXPECT_EQ(outside.clock().MonotonicMs(), 0u);
  EXPECT_EQ(outside.clock().UnixSeconds(), 0);
  outside.clock().SleepMs(5);
  EXPECT_THAT(outside.status(), gone);
}

TEST_F(OutsideTest, ABrokenGeneratorEndsTheRecording) {
  testing::FakeRng broken;
  broken.status = Status(Code::kExhausted, Source::kCaller, 5);
  Outside outside(broken, clock_);
  std::uint64_t word = 9;
  EXPECT_FALSE(outside.cpu().RdRand(word));
  const auto exhausted = IsStatus(Code::kExhausted, Source::kCaller, 5);
  Bytes<4> random{};
  EXPECT_THAT(outside.rng().Generate(random), exhausted);
  EXPECT_THAT(outside.Finish(), exhausted);
}

}  // namespace
}  // namespace svsm::sim
