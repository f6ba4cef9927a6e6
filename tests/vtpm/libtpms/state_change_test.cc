#include "vtpm/libtpms/state_change.h"

#include <gtest/gtest.h>

#include "svsm/core/hosted.h"

namespace svsm::vtpm {
namespace {

// Something, then the section at 8: clock and generator from 14 to 110; then something.
constexpr std::size_t kEnd = 111;
void PutSection(ByteVector& state, std::size_t at) {
  const Bytes<6> head = {0x56, 0x65, 0x78, 0x87, 0, 1};
  const Bytes<8> generator = {0, 2, 0x6F, 0xE8, 0x3E, 0xA1, 0, 1};
  Copy(ByteSpan(state).subspan(at), head);
  Copy(ByteSpan(state).subspan(at + 15), generator);
}
ByteVector State() {
  ByteVector state(300, 0x11);
  PutSection(state, 8);
  return state;
}

using Offsets = std::initializer_list<std::size_t>;

StateChange Changed(Offsets offsets) {
  const ByteVector before = State();
  ByteVector after = before;
  for (const std::size_t offset : offsets) after[offset] ^= 1;
  return CompareStates(before, after);
}

TEST(StateChangeTest, TheClockAloneIsPlain) {
  EXPECT_EQ(Changed({}), StateChange::kNone);
  EXPECT_EQ(Changed({14}), StateChange::kPlain);
  EXPECT_EQ(Changed({14, 22, 31, kEnd - 1}), StateChange::kPlain);
}

TEST(StateChangeTest, EverythingElseMatters) {
  for (const std::size_t offset : Offsets{0, 7, 8, 11, 12, 13, 25, 28, 111, 299}) {
    EXPECT_EQ(Changed({offset}), StateChange::kMatters) << offset;
    EXPECT_EQ(Changed({offset, 14, kEnd - 1}), StateChange::kMatters) << offset;
  }
  ByteVector longer = State();
  longer.push_back(0);
  EXPECT_EQ(CompareStates(State(), longer), StateChange::kMatters);
  EXPECT_EQ(CompareStates({}, State()), StateChange::kMatters);
}

TEST(StateChangeTest, EveryByteOfALargeStateIsCompared) {
  ByteVector before = State();
  before.resize(1000, 0x11);
  ByteVector later = before;
  later[14] ^= 1;
  EXPECT_EQ(CompareStates(before, later), StateChange::kPlain);
  for (std::size_t offset = kEnd; offset < before.size(); ++offset) {
    ByteVector after = before;
    after[offset] ^= 1;
    EXPECT_EQ(CompareStates(before, after), StateChange::kMatters) << offset;
    EXPECT_EQ(CompareStates(later, after), StateChange::kMatters) << offset;
  }
}

TEST(StateChangeTest, BytesOfAGuestCannotPoseAsTheClock) {
  ByteVector before = State();
  PutSection(before, 130);
  for (const std::size_t offset : Offsets{14, 136}) {
    ByteVector after = before;
    after[offset] ^= 1;
    EXPECT_EQ(CompareStates(before, after), StateChange::kMatters) << offset;
    // It comes or goes with the change.
    EXPECT_EQ(CompareStates(State(), after), StateChange::kMatters) << offset;
  }
  EXPECT_EQ(CompareStates(ByteVector(20, 1), ByteVector(20, 2)), StateChange::kMatters);
}

}  // namespace
}  // namespace svsm::vtpm
