#include "cocoonfs/aux_extents.h"

#include "cocoonfs/integrity.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/writer.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using ByteVec = std::vector<std::uint8_t>;

constexpr std::uint64_t kBlocks = 1024;

// Rings on a device, their links as given.
class AuxExtentsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_THAT(view_.Init(0, 512), IsOk()); }

  // Writes extent `at` with links and, if it is a head, a state.
  void Put(const Extent& at, const Extent& next, const Extent& after_next, int state) {
    ByteVec bytes(at.count * 128);
    wire::Writer w(bytes);
    w.Le64(EncodeExtentPointer(next, false));
    w.Le64(EncodeExtentPointer(after_next, false));
    if (state >= 0) w.U8(static_cast<std::uint8_t>(state));
    ApplyIntegrity(AuxIntegrity(2, state >= 0), bytes);
    device_.Poke(at.first * 128, bytes);
  }
  // A whole ring; groups begin at 0 and `group1`.
  void PutRing(const std::vector<Extent>& ring, std::size_t group1) {
    for (std::size_t i = 0; i < ring.size(); ++i) {
      Put(ring[i], ring[(i + 1) % ring.size()], ring[(i + 2) % ring.size()],
          i == 0 || i == group1 ? 1 : -1);
    }
    heads_[0] = EncodeExtentPointer(ring[0], false);
    heads_[1] = group1 < ring.size() ? EncodeExtentPointer(ring[group1], false) : kNilPointer;
  }
  void Tear(const Extent& extent) { device_.Poke(extent.first * 128 + 40, ByteVec(1, 0)); }
  Status Find() { return FindAuxExtents(view_, layout_, kBlocks, heads_, out_); }

  TestAllocator allocator_;
  ImageLayout layout_;
  testing::FaultDevice device_{128, ByteVec(kBlocks * 128)};
  DeviceView view_{device_, allocator_};
  std::uint64_t heads_[2] = {kNilPointer, kNilPointer};
  AuxExtents out_{allocator_};
  const std::vector<Extent> ring_ = {{16, 4}, {64, 8}, {32, 4}, {100, 16}, {200, 4}};
};

TEST_F(AuxExtentsTest, None) {
  EXPECT_THAT(Find(), IsOk());
  EXPECT_TRUE(out_.extents.empty());
  heads_[1] = EncodeExtentPointer({16, 4}, false);
  EXPECT_EQ(Find(), Malformed(Region::kAux));
}

TEST_F(AuxExtentsTest, FollowsTheRing) {
  for (std::size_t group1 = 1; group1 <= ring_.size(); ++group1) {
    PutRing(ring_, group1);
    ASSERT_THAT(Find(), IsOk());
    ASSERT_EQ(out_.extents.size(), ring_.size());
    for (std::size_t i = 0; i < ring_.size(); ++i) EXPECT_EQ(out_.extents[i], ring_[i]);
    EXPECT_EQ(out_.group1, group1);
    EXPECT_EQ(out_.torn, AuxExtents::kNoTorn);
  }
}

TEST_F(AuxExtentsTest, FindsAnyTornExtentOfTwoGroups) {
  for (std::size_t group1 = 1; group1 < ring_.size(); ++group1) {
    for (std::size_t torn = 0; torn < ring_.size(); ++torn) {
      PutRing(ring_, group1);
      Tear(ring_[torn]);
      ASSERT_THAT(Find(), IsOk()) << group1 << " " << torn;
      ASSERT_EQ(out_.extents.size(), ring_.size());
      for (std::size_t i = 0; i < ring_.size(); ++i) EXPECT_EQ(out_.extents[i], ring_[i]);
      EXPECT_EQ(out_.group1, group1);
      EXPECT_EQ(out_.torn, torn);
    }
  }
}

TEST_F(AuxExtentsTest, RingsOfOneAndTwo) {
  PutRing({{16, 4}}, 1);
  ASSERT_THAT(Find(), IsOk());
  EXPECT_EQ(out_.extents.size(), 1u);
  for (const std::size_t torn : {0u, 1u, 2u}) {
    PutRing({{16, 4}, {32, 4}}, 1);
    if (torn < 2) Tear(torn == 0 ? Extent{16, 4} : Extent{32, 4});
    ASSERT_THAT(Find(), IsOk()) << torn;
    EXPECT_EQ(out_.extents.size(), 2u);
    EXPECT_EQ(out_.extents[0], (Extent{16, 4}));
    EXPECT_EQ(out_.group1, 1u);
  }
}

TEST_F(AuxExtentsTest, RefusesWhatIsNoRing) {
  const Status bad = Malformed(Region::kAux);
  PutRing(ring_, 5);
  Tear(ring_[2]);
  EXPECT_EQ(Find(), bad);  // one group: nothing may be torn
  PutRing(ring_, 2);
  Tear(ring_[2]);
  Tear(ring_[4]);
  EXPECT_EQ(Find(), bad);  // two torn
  PutRing(ring_, 2);
  Put(ring_[4], ring_[1], ring_[2], -1);
  EXPECT_EQ(Find(), bad);  // comes back elsewhere
  PutRing(ring_, 2);
  Put(ring_[1], ring_[2], ring_[0], -1);
  EXPECT_EQ(Find(), bad);  // the two links contradict each other
  PutRing(ring_, 2);
  heads_[1] = EncodeExtentPointer({300, 4}, false);
  EXPECT_EQ(Find(), bad);  // group 1 is not in the ring
  PutRing(ring_, 2);
  Put(ring_[4], {1020, 8}, ring_[1], -1);
  EXPECT_EQ(Find(), bad);  // outside
  Put(ring_[4], {18, 4}, ring_[1], -1);
  EXPECT_EQ(Find(), bad);  // misaligned
  Put(ring_[4], {64, 4}, ring_[1], -1);
  EXPECT_EQ(Find(), bad);  // overlaps
  heads_[0] |= 1;
  EXPECT_EQ(Find(), bad);  // indirect
}

TEST_F(AuxExtentsTest, KnowsWhatTheHeadsSay) {
  PutRing(ring_, 2);
  Put(ring_[0], ring_[1], ring_[2], 2);
  ASSERT_THAT(Find(), IsOk());
  EXPECT_EQ(out_.states[0], AuxState::kActiveReallocate);
  EXPECT_EQ(out_.states[1], AuxState::kActive);
  EXPECT_TRUE(out_.shall_move());
  Put(ring_[0], ring_[1], ring_[2], 1);
  Put(ring_[2], ring_[3], ring_[4], 2);
  ASSERT_THAT(Find(), IsOk());
  EXPECT_FALSE(out_.shall_move());
  Tear(ring_[0]);
  ASSERT_THAT(Find(), IsOk());
  EXPECT_EQ(out_.states[0], AuxState::kInactive);
  EXPECT_EQ(out_.states[1], AuxState::kActiveReallocate);
  EXPECT_TRUE(out_.shall_move());
  Put(ring_[0], ring_[1], ring_[2], 3);  // no such state: not a reason to refuse the image
  ASSERT_THAT(Find(), IsOk());
  EXPECT_EQ(out_.states[0], AuxState::kInactive);
  EXPECT_EQ(DecodeAuxState(ByteVec(17, 3)).status(), Malformed(Region::kAux));
}

}  // namespace
}  // namespace svsm::cocoonfs
