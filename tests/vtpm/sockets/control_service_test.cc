#include "svsm/vtpm/control_service.h"

#include <gtest/gtest.h>

#include <string>

#include "svsm/testing/matchers.h"
#include "tests/vtpm/sockets/fake_engine.h"

namespace svsm::vtpm {
namespace {

using ::svsm::testing::BytesAre;
using Then = ControlReply::Then;

class ControlServiceTest : public ::testing::Test {
 protected:
  // The reply to a request, all in hex digits.
  std::string Ask(const char* hex, bool has_descriptor = false) {
    ControlFramer framer;
    EXPECT_EQ(framer.Feed(*FromHex(hex)), ControlFramer::Event::kRequest);
    const ControlReply reply = service_.Execute(framer.request(), has_descriptor);
    then_ = reply.then;
    return ToHex(reply.bytes);
  }
  FakeEngine engine_;
  ControlService service_{engine_};
  Then then_ = Then::kGoOn;
};

TEST_F(ControlServiceTest, SaysWhatItCan) {
  EXPECT_EQ(Ask("00000001"), "000000000000ffff");
  EXPECT_EQ(Ask("0000000f"), "0000000000000000");
  service_.set_state_is_encrypted(true);
  EXPECT_EQ(Ask("0000000f"), "0000000000000001");
}

TEST_F(ControlServiceTest, PowersOnAndOff) {
  EXPECT_EQ(Ask("0000000200000000"), "00000000");
  EXPECT_TRUE(engine_.on);
  EXPECT_EQ(Ask("0000000e"), "00000000");
  EXPECT_FALSE(engine_.on);
  EXPECT_EQ(Ask("0000000200000001"), "00000000");
  EXPECT_EQ(Ask("00000003"), "00000000");
  EXPECT_EQ(then_, Then::kShutDown);
  EXPECT_EQ(engine_.log, "on off on! off ");
}

TEST_F(ControlServiceTest, SaysWhenTheTpmCannotStart) {
  engine_.power_on_status = Status(Code::kAuthFailed, Source::kSealedFile);
  EXPECT_EQ(Ask("0000000200000000"), "00000009");
  engine_.power_on_status = Status(Code::kIoError, Source::kSystem, 5);
  EXPECT_EQ(Ask("0000000200000000"), "0000001f");
}

TEST_F(ControlServiceTest, SetsTheLocality) {
  EXPECT_EQ(Ask("0000000503"), "00000000");
  EXPECT_EQ(service_.locality(), 3);
  EXPECT_EQ(Ask("0000000504000000"), "00000000");
  EXPECT_EQ(service_.locality(), 4);
  EXPECT_EQ(Ask("0000000505"), "0000003d");
  EXPECT_EQ(service_.locality(), 4);
}

TEST_F(ControlServiceTest, NeedsPowerForWhatTheTpmDoes) {
  for (const char* hex :
       {"00000006", "0000000700000001aa", "00000008", "00000009", "0000000a", "0000000b03"}) {
    EXPECT_EQ(Ask(hex), "0000000a") << hex;
  }
  EXPECT_EQ(Ask("00000004"), "0000000a00000000");
  engine_.on = true;
  EXPECT_EQ(Ask("00000004"), "0000000001000000");
  for (const char* hex : {"00000006", "0000000700000001aa", "00000008", "00000009", "0000000a",
                          "0000000b03", "0000000b04000000"}) {
    EXPECT_EQ(Ask(hex), "00000000") << hex;
  }
  EXPECT_EQ(Ask("0000000b02"), "0000003d");
  EXPECT_EQ(engine_.log, "start dataaa end store reset reset reset ");
}

TEST_F(ControlServiceTest, GivesStateInItsEnvelope) {
  engine_.states[StateKind::kPermanent] = {0x0A, 0xBC};
  EXPECT_EQ(Ask("0000000c000000010000000100000000"), "0000000a000000000000000000000000");
  engine_.on = true;
  const std::string blob = "0201000a0004000000180004000000080001000000020abc";
  EXPECT_EQ(Ask("0000000c000000010000000100000000"), "00000000000000000000001800000018" + blob);
  EXPECT_EQ(Ask("0000000c000000010000000100000016"), "000000000000000000000018000000020abc");
  EXPECT_EQ(Ask("0000000c000000010000000100000019"), "00000000000000000000000000000000");
}

TEST_F(ControlServiceTest, SaysWhichStateThereIsNot) {
  engine_.on = true;
  for (const char* type : {"00", "02", "04", "ff"}) {
    EXPECT_EQ(Ask(("0000000c00000001000000" + std::string(type) + "00000000").c_str()),
              "00000800000000000000000000000000")
        << type;
  }
}

TEST_F(ControlServiceTest, TakesStateWhileStopped) {
  const std::string set = "0000000d000000010000000200000018";
  const std::string blob = "0201000a0004000000180004000000080001000000020abc";
  EXPECT_EQ(Ask((set + blob).c_str()), "00000000");
  EXPECT_THAT(engine_.states[StateKind::kVolatile], BytesAre("0abc"));
  engine_.on = true;
  EXPECT_EQ(Ask((set + blob).c_str()), "0000000a");
}

TEST_F(ControlServiceTest, RefusesGarbageAsState) {
  EXPECT_EQ(Ask("0000000d000000010000000100000003aabbcc"), "00000003");
  // "garbage" in a proper envelope, which the engine refuses.
  EXPECT_EQ(Ask("0000000d00000001000000010000001d"
                "0201000a00040000001d00040000000d00010000000767617262616765"),
            "00000003");
  EXPECT_EQ(Ask("0000000d000000010000000900000000"), "00000003");
  EXPECT_TRUE(engine_.states.empty());
}

TEST_F(ControlServiceTest, TakesADescriptorOnlyIfOneCame) {
  EXPECT_EQ(Ask("00000010"), "00000003");
  EXPECT_EQ(then_, Then::kGoOn);
  EXPECT_EQ(Ask("00000010", true), "00000000");
  EXPECT_EQ(then_, Then::kTakeDataFd);
}

TEST_F(ControlServiceTest, ClipsTheBufferSize) {
  EXPECT_EQ(Ask("0000001100000000"), "000000000000100000000af800001000");
  EXPECT_EQ(Ask("0000001100000f80"), "0000000000000f8000000af800001000");
  EXPECT_EQ(Ask("00000011ffffffff"), "000000000000100000000af800001000");
  EXPECT_EQ(Ask("0000001100000001"), "0000000000000af800000af800001000");
  engine_.on = true;
  EXPECT_EQ(Ask("0000001100000000"), "0000000000000af800000af800001000");
  EXPECT_EQ(Ask("0000001100001000"), "0000000a000000000000000000000000");
}

TEST_F(ControlServiceTest, DescribesItselfInJson) {
  const auto text = [&](const char* flags) {
    const ByteVector reply =
        *FromHex(Ask(("00000012" + std::string(flags) + "0000000000000000").c_str()));
    EXPECT_EQ(reply.back(), 0);
    return std::string(reply.begin() + 12, reply.end() - 1);
  };
  const std::string specification =
      R"("TPMSpecification":{"family":"2.0","level":0,"revision":164})";
  EXPECT_EQ(text("0000000000000000"), "{}");
  EXPECT_EQ(text("0000000000000001"), "{" + specification + "}");
  EXPECT_EQ(text("0000000000000003"),
            "{" + specification +
                R"(,"TPMAttributes":{"manufacturer":"id:00001014","version":"id:20191023",)"
                R"("model":"svsm"}})");
  EXPECT_EQ(Ask("0000001200000000000000000000000100000000"), "0000000000000003000000027d00");
  EXPECT_EQ(Ask("0000001200000000000000000000000300000000"), "00000003");
}

TEST_F(ControlServiceTest, RefusesWrongSizesAndUnknownCommands) {
  EXPECT_EQ(Ask("00000001aa"), "0000000300000000");
  EXPECT_EQ(Ask("0000000d0000000000000001ffffffff"), "00000003");
  EXPECT_EQ(Ask("00000014"), "0000000a");
  EXPECT_EQ(Ask("00000000"), "0000000a");
  EXPECT_EQ(Ask("ffffffff"), "0000000a");
}

TEST_F(ControlServiceTest, LocksStorageThatIsLocked) {
  EXPECT_EQ(Ask("0000001300000005"), "0000000a");
  service_.set_storage_is_locked(true);
  EXPECT_EQ(Ask("0000001300000005"), "00000000");
  EXPECT_EQ(Ask("00000001"), "000000000001ffff");
}

TEST_F(ControlServiceTest, RefusesInFourBytes) {
  EXPECT_THAT(ControlService::Refuse(ControlResult::kBadOrdinal).bytes, BytesAre("0000000a"));
}

}  // namespace
}  // namespace svsm::vtpm
