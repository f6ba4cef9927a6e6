#include "svsm/core/hosted.h"

#include <gtest/gtest.h>

#include <bit>

#include "svsm/testing/matchers.h"

namespace svsm {
namespace {

using ::svsm::testing::BytesAre;
using ::svsm::testing::IsOk;
using ::svsm::testing::IsOkAnd;
using ::svsm::testing::IsStatus;
using ::testing::Eq;

TEST(ToString, NamesCodeSourceAndDetail) {
  EXPECT_EQ(ToString(OkStatus()), "Ok");
  EXPECT_EQ(ToString(Status(Code::kAuthFailed, Source::kSnp, 17)), "AuthFailed (Snp, detail 17)");
}

TEST(Hex, GoesBothWays) {
  EXPECT_EQ(ToHex(Bytes<3>{0x00, 0xAB, 0xFF}), "00abff");
  EXPECT_THAT(FromHex("00aBFf"), IsOkAnd(BytesAre("00abff")));
  EXPECT_THAT(FromHex(""), IsOkAnd(BytesAre("")));
}

TEST(Hex, SaysWhereItIsMalformed) {
  EXPECT_THAT(FromHex("00g0"), IsStatus(Code::kMalformed, Source::kCore, 2));
  EXPECT_THAT(FromHex("000"), IsStatus(Code::kMalformed, Source::kCore, 3));
}

TEST(MemoryStateStore, KeepsBlobs) {
  MemoryStateStore store;
  const Bytes<3> blob = {1, 2, 3};
  EXPECT_THAT(store.Write("tpm.permanent", blob), IsOk());
  EXPECT_THAT(store.Size("tpm.permanent"), IsOkAnd(Eq(3u)));
  Bytes<4> out = {9, 9, 9, 9};
  EXPECT_THAT(store.Read("tpm.permanent", out), IsOkAnd(Eq(3u)));
  EXPECT_EQ(out, (Bytes<4>{1, 2, 3, 0}));
  EXPECT_THAT(store.Write("tpm.permanent", {}), IsOk());
  EXPECT_THAT(store.Size("tpm.permanent"), IsOkAnd(Eq(0u)));
  EXPECT_THAT(store.Remove("tpm.permanent"), IsOk());
  EXPECT_THAT(store.Size("tpm.permanent"), IsStatus(Code::kNotFound, Source::kCore));
}

TEST(MemoryStateStore, RefusesWhatItMust) {
  MemoryStateStore store;
  const Bytes<3> blob = {1, 2, 3};
  ASSERT_THAT(store.Write("a", blob), IsOk());
  Bytes<2> out = {9, 9};
  EXPECT_THAT(store.Read("a", out), IsStatus(Code::kBufferTooSmall, Source::kCore, 3));
  EXPECT_EQ(out, (Bytes<2>{}));
  EXPECT_THAT(store.Read("b", out), IsStatus(Code::kNotFound, Source::kCore));
  EXPECT_THAT(store.Remove("b"), IsStatus(Code::kNotFound, Source::kCore));
  for (const char* name :
       {"", "A", "a/b", "../x", ".x", "a b", "0123456789012345678901234567890123"}) {
    EXPECT_THAT(store.Write(name, blob), IsStatus(Code::kInvalidArgument, Source::kCore)) << name;
    EXPECT_THAT(store.Read(name, out), IsStatus(Code::kInvalidArgument, Source::kCore)) << name;
    EXPECT_THAT(store.Size(name), IsStatus(Code::kInvalidArgument, Source::kCore)) << name;
    EXPECT_THAT(store.Remove(name), IsStatus(Code::kInvalidArgument, Source::kCore)) << name;
  }
}

TEST(MallocAllocator, AlignsAndCounts) {
  MallocAllocator heap;
  void* const small = heap.Allocate(10, 1);
  void* const aligned = heap.Allocate(100, 256);
  ASSERT_NE(small, nullptr);
  ASSERT_NE(aligned, nullptr);
  EXPECT_EQ(std::bit_cast<std::uintptr_t>(aligned) % 256, 0u);
  EXPECT_EQ(heap.Allocate(SIZE_MAX, 1), nullptr);
  EXPECT_EQ(heap.Allocate(SIZE_MAX, 256), nullptr);
  EXPECT_EQ(heap.used_bytes(), 110u);
  heap.Free(small, 10);
  heap.Free(nullptr, 7);
  EXPECT_EQ(heap.used_bytes(), 100u);
  EXPECT_EQ(heap.high_water_bytes(), 110u);
  EXPECT_EQ(heap.num_allocations(), 2u);
  heap.ResetHighWater();
  EXPECT_EQ(heap.high_water_bytes(), 100u);
  heap.Free(aligned, 100);
}

}  // namespace
}  // namespace svsm
