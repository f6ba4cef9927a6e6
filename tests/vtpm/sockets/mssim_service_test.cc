#include "svsm/vtpm/mssim_service.h"

#include <gtest/gtest.h>

#include <string>

#include "svsm/testing/matchers.h"
#include "tests/vtpm/sockets/fake_engine.h"

namespace svsm::vtpm {
namespace {

using Then = MssimReply::Then;

class MssimServiceTest : public ::testing::Test {
 protected:
  // The reply to a request, all in hex digits.
  std::string Ask(MssimPort port, const std::string& hex) {
    MssimChannel channel(port);
    const ByteVector bytes = *FromHex(hex);
    ByteView in = bytes;
    MssimChannel::Event event = MssimChannel::Event::kNeedMore;
    while (!in.empty() && event == MssimChannel::Event::kNeedMore) {
      const ByteSpan wanted = channel.wanted();
      const std::size_t n = wanted.size() < in.size() ? wanted.size() : in.size();
      Copy(wanted, in.first(n));
      in = in.subspan(n);
      event = channel.Commit(n);
    }
    EXPECT_EQ(event, MssimChannel::Event::kRequest);
    const MssimReply reply = service_.Execute(channel.request());
    then_ = reply.then;
    return ToHex(reply.bytes);
  }
  std::string Command(const std::string& hex) { return Ask(MssimPort::kCommand, hex); }
  std::string Platform(const std::string& hex) { return Ask(MssimPort::kPlatform, hex); }

  FakeEngine engine_;
  MssimService service_{engine_};
  Then then_ = Then::kGoOn;
};

TEST_F(MssimServiceTest, PowersOnOnceAndOff) {
  EXPECT_EQ(Platform("00000001"), "00000000");
  EXPECT_EQ(Platform("00000001"), "00000000");
  EXPECT_EQ(engine_.log, "on ");
  EXPECT_EQ(Platform("00000002"), "00000000");
  EXPECT_FALSE(engine_.on);
  EXPECT_EQ(engine_.log, "on off ");
}

TEST_F(MssimServiceTest, ResetsAlsoWhileOn) {
  engine_.on = true;
  EXPECT_EQ(Platform("00000011"), "00000000");
  EXPECT_EQ(Platform("00000012"), "00000000");
  EXPECT_EQ(engine_.log, "off on off on ");
}

TEST_F(MssimServiceTest, SaysThatPowerCannotCome) {
  engine_.power_on_status = Status(Code::kAuthFailed, Source::kSealedFile);
  EXPECT_EQ(Platform("00000001"), "00000001");
  EXPECT_EQ(Platform("00000011"), "00000001");
  EXPECT_EQ(then_, Then::kGoOn);
}

TEST_F(MssimServiceTest, CancelsARunningCommand) {
  EXPECT_EQ(Platform("00000009"), "00000000");
  EXPECT_TRUE(engine_.cancelled);
}

TEST_F(MssimServiceTest, AnswersWhatHasNoEffect) {
  engine_.on = true;
  for (const char* code : {"00000003", "00000004", "0000000a", "0000000b", "0000000c"}) {
    EXPECT_EQ(Platform(code), "00000000") << code;
    EXPECT_EQ(then_, Then::kGoOn);
  }
  EXPECT_EQ(Command("0000001000000001"), "00000000");
  EXPECT_TRUE(engine_.on);
  EXPECT_EQ(engine_.log, "");
}

TEST_F(MssimServiceTest, RunsCommandsAtTheirLocality) {
  engine_.on = true;
  EXPECT_EQ(Command("00000008030000000c80010000000c000001440000"),
            "0000000c03010000000c00000144000000000000");
  EXPECT_EQ(Command("00000008000000000c80010000000c000001440000"),
            "0000000c00010000000c00000144000000000000");
}

TEST_F(MssimServiceTest, WithoutPowerCommandsFail) {
  EXPECT_EQ(Command("00000008000000000c80010000000c000001440000"),
            "0000000a80010000000a0000010100000000");
}

TEST_F(MssimServiceTest, RefusesWhatIsNoCommand) {
  engine_.on = true;
  const std::string bad_size = "0000000a80010000000a0000014200000000";
  EXPECT_EQ(Command("000000080000000000"), bad_size);
  EXPECT_EQ(Command("0000000800000000098001000000090000ff"), bad_size);
  EXPECT_EQ(Command("00000008000000000c80010000000d000001440000"), bad_size);
  EXPECT_EQ(then_, Then::kGoOn);
  EXPECT_EQ(Command("00000008050000000c80010000000c000001440000"),
            "0000000a80010000000a0000010700000000");
  EXPECT_EQ(then_, Then::kGoOn);
  EXPECT_EQ(Command("000000080000001001"), bad_size);
  EXPECT_EQ(then_, Then::kClose);
}

TEST_F(MssimServiceTest, ShakesHands) {
  EXPECT_EQ(Command("0000000f00000001"), "000000010000000500000000");
  EXPECT_EQ(then_, Then::kGoOn);
  EXPECT_EQ(Command("0000000f00000000"), "");
  EXPECT_EQ(then_, Then::kClose);
}

TEST_F(MssimServiceTest, HashesForADynamicLaunch) {
  EXPECT_EQ(Command("00000005"), "00000001");
  engine_.on = true;
  EXPECT_EQ(Command("00000005"), "00000000");
  EXPECT_EQ(Command("0000000600000002abcd"), "00000000");
  EXPECT_EQ(Command("00000007"), "00000000");
  EXPECT_EQ(engine_.log, "start dataabcd end ");
  EXPECT_EQ(Command("00000006ffffffff"), "00000001");
  EXPECT_EQ(then_, Then::kClose);
}

TEST_F(MssimServiceTest, EndsASessionOrTheServer) {
  for (const MssimPort port : {MssimPort::kCommand, MssimPort::kPlatform}) {
    EXPECT_EQ(Ask(port, "00000014"), "");
    EXPECT_EQ(then_, Then::kClose);
    EXPECT_EQ(Ask(port, "00000015"), "");
    EXPECT_EQ(then_, Then::kShutDown);
  }
}

TEST_F(MssimServiceTest, ClosesOnUnknownCodes) {
  for (const char* code : {"00000000", "00000001", "00000013", "ffffffff"}) {
    then_ = Then::kGoOn;
    EXPECT_EQ(Command(code), "") << code;
    EXPECT_EQ(then_, Then::kClose);
  }
  for (const char* code : {"00000000", "00000008", "00000005", "ffffffff"}) {
    then_ = Then::kGoOn;
    EXPECT_EQ(Platform(code), "00000001") << code;
    EXPECT_EQ(then_, Then::kClose);
  }
}

}  // namespace
}  // namespace svsm::vtpm
