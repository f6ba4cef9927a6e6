// Covers: svsm/vtpm/state_envelope.h
#include "svsm/vtpm/state_envelope.h"

#include <gtest/gtest.h>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::vtpm {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOkAnd;
using ::svsm::testing::IsStatus;

constexpr char kWrapped[] = "0201000a0004000000180004000000080001000000020abc";

TEST(StateEnvelope, WrapsAndUnwraps) {
  Bytes<kStateEnvelopeSize + 2> out{};
  EXPECT_THAT(WrapState(Bytes<2>{0x0A, 0xBC}, out), IsOkAnd(BytesAre(kWrapped)));
  EXPECT_THAT(UnwrapState(out), IsOkAnd(BytesAre("0abc")));
}

TEST(StateEnvelope, UnwrapsFilesOfAStateFolder) {
  constexpr char kFile[] =
      "0201000a000000000012000100000002"
      "0abc";
  const ByteVector file = *FromHex(kFile);
  EXPECT_THAT(UnwrapStateFile(file), IsOkAnd(BytesAre("0abc")));
  // The one form is not the other.
  EXPECT_THAT(UnwrapStateFile(*FromHex(kWrapped)), IsStatus(Code::kMalformed, Source::kCore, 10u));
  EXPECT_THAT(UnwrapState(file), IsStatus(Code::kMalformed, Source::kCore, 10u));
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(UnwrapStateFile(ByteView(file).first(size)).ok()) << size;
  }
  ByteVector other = file;
  other[1] = 3;
  EXPECT_THAT(UnwrapStateFile(other), IsStatus(Code::kUnsupported, Source::kVtpm, 3u));
  other = file;
  other[5] = 1;
  EXPECT_THAT(UnwrapStateFile(other), IsStatus(Code::kUnsupported, Source::kVtpm, 1u));
  other = file;
  other[11] = 2;
  EXPECT_THAT(UnwrapStateFile(other), IsStatus(Code::kMalformed, Source::kCore, 12u));
}

TEST(StateEnvelope, SaysHowMuchRoomItNeeds) {
  Bytes<kStateEnvelopeSize + 1> out{};
  EXPECT_THAT(WrapState(Bytes<2>{}, out),
              IsStatus(Code::kBufferTooSmall, Source::kCore, kStateEnvelopeSize + 2));
}

TEST(StateEnvelope, RefusesEveryCut) {
  const ByteVector whole = *FromHex(kWrapped);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(UnwrapState(ByteView(whole).first(size)).ok()) << size;
  }
  EXPECT_THAT(UnwrapState(ByteView(whole).first(3)), IsStatus(Code::kTruncated, Source::kCore, 2));
}

TEST(StateEnvelope, RefusesWhatItDoesNotKnow) {
  const auto with = [](std::size_t at, std::uint8_t value) {
    ByteVector blob = *FromHex(kWrapped);
    blob[at] = value;
    return UnwrapState(blob).status();
  };
  EXPECT_THAT(with(1, 3), IsStatus(Code::kUnsupported, Source::kVtpm, 3));      // least version
  EXPECT_THAT(with(5, 5), IsStatus(Code::kUnsupported, Source::kVtpm, 5));      // encrypted
  EXPECT_THAT(with(5, 6), IsStatus(Code::kUnsupported, Source::kVtpm, 6));      // migration key
  EXPECT_THAT(with(5, 0), IsStatus(Code::kMalformed, Source::kCore, 10));       // no data
  EXPECT_THAT(with(3, 11), IsStatus(Code::kMalformed, Source::kCore, 4));       // header size
  EXPECT_THAT(with(9, 0x19), IsStatus(Code::kMalformed, Source::kCore, 10));    // total
  EXPECT_THAT(with(11, 5), IsStatus(Code::kMalformed, Source::kCore, 12));      // outer tag
  EXPECT_THAT(with(15, 7), IsStatus(Code::kMalformed, Source::kCore, 23));      // outer length
  EXPECT_THAT(with(17, 2), IsStatus(Code::kMalformed, Source::kVtpm, 10 + 8));  // inner tag
  EXPECT_THAT(with(21, 1), IsStatus(Code::kMalformed, Source::kVtpm, 16 + 7));  // inner length
  EXPECT_THAT(with(21, 3), IsStatus(Code::kTruncated, Source::kVtpm, 16 + 6));
}

}  // namespace
}  // namespace svsm::vtpm
