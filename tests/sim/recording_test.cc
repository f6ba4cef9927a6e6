#include "svsm/sim/recording.h"

#include "tests/sim/support.h"

namespace svsm::sim {
namespace {

using testing::IsOk;
using testing::IsStatus;

Recording Sample() {
  Recording recording;
  recording.setting = "product=Milan seed=1";
  recording.events = {{EventKind::kEntropy, {2, 0, 0, 0}, {7, 8}, false, {}},
                      {EventKind::kCpuWord, {1}, ByteVector(9, 1), false, {}},
                      {EventKind::kMonotonic, {}, ByteVector(8, 2), false, {}},
                      {EventKind::kUnixSeconds, {}, ByteVector(8, 3), false, {}},
                      {EventKind::kSleep, ByteVector(8, 4), {}, false, {}},
                      {EventKind::kExchange, ByteVector(36, 5), {1, 2, 3}, false, {}},
                      {EventKind::kResult, {'m'}, {0xFF}, false, {}}};
  return recording;
}

TEST(RecordingText, IsReadAsItWasWritten) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string text, EncodeRecording(Sample(), Secrets::kIncluded));
  EXPECT_TRUE(text.starts_with(
      "svsm-recording 1\nsetting product=Milan seed=1\nentropy 02000000 0708\ncpu 01 01"));
  EXPECT_TRUE(text.ends_with("\nresult 6d ff\nend 7\n"));
  SVSM_ASSERT_OK_AND_ASSIGN(const Recording again, DecodeRecording(text));
  EXPECT_EQ(again, Sample());
  EXPECT_THAT(DecodeRecording("svsm-recording 1\nsetting \nend 0\n"), IsOk());
}

TEST(RecordingText, HidesSecrets) {
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string text, EncodeRecording(Sample(), Secrets::kRedacted));
  EXPECT_NE(text.find("\nentropy 02000000 sha256:"), std::string::npos);
  EXPECT_NE(text.find("\ncpu 01 sha256:"), std::string::npos);
  EXPECT_NE(text.find("\nexchange 0505"), std::string::npos);
  SVSM_ASSERT_OK_AND_ASSIGN(const Recording again, DecodeRecording(text));
  EXPECT_TRUE(again.events[0].redacted && again.events[0].answer.empty());
  EXPECT_FALSE(again.events[5].redacted);
  // What is gone does not come back.
  SVSM_ASSERT_OK_AND_ASSIGN(const std::string same, EncodeRecording(again, Secrets::kIncluded));
  EXPECT_EQ(same, text);
}

TEST(RecordingText, OtherTextIsRefused) {
  const std::string head = "svsm-recording 1\nsetting x\n";
  const auto malformed = [](std::uint32_t line) {
    return IsStatus(Code::kMalformed, Source::kSim, line);
  };
  const auto truncated = IsStatus(Code::kTruncated, Source::kSim);
  EXPECT_THAT(DecodeRecording(""), truncated);
  EXPECT_THAT(DecodeRecording("svsm-recording 1\n"), truncated);
  EXPECT_THAT(DecodeRecording(head), truncated);
  EXPECT_THAT(DecodeRecording(head + "end 0"), truncated);
  EXPECT_THAT(DecodeRecording("a recording\n"), malformed(1));
  EXPECT_THAT(DecodeRecording("svsm-recording 2\n"), IsStatus(Code::kUnsupported, Source::kSim));
  EXPECT_THAT(DecodeRecording("svsm-recording 1\nset\n"), malformed(2));
  EXPECT_THAT(DecodeRecording("svsm-recording 1\nsetting \x7f\n"), malformed(2));
  for (const char* const line :
       {"", "result", "result 6d", "result 6d ", "result 6d 0", "result 6d 0g", "result 6d FF",
        "result 6D ff", "result  ff", "result 6d ff ", "result 6d - ", "other 6d ff",
        "result 6d sha256:00", "entropy 6d sha256:00", "end", "end 1", "end 00", "end 0 "}) {
    EXPECT_THAT(DecodeRecording(head + line + "\nend 1\n"), malformed(3)) << line;
  }
  EXPECT_THAT(DecodeRecording(head + "end 0\n\n"), malformed(3));
  std::string many = head;
  for (std::size_t i = 0; i <= kMaxRecordedEvents; ++i) many += "sleep - -\n";
  EXPECT_THAT(DecodeRecording(many + "end 1048577\n"), IsStatus(Code::kOutOfRange, Source::kSim));
}

TEST(RecordingText, NamesEachKind) {
  EXPECT_STREQ(EventKindName(EventKind::kUnixSeconds), "unix");
  EXPECT_STREQ(EventKindName(static_cast<EventKind>(99)), "?");
}

}  // namespace
}  // namespace svsm::sim
