#include "svsm/cocoonfs/aux_metadata.h"

#include <gtest/gtest.h>

#include "cocoonfs/aux_ring.h"
#include "support.h"
#include "svsm/cocoonfs/region.h"
#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::cocoonfs {
namespace {

using testing::IsOk;
using testing::IsStatus;

constexpr Bytes<16> kA = Ascii("aaaaaaaaaaaaaaaa");
constexpr Bytes<16> kB = Ascii("bbbbbbbbbbbbbbbb");
constexpr Bytes<16> kC = Ascii("cccccccccccccccc");
const Status kBad(Code::kMalformed, Source::kCocoonfs, static_cast<std::uint32_t>(Region::kAux));

ByteVector Encoded(const AuxMetadata& aux) {
  ByteVector out(aux.encoded_size());
  EXPECT_THAT(aux.Encode(out), IsOk());
  return out;
}

TEST(AuxMetadata, KeepsEntriesInOrder) {
  TestAllocator allocator;
  AuxMetadata aux(allocator);
  EXPECT_TRUE(aux.trivial());
  // Below several others, and between them.
  ASSERT_THAT(aux.Add(kB, ByteVector(3, 1)), IsOk());
  ASSERT_THAT(aux.Add(kB, ByteVector(4, 2)), IsOk());
  ASSERT_THAT(aux.Add(kC, {}), IsOk());
  ASSERT_THAT(aux.Add(kA, ByteVector(5, 3)), IsOk());
  ASSERT_THAT(aux.Add(kB, ByteVector(6, 4)), IsOk());
  const std::size_t sizes[] = {5, 3, 4, 6, 0};
  ASSERT_EQ(aux.num_entries(), 5u);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(aux.entry(i).data.size(), sizes[i]);
  SVSM_ASSERT_OK_AND_ASSIGN(const AuxMetadata::Entry found, aux.Find(kB, 2));
  EXPECT_EQ(found.data.size(), 6u);
  EXPECT_THAT(aux.Find(kB, 3), IsStatus(Code::kNotFound, Source::kCocoonfs));
  EXPECT_THAT(aux.Remove(kB, 3), IsStatus(Code::kNotFound, Source::kCocoonfs));
  ASSERT_THAT(aux.Remove(kB, 1), IsOk());
  SVSM_ASSERT_OK_AND_ASSIGN(const AuxMetadata::Entry next, aux.Find(kB, 1));
  EXPECT_EQ(next.data.size(), 6u);
  EXPECT_EQ(aux.num_entries(), 4u);
  EXPECT_FALSE(aux.trivial());
  EXPECT_THAT(aux.Add(Bytes<16>{}, {}), IsStatus(Code::kInvalidArgument, Source::kCocoonfs));
}

TEST(AuxMetadata, ComesBackAndRefusesEveryCut) {
  TestAllocator allocator;
  for (const bool reserve : {false, true}) {
    AuxMetadata aux(allocator);
    ASSERT_THAT(aux.Add(kA, ByteVector(20, 1)), IsOk());
    ASSERT_THAT(aux.Add(kC, ByteVector(1, 1)), IsOk());
    if (reserve) aux.SetExtraReserve(77);
    ByteVector bytes = Encoded(aux);
    AuxMetadata back(allocator);
    ASSERT_THAT(back.Decode(bytes), IsOk());
    EXPECT_EQ(Encoded(back), bytes);
    EXPECT_EQ(back.extra_reserve(), aux.extra_reserve());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(back.Decode(ByteView(bytes).first(size)), kBad) << size;
      EXPECT_EQ(back.num_entries(), 0u);
    }
    EXPECT_THAT(aux.Encode(ByteSpan(bytes).first(bytes.size() - 1)),
                IsStatus(Code::kBufferTooSmall, Source::kCocoonfs,
                         static_cast<std::uint32_t>(bytes.size())));
    // What lies behind the end is free space.
    bytes.resize(bytes.size() + 9, 0xFF);
    EXPECT_THAT(back.Decode(bytes), IsOk());
  }
}

TEST(AuxMetadata, RefusesDisorderAndOddEnds) {
  TestAllocator allocator;
  AuxMetadata aux(allocator);
  ASSERT_THAT(aux.Add(kA, {}), IsOk());
  ASSERT_THAT(aux.Add(kB, {}), IsOk());
  ByteVector bytes = Encoded(aux);
  bytes[0] = 'd';
  AuxMetadata back(allocator);
  EXPECT_EQ(back.Decode(bytes), kBad);
  ByteVector end(40);
  end[16] = 4;
  EXPECT_EQ(back.Decode(end), kBad);
}

TEST(AuxMetadata, SaysWhenMemoryIsShort) {
  TestAllocator allocator;
  AuxMetadata aux(allocator);
  allocator.FailAt(1);
  EXPECT_THAT(aux.Add(kA, ByteVector(100)), IsStatus(Code::kOutOfMemory, Source::kCore));
  EXPECT_EQ(aux.num_entries(), 0u);
  ASSERT_THAT(aux.Add(kA, ByteVector(100)), IsOk());
  const ByteVector bytes = Encoded(aux);
  AuxMetadata back(allocator);
  allocator.FailAt(1);
  EXPECT_THAT(back.Decode(bytes), IsStatus(Code::kOutOfMemory, Source::kCore));
  EXPECT_EQ(back.num_entries(), 0u);
}

TEST(AuxRing, PlansGroupsThatAreLargeEnough) {
  TestAllocator allocator;
  const ImageLayout layout;
  for (std::uint64_t capacity : {1u, 470u, 471u, 8000u, 8150u, 8151u, 20000u}) {
    Vec<std::uint64_t> counts(allocator);
    ASSERT_THAT(PlanAuxGroup(layout, capacity, counts), IsOk());
    AuxExtents ring(allocator);
    std::uint64_t at = 64;
    for (const std::uint64_t count : counts) {
      EXPECT_EQ(count % layout.journal_block(), 0u);
      EXPECT_LE(count, kMaxPointerBlocks);
      ASSERT_THAT(ring.extents.PushBack({at, count}), IsOk());
      at += count;
    }
    ring.group1 = ring.extents.size();
    EXPECT_GE(AuxGroupCapacity(layout, ring, 0), capacity);
    EXPECT_LT(AuxGroupCapacity(layout, ring, 0), capacity + 2 * 512);
    EXPECT_EQ(AuxGroupCapacity(layout, ring, 1), 0u);
  }
  Vec<std::uint64_t> counts(allocator);
  EXPECT_THAT(PlanAuxGroup(layout, std::uint64_t{1} << 40, counts),
              IsStatus(Code::kExhausted, Source::kCocoonfs));
}

}  // namespace
}  // namespace svsm::cocoonfs
