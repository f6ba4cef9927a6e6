#include "cocoonfs/integrity.h"

#include <gtest/gtest.h>

#include "tests/cocoonfs/support.h"

namespace svsm::cocoonfs {
namespace {

using ByteVec = std::vector<std::uint8_t>;

// An extent with a section of zeros at the place.
ByteVec MakeExtent(const IntegrityPlace& place, std::size_t size, std::uint64_t seed) {
  TestRng rng(seed);
  ByteVec extent = RandomBytes(rng, size);
  Fill(ByteSpan(extent).subspan(place.section, IntegritySectionBytes(place.slots)), 0);
  return extent;
}

const IntegrityPlace kPlaces[] = {
    StaticHeaderIntegrity(0),  StaticHeaderIntegrity(2), CreationHeaderIntegrity(5),
    JournalHeadIntegrity(2),   AuxIntegrity(2, true),    AuxIntegrity(0, false),
    StaticHeaderIntegrity(13),
};

TEST(IntegrityTest, ComesOffAgain) {
  for (const IntegrityPlace& place : kPlaces) {
    const std::size_t io_block = std::size_t{128} << place.slots;
    const std::size_t least = io_block < 512 ? 512 : io_block;
    for (const std::size_t size : {least, 2 * least}) {
      const ByteVec original = MakeExtent(place, size, place.section + size);
      ByteVec extent = original;
      ApplyIntegrity(place, extent);
      EXPECT_NE(extent, original);
      EXPECT_TRUE(Equal(ByteView(extent).first(place.skip), ByteView(original).first(place.skip)));
      for (std::size_t i = place.skip; i < kIntegrityHeadBytes; ++i) EXPECT_NE(extent[i], 0);
      ByteVec head = extent;
      ASSERT_TRUE(RemoveHeadIntegrity(place, ByteSpan(head).first(kIntegrityHeadBytes)));
      EXPECT_TRUE(
          Equal(ByteView(head).first(place.section), ByteView(original).first(place.section)));
      ASSERT_TRUE(RemoveIntegrity(place, extent));
      EXPECT_EQ(extent, original);
    }
  }
}

TEST(IntegrityTest, NoticesEveryFlippedBit) {
  const IntegrityPlace place = JournalHeadIntegrity(2);
  ByteVec extent = MakeExtent(place, 1024, 3);
  ApplyIntegrity(place, extent);
  for (std::size_t bit = 8 * place.skip; bit < 8 * extent.size(); ++bit) {
    ByteVec changed = extent;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(RemoveIntegrity(place, changed)) << bit;
  }
}

TEST(IntegrityTest, NoticesTornWrites) {
  const IntegrityPlace place = AuxIntegrity(2, true);
  ByteVec old_extent = MakeExtent(place, 512, 1), new_extent = MakeExtent(place, 512, 2);
  ApplyIntegrity(place, old_extent);
  ApplyIntegrity(place, new_extent);
  for (std::size_t at = 128; at < 512; at += 128) {
    ByteVec torn = new_extent;
    Copy(torn, ByteView(old_extent).first(at));
    EXPECT_FALSE(RemoveIntegrity(place, torn));
  }
  ByteVec zero = new_extent;
  Fill(ByteSpan(zero).first(128), 0);
  EXPECT_FALSE(RemoveIntegrity(place, zero));
  EXPECT_FALSE(RemoveHeadIntegrity(place, ByteSpan(zero).first(128)));
}

TEST(IntegrityTest, FindsAMaskForCrowdedBytes) {
  const IntegrityPlace place = AuxIntegrity(0, false);
  ByteVec extent(128);
  for (std::size_t i = 0; i < extent.size(); ++i) extent[i] = static_cast<std::uint8_t>(i + 1);
  Fill(ByteSpan(extent).subspan(place.section, 9), 0);
  const ByteVec original = extent;
  ApplyIntegrity(place, extent);
  ASSERT_TRUE(RemoveIntegrity(place, extent));
  EXPECT_EQ(extent, original);
}

}  // namespace
}  // namespace svsm::cocoonfs
