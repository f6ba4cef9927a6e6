#include "svsm/vtpm/mssim_channel.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "svsm/testing/matchers.h"

namespace svsm::vtpm {
namespace {

using ::svsm::testing::BytesAre;
using Event = MssimChannel::Event;

// Feeds at most `step` bytes at a time until a request is whole; `in` keeps the rest.
Event Feed(MssimChannel& channel, ByteView& in, std::size_t step) {
  while (!in.empty()) {
    const std::size_t n = std::min({step, in.size(), channel.wanted().size()});
    Copy(channel.wanted(), in.first(n));
    in = in.subspan(n);
    if (channel.Commit(n) == Event::kRequest) return Event::kRequest;
  }
  return Event::kNeedMore;
}

TEST(MssimChannel, TakesCommandsInAnyPieces) {
  const ByteVector frame = *FromHex("00000008030000000c80010000000c000001440000");
  for (std::size_t step = 1; step <= frame.size(); ++step) {
    MssimChannel channel(MssimPort::kCommand);
    ByteView in = frame;
    ASSERT_EQ(Feed(channel, in, step), Event::kRequest) << step;
    EXPECT_TRUE(in.empty());
    EXPECT_FALSE(channel.in_request());
    const MssimRequest& request = channel.request();
    EXPECT_EQ(request.port, MssimPort::kCommand);
    EXPECT_EQ(request.code, MssimCode::kSendCommand);
    EXPECT_TRUE(request.is_known);
    EXPECT_FALSE(request.is_too_long);
    EXPECT_EQ(request.locality, 3);
    EXPECT_THAT(request.data, BytesAre("80010000000c000001440000"));
  }
}

TEST(MssimChannel, KnowsTheCodesOfEachPort) {
  for (std::uint32_t code = 0; code < 32; ++code) {
    for (const MssimPort port : {MssimPort::kCommand, MssimPort::kPlatform}) {
      const std::uint32_t known = port == MssimPort::kCommand ? 0x003181E0u : 0x00361E1Eu;
      MssimChannel channel(port);
      const Bytes<13> bytes = {0, 0, 0, static_cast<std::uint8_t>(code)};
      ByteView in = bytes;
      EXPECT_EQ(Feed(channel, in, 100), Event::kRequest) << code;
      EXPECT_EQ(channel.request().is_known, (known >> code & 1) != 0) << code;
      EXPECT_EQ(channel.request().code, static_cast<MssimCode>(code));
    }
  }
}

TEST(MssimChannel, RequestsFollowEachOtherAndAreNeverReadAhead) {
  const ByteVector bytes = *FromHex(
      "0000000f00000001"
      "0000000600000002abcd"
      "0000001000000007"
      "00000014");
  MssimChannel channel(MssimPort::kCommand);
  ByteView in = bytes;
  EXPECT_EQ(Feed(channel, in, 100), Event::kRequest);
  EXPECT_EQ(channel.request().number, 1u);
  channel.Next();
  EXPECT_EQ(Feed(channel, in, 100), Event::kRequest);
  EXPECT_THAT(channel.request().data, BytesAre("abcd"));
  channel.Next();
  EXPECT_EQ(Feed(channel, in, 100), Event::kRequest);
  EXPECT_EQ(channel.request().number, 7u);
  EXPECT_THAT(channel.request().data, BytesAre(""));
  channel.Next();
  EXPECT_EQ(Feed(channel, in, 100), Event::kRequest);
  EXPECT_EQ(channel.request().code, MssimCode::kSessionEnd);
  EXPECT_TRUE(in.empty());
}

TEST(MssimChannel, RefusesSizesOverTheLimitAtOnce) {
  struct Case {
    const char* hex;
    bool too_long;
  };
  const Case kCases[] = {{"000000080000001001", true},
                         {"0000000800ffffffff", true},
                         {"0000000600100001", true},
                         {"000000080000000000", false},
                         {"0000000600000000", false}};
  for (const Case& c : kCases) {
    MssimChannel channel(MssimPort::kCommand);
    const ByteVector bytes = *FromHex(c.hex);
    ByteView in = bytes;
    EXPECT_EQ(Feed(channel, in, 1), Event::kRequest) << c.hex;
    EXPECT_EQ(channel.request().is_too_long, c.too_long) << c.hex;
    EXPECT_THAT(channel.request().data, BytesAre(""));
  }
}

TEST(MssimChannel, TheLargestCommandFits) {
  ByteVector frame = *FromHex("000000080000001000");
  frame.resize(frame.size() + 4096, 0xAA);
  MssimChannel channel(MssimPort::kCommand);
  ByteView in = frame;
  EXPECT_EQ(Feed(channel, in, 1000), Event::kRequest);
  EXPECT_EQ(channel.request().data.size(), 4096u);
}

TEST(MssimChannel, KnowsAnIdleClientFromASlowOne) {
  MssimChannel channel(MssimPort::kCommand);
  EXPECT_FALSE(channel.in_request());
  const ByteVector bytes = *FromHex("00000008");
  for (ByteView in = bytes; !in.empty();) {
    ByteView one = in.first(1);
    in = in.subspan(1);
    EXPECT_EQ(Feed(channel, one, 1), Event::kNeedMore);
    EXPECT_TRUE(channel.in_request());
  }
}

}  // namespace
}  // namespace svsm::vtpm
