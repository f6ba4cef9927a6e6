#include "cocoonfs/aux_reader.h"

#include <gtest/gtest.h>

#include "svsm/cocoonfs/region.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/fault_device.h"
#include "svsm/testing/matchers.h"
#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using svsm::testing::FaultDevice;
using svsm::testing::IsOk;
using svsm::testing::IsStatus;
using svsm::testing::kInjectedError;

// A ring of two groups of two extents each, on a device.
class AuxReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(view_.Init(0, 512), IsOk());
    for (const Extent& extent : {Extent{16, 64}, {96, 4}, {128, 64}, {200, 4}}) {
      ASSERT_THAT(ring_.extents.PushBack(extent), IsOk());
    }
    ring_.group1 = 2;
    Put(0, AuxState::kActive, 1);
    Put(1, AuxState::kInactive, 2);
  }
  // Writes a group whose metadata have one entry with this mark, over both extents.
  void Put(int group, AuxState state, std::uint8_t mark) {
    AuxMetadata aux(allocator_);
    Bytes<kUuidSize> uuid{};
    Fill(uuid, mark);
    ASSERT_THAT(aux.Add(uuid, ByteVector(8200, mark)), IsOk());
    ByteVector payload(aux.encoded_size());
    ASSERT_THAT(aux.Encode(payload), IsOk());
    for (std::size_t i = group == 0 ? 0 : 2; i < (group == 0 ? 2u : 4u); ++i) {
      ByteVector bytes(ring_.extents[i].count * 128);
      EncodeAuxExtent(layout_, ring_, i, state, payload, bytes);
      device_.Poke(ring_.extents[i].first * 128, bytes);
    }
  }
  void Tear(std::size_t extent) {
    device_.Poke(ring_.extents[extent].first * 128 + 400, ByteVector(8, 0xEE));
  }
  // The mark of what is in effect, or 0 if nothing can be read.
  int Mark() {
    AuxMetadata aux(allocator_);
    const Status status = ReadAux(view_, layout_, ring_, aux);
    if (!status.ok()) {
      EXPECT_EQ(status, Malformed(Region::kAux));
      return 0;
    }
    return aux.num_entries() == 1 ? aux.entry(0).data[8199] : -1;
  }

  TestAllocator allocator_;
  ImageLayout layout_;
  FaultDevice device_{128, ByteVector(256 * 128)};
  DeviceView view_{device_, allocator_};
  AuxExtents ring_{allocator_};
};

TEST_F(AuxReaderTest, TheFirstActiveGroupCounts) {
  EXPECT_EQ(Mark(), 1);
  Put(1, AuxState::kActive, 2);
  EXPECT_EQ(Mark(), 1);
  Put(0, AuxState::kInactive, 1);
  EXPECT_EQ(Mark(), 2);
  Put(1, AuxState::kActiveReallocate, 3);
  EXPECT_EQ(Mark(), 3);
  Put(1, AuxState::kInactive, 3);
  EXPECT_EQ(Mark(), 0);
}

TEST_F(AuxReaderTest, WhatCountsMustBeWhole) {
  Put(1, AuxState::kActive, 2);
  Tear(3);  // of the group that does not count
  EXPECT_EQ(Mark(), 1);
  Put(1, AuxState::kActive, 2);
  Tear(0);  // the head says nothing any more
  EXPECT_EQ(Mark(), 2);
  Put(0, AuxState::kActive, 1);
  Tear(1);
  EXPECT_EQ(Mark(), 0);
}

TEST_F(AuxReaderTest, SaysWhichExtentsAreIntact) {
  Put(1, AuxState::kActive, 2);
  Tear(0);
  AuxGroups groups(allocator_);
  ASSERT_THAT(ReadAuxGroups(view_, layout_, ring_, groups), IsOk());
  EXPECT_EQ(ToVector(groups.intact.view()), (ByteVector{0, 1, 1, 1}));
  EXPECT_EQ(groups.effective, 1);
  EXPECT_EQ(groups.states[0], AuxState::kInactive);
  EXPECT_EQ(groups.states[1], AuxState::kActive);
  EXPECT_EQ(groups.payload.size(), AuxGroupCapacity(layout_, ring_, 1));
}

TEST_F(AuxReaderTest, RefusesAnImpossibleState) {
  Put(0, static_cast<AuxState>(3), 1);
  EXPECT_EQ(Mark(), 0);
}

TEST_F(AuxReaderTest, WithoutExtentsThereIsNothing) {
  ring_.extents.Clear();
  EXPECT_EQ(Mark(), -1);
}

TEST_F(AuxReaderTest, SaysWhatFailsBelow) {
  AuxMetadata aux(allocator_);
  for (std::uint64_t nth = 1; nth <= 4; ++nth) {
    device_.FailNth(testing::kFailReads, nth, testing::Failing::kOnce);
    EXPECT_THAT(ReadAux(view_, layout_, ring_, aux),
                IsStatus(Code::kIoError, Source::kSystem, kInjectedError));
  }
  device_.FailNth(0, 0, testing::Failing::kOnce);
  allocator_.FailAt(1);
  EXPECT_EQ(ReadAux(view_, layout_, ring_, aux).code(), Code::kOutOfMemory);
  allocator_.FailAt(0);
}

}  // namespace
}  // namespace svsm::cocoonfs
