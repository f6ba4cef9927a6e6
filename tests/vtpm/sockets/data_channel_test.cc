#include "svsm/vtpm/data_channel.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "svsm/core/wire.h"
#include "svsm/testing/matchers.h"

namespace svsm::vtpm {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::SameBytes;
using Event = DataChannel::Event;

constexpr Bytes<12> kStartup = {0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0};

// Feeds `bytes`, at most `step` at a time, until the channel says something else than kNeedMore.
Event Feed(DataChannel& channel, ByteView& bytes, std::size_t step) {
  while (!bytes.empty()) {
    const std::size_t n = std::min({step, bytes.size(), channel.wanted().size()});
    Copy(channel.wanted(), bytes.first(n));
    bytes = bytes.subspan(n);
    const Event event = channel.Commit(n);
    if (event != Event::kNeedMore) return event;
  }
  return Event::kNeedMore;
}

ByteVector Framed(std::uint8_t locality, std::uint32_t size, ByteView command) {
  ByteVector frame = {0, 0, 0, 8, locality};
  const auto prefix = wire::ToBytes(wire::Be32(size));
  frame.insert(frame.end(), prefix.begin(), prefix.end());
  frame.insert(frame.end(), command.begin(), command.end());
  return frame;
}

TEST(DataChannel, TakesBareCommandsInAnyPieces) {
  for (std::size_t step = 1; step <= kStartup.size(); ++step) {
    DataChannel channel(4096);
    ByteView in = kStartup;
    EXPECT_EQ(Feed(channel, in, step), Event::kCommand) << step;
    EXPECT_THAT(channel.command(), SameBytes(kStartup));
    EXPECT_FALSE(channel.locality().has_value());
    EXPECT_THAT(channel.Reply(Bytes<2>{0xAB, 0xCD}), BytesAre("abcd"));
    EXPECT_FALSE(channel.in_command());
  }
}

TEST(DataChannel, TakesFramedCommandsInAnyPieces) {
  const ByteVector frame = Framed(3, kStartup.size(), kStartup);
  for (std::size_t step = 1; step <= frame.size(); ++step) {
    DataChannel channel(4096);
    ByteView in = frame;
    EXPECT_EQ(Feed(channel, in, step), Event::kCommand) << step;
    EXPECT_THAT(channel.command(), SameBytes(kStartup));
    EXPECT_EQ(channel.locality(), 3);
    EXPECT_THAT(channel.Reply(Bytes<2>{0xAB, 0xCD}), BytesAre("00000002abcd00000000"));
  }
}

TEST(DataChannel, CommandsFollowEachOtherAndNeverReadAhead) {
  ByteVector both(kStartup.begin(), kStartup.end());
  const ByteVector frame = Framed(0, kStartup.size(), kStartup);
  both.insert(both.end(), frame.begin(), frame.end());
  DataChannel channel(4096);
  ByteView in = both;
  EXPECT_EQ(Feed(channel, in, 100), Event::kCommand);
  EXPECT_EQ(in.size(), frame.size());
  (void)channel.Reply({});
  EXPECT_EQ(Feed(channel, in, 100), Event::kCommand);
  EXPECT_EQ(channel.locality(), 0);
  EXPECT_TRUE(in.empty());
}

TEST(DataChannel, RefusesSizesThatCannotBe) {
  for (const std::uint32_t size : {0u, 9u, 4097u, 0xFFFFFFFFu}) {
    Bytes<12> command = kStartup;
    Copy(ByteSpan(command).subspan(2), wire::ToBytes(wire::Be32(size)));
    DataChannel channel(4096);
    ByteView in = command;
    EXPECT_EQ(Feed(channel, in, 100), Event::kRefused) << size;
    EXPECT_THAT(channel.Refusal(), BytesAre("80010000000a00000142"));
  }
}

TEST(DataChannel, RefusesAFrameWhoseSizeIsNotItsCommands) {
  const ByteVector frame = Framed(0, kStartup.size() + 1, kStartup);
  DataChannel channel(4096);
  ByteView in = frame;
  EXPECT_EQ(Feed(channel, in, 100), Event::kRefused);
  EXPECT_THAT(channel.Refusal(), BytesAre("0000000a80010000000a0000014200000000"));
}

TEST(DataChannel, RefusesFramesWhereTheyAreNotTaken) {
  const ByteVector frame = Framed(4, kStartup.size(), kStartup);
  DataChannel channel(4096, DataChannel::Frames::kRefused);
  ByteView in = frame;
  EXPECT_EQ(Feed(channel, in, 100), Event::kRefused);
  EXPECT_FALSE(channel.locality().has_value());
  EXPECT_THAT(channel.Refusal(), BytesAre("80010000000a00000142"));
  in = kStartup;
  EXPECT_EQ(Feed(channel, in, 100), Event::kCommand);
}

TEST(DataChannel, KnowsAnIdleClientFromASlowOne) {
  DataChannel channel(4096);
  EXPECT_FALSE(channel.in_command());
  ByteView in = ByteView(kStartup).first(2);
  EXPECT_EQ(Feed(channel, in, 1), Event::kNeedMore);
  EXPECT_TRUE(channel.in_command());
}

TEST(DataChannel, TheLargestCommandFits) {
  ByteVector command(4096, 0);
  Copy(command, Bytes<6>{0x80, 0x01, 0, 0, 0x10, 0});
  DataChannel channel(4096);
  ByteView in = command;
  EXPECT_EQ(Feed(channel, in, 4096), Event::kCommand);
  (void)channel.Reply({});
  channel.SetBufferSize(4095);
  in = command;
  EXPECT_EQ(Feed(channel, in, 4096), Event::kRefused);
}

}  // namespace
}  // namespace svsm::vtpm
