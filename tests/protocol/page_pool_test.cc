#include "svsm/protocol/page_pool.h"

#include <array>

#include "svsm/testing/matchers.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr Gpa kGiver = Gpa(0x1000);
constexpr Gpa kSmall = Gpa(0x8000);
constexpr Gpa kLarge = Gpa(0x200000);

struct PagePoolTest : ::testing::Test {
  void Give(Gpa gpa, PageSize size) {
    ASSERT_THAT(pool.AddLocked(gpa, size, kGiver), IsOk());
    pool.SettleLocked(kGiver);
  }
  std::array<DepositedPage, 2> slots;
  NoLock lock;
  PagePool pool{slots, lock};
};

TEST_F(PagePoolTest, APageIsOfUseOnceItsCallHasFlushed) {
  ASSERT_THAT(pool.AddLocked(kSmall, PageSize::k4K, kGiver), IsOk());
  EXPECT_TRUE(pool.OverlapsLocked(kSmall, 1));
  EXPECT_FALSE(pool.AvailableLocked());
  EXPECT_THAT(pool.Take(PageSize::k4K), IsStatus(Code::kOutOfMemory, Source::kProtocol));
  pool.SettleLocked(Gpa(0x2000));  // another vCPU's call
  EXPECT_FALSE(pool.AvailableLocked());
  pool.SettleLocked(kGiver);
  EXPECT_TRUE(pool.AvailableLocked());
  EXPECT_THAT(pool.Take(PageSize::k2M), IsStatus(Code::kOutOfMemory, Source::kProtocol));
  EXPECT_THAT(pool.Take(PageSize::k4K), IsOkAnd(kSmall));
}

TEST_F(PagePoolTest, WhatIsTakenIsNotAvailable) {
  Give(kSmall, PageSize::k4K);
  ASSERT_THAT(pool.Take(PageSize::k4K), IsOkAnd(kSmall));
  EXPECT_FALSE(pool.AvailableLocked());
  EXPECT_EQ(pool.FirstFreeLocked(), nullptr);
  EXPECT_TRUE(pool.OverlapsLocked(Gpa(kSmall.value() + 4095), 1));
  EXPECT_THAT(pool.Take(PageSize::k4K), IsStatus(Code::kOutOfMemory, Source::kProtocol));
  EXPECT_THAT(pool.Return(kSmall), IsOk());
  EXPECT_TRUE(pool.AvailableLocked());
  EXPECT_THAT(pool.Return(kSmall), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_THAT(pool.Return(kLarge), IsStatus(Code::kNotFound, Source::kProtocol));
}

TEST_F(PagePoolTest, RefusesOverlapsAndMoreThanItHolds) {
  Give(kLarge, PageSize::k2M);
  const Gpa inside(kLarge.value() + 0x1FF000);
  EXPECT_THAT(pool.AddLocked(inside, PageSize::k4K, kGiver),
              IsStatus(Code::kAlreadyExists, Source::kProtocol));
  EXPECT_TRUE(pool.OverlapsLocked(inside, kPageSize));
  Give(kSmall, PageSize::k4K);
  EXPECT_THAT(pool.AddLocked(Gpa(0x9000), PageSize::k4K, kGiver),
              IsStatus(Code::kOutOfMemory, Source::kProtocol));
}

TEST_F(PagePoolTest, APageThatLeavesIsTheGuestsAndIsToldPageByPage) {
  Give(kLarge, PageSize::k2M);
  EXPECT_THAT(pool.TellLocked(), IsStatus(Code::kNotFound, Source::kProtocol));
  pool.LeaveLocked(kLarge);
  EXPECT_FALSE(pool.OverlapsLocked(kLarge, kLargePageSize));
  for (std::uint64_t i = 0; i < 512; ++i) {
    EXPECT_TRUE(pool.AvailableLocked());
    EXPECT_THAT(pool.AddLocked(kLarge, PageSize::k4K, kGiver),
                IsStatus(Code::kAlreadyExists, Source::kProtocol));
    EXPECT_THAT(pool.TellLocked(), IsOkAnd(Gpa(kLarge.value() + i * kPageSize)));
  }
  EXPECT_FALSE(pool.AvailableLocked());
  EXPECT_THAT(pool.TellLocked(), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_THAT(pool.AddLocked(kLarge, PageSize::k4K, kGiver), IsOk());
}

TEST_F(PagePoolTest, Forgets) {
  Give(kSmall, PageSize::k4K);
  Give(kLarge, PageSize::k2M);
  EXPECT_THAT(pool.RemoveLocked(kSmall), IsOk());
  EXPECT_THAT(pool.RemoveLocked(kSmall), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_FALSE(pool.OverlapsLocked(kSmall, kPageSize));
  EXPECT_TRUE(pool.OverlapsLocked(kLarge, kPageSize));
  EXPECT_TRUE(pool.AvailableLocked());
}

}  // namespace
}  // namespace svsm::protocol
