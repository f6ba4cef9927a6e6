#include "svsm/vtpm/control_channel.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "svsm/core/wire.h"
#include "svsm/testing/matchers.h"

namespace svsm::vtpm {
namespace {

using ::svsm::testing::BytesAre;
using Event = ControlFramer::Event;

ByteVector Hex(const char* hex) { return *FromHex(hex); }

struct Case {
  const char* hex;
  bool well_sized;
  const char* payload;
};

TEST(ControlFramer, KnowsHowLongEachPayloadIs) {
  const Case kCases[] = {
      {"00000001", true, ""},
      {"0000000200000001", true, "00000001"},
      {"000000020000000100", false, "0000000100"},
      {"0000000500", true, "00"},
      {"0000000503000000", true, "03000000"},
      {"000000050300000000", false, "0300000000"},
      {"0000000b04", true, "04"},
      {"0000000700000002abcd", true, "00000002abcd"},
      {"0000000700000002abcdef", false, "00000002abcdef"},
      {"0000000c000000010000000100000000", true, "000000010000000100000000"},
      {"0000000d000000010000000100000001ff", true, "000000010000000100000001ff"},
      {"0000001100000000", true, "00000000"},
      {"0000001200000000000000030000000000000000", true, "00000000000000030000000000000000"},
      {"0000001300000005", true, "00000005"},
      {"00000003ff", false, "ff"},
  };
  for (const Case& c : kCases) {
    ControlFramer framer;
    EXPECT_EQ(framer.Feed(Hex(c.hex)), Event::kRequest) << c.hex;
    EXPECT_EQ(framer.request().well_sized, c.well_sized) << c.hex;
    EXPECT_THAT(framer.request().payload, BytesAre(c.payload)) << c.hex;
  }
}

TEST(ControlFramer, WaitsForTheLastByte) {
  const ByteVector whole = Hex("0000000d000000000000000200000003aabbcc");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    ControlFramer framer;
    EXPECT_EQ(framer.Feed(ByteView(whole).first(cut)), Event::kNeedMore) << cut;
    EXPECT_EQ(framer.in_request(), cut != 0);
    EXPECT_EQ(framer.Feed(ByteView(whole).subspan(cut)), Event::kRequest) << cut;
    EXPECT_FALSE(framer.in_request());
    EXPECT_EQ(framer.request().command, ControlCommand::kSetStateBlob);
    EXPECT_TRUE(framer.request().well_sized);
  }
}

TEST(ControlFramer, GivesUnknownCommandsOutAtOnce) {
  ControlFramer framer;
  EXPECT_EQ(framer.Feed(Hex("000000ff01020304")), Event::kRequest);
  EXPECT_FALSE(framer.request().well_sized);
}

TEST(ControlFramer, DoesNotWaitForAHugePayload) {
  ControlFramer framer;
  EXPECT_EQ(framer.Feed(Hex("0000000d000000000000000100100001")), Event::kRequest);
  EXPECT_FALSE(framer.request().well_sized);
  EXPECT_FALSE(framer.in_step());
  framer.Next();
  EXPECT_TRUE(framer.in_step());
}

TEST(ControlFramer, GivesHashDataOfAnyLengthInPieces) {
  constexpr std::size_t kSize = 5 * ControlFramer::kMinPiece / 2;
  ByteVector whole = Hex("00000007");
  const auto size = wire::ToBytes(wire::Be32(kSize));
  whole.insert(whole.end(), size.begin(), size.end());
  ByteVector data(kSize);
  for (std::size_t i = 0; i < kSize; ++i) data[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  whole.insert(whole.end(), data.begin(), data.end());
  for (const std::size_t chunk : {std::size_t{1000}, ControlFramer::kMinPiece, kSize + 8}) {
    ControlFramer framer;
    ByteVector got;
    std::size_t pieces = 0;
    ByteView rest = whole;
    for (Event event = Event::kNeedMore; event != Event::kRequest;) {
      const ByteView now = rest.first(std::min(chunk, rest.size()));
      rest = rest.subspan(now.size());
      event = framer.Feed(now);
      if (event == Event::kNeedMore) {
        EXPECT_TRUE(framer.in_request());
        continue;
      }
      EXPECT_EQ(framer.request().command, ControlCommand::kHashData);
      EXPECT_TRUE(framer.request().well_sized);
      const ByteView piece = framer.request().payload.subspan(4);
      got.insert(got.end(), piece.begin(), piece.end());
      framer.Next();
      ++pieces;
    }
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(got, data);
    EXPECT_EQ(pieces > 1, chunk < kSize);
    // The next request begins anew.
    EXPECT_FALSE(framer.in_request());
    EXPECT_EQ(framer.Feed(Hex("0000000e")), Event::kRequest);
    EXPECT_EQ(framer.request().command, ControlCommand::kStop);
  }
}

TEST(ControlFramer, HashDataInPiecesMayBeGivenUpOrTooLong) {
  ByteVector piece = Hex("00000007ffffffff");
  piece.resize(8 + ControlFramer::kMinPiece);
  ControlFramer framer;
  EXPECT_EQ(framer.Feed(piece), Event::kPiece);
  framer.Next();
  EXPECT_EQ(framer.Feed(Hex("00")), Event::kNeedMore);
  EXPECT_TRUE(framer.GiveUp());
  EXPECT_FALSE(framer.request().well_sized);
  framer.Next();
  EXPECT_FALSE(framer.in_request());
  ByteVector small = Hex("0000000700010001");
  small.resize(8 + ControlFramer::kMinPiece);
  EXPECT_EQ(framer.Feed(small), Event::kPiece);
  framer.Next();
  EXPECT_EQ(framer.Feed(Hex("0000")), Event::kRequest);
  EXPECT_FALSE(framer.request().well_sized);
}

TEST(ControlFramer, GivesUpWhatIsNotWhole) {
  ControlFramer framer;
  EXPECT_EQ(framer.Feed(Hex("000000")), Event::kNeedMore);
  EXPECT_FALSE(framer.GiveUp());
  EXPECT_EQ(framer.Feed(Hex("020000")), Event::kNeedMore);
  EXPECT_TRUE(framer.GiveUp());
  EXPECT_EQ(framer.request().command, ControlCommand::kInit);
  EXPECT_FALSE(framer.request().well_sized);
  EXPECT_FALSE(framer.in_step());
}

TEST(ControlFramer, StartsAnewAfterNext) {
  ControlFramer framer;
  EXPECT_EQ(framer.Feed(Hex("000000ff")), Event::kRequest);
  framer.Next();
  EXPECT_EQ(framer.Feed(Hex("0000")), Event::kNeedMore);
  EXPECT_EQ(framer.Feed(Hex("000e")), Event::kRequest);
  EXPECT_EQ(framer.request().command, ControlCommand::kStop);
  EXPECT_TRUE(framer.request().well_sized);
}

}  // namespace
}  // namespace svsm::vtpm
