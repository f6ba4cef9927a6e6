#include "svsm/protocol/secrets_page.h"

#include <vector>

#include "svsm/testing/matchers.h"

namespace svsm::protocol {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr SvsmPlace kPlace = {.base = Gpa(0x8000000000),
                              .size_bytes = 0x1000000,
                              .boot_calling_area = Gpa(0x80F000),
                              .max_core_version = 1,
                              .guest_vmpl = Vmpl(2)};

struct SecretsPageTest : ::testing::Test {
  SecretsPageTest() : storage(kPageSize) {
    storage[0] = 3;
    for (std::size_t i = 0; i < 4 * kVmpckSize; ++i) {
      storage[0x20 + i] = static_cast<std::uint8_t>(1 + i);
    }
  }
  FixedSpan<kPageSize> page() { return ByteSpan(storage).first<kPageSize>(); }
  FixedView<kPageSize> view() { return page(); }
  ByteView Vmpck(std::size_t index) { return ByteView(storage).subspan(0x20 + 32 * index, 32); }
  std::vector<std::uint8_t> storage;
};

TEST_F(SecretsPageTest, APageThatNobodyWroteIsRefused) {
  EXPECT_THAT(CheckSecretsPage(view()), IsOk());
  storage[0] = 0;
  EXPECT_THAT(CheckSecretsPage(view()), IsStatus(Code::kUnsupported, Source::kProtocol, 0));
}

TEST_F(SecretsPageTest, AKeyIsTakenOnce) {
  const std::vector<std::uint8_t> expected(Vmpck(1).begin(), Vmpck(1).end());
  SVSM_ASSERT_OK_AND_ASSIGN(const auto key, TakeVmpck(page(), 1));
  EXPECT_THAT(key.view(), testing::SameBytes(expected));
  EXPECT_TRUE(IsZero(Vmpck(1)));
  EXPECT_FALSE(IsZero(Vmpck(0)));
  EXPECT_FALSE(IsZero(Vmpck(2)));
  EXPECT_THAT(TakeVmpck(page(), 1), IsStatus(Code::kNotFound, Source::kProtocol));
  EXPECT_THAT(TakeVmpck(page(), 4), IsStatus(Code::kOutOfRange, Source::kProtocol));
}

TEST_F(SecretsPageTest, SequenceNumbersAreHandedOver) {
  EXPECT_THAT(SetMessageSeqno(page(), 3, 0x01020304), IsOk());
  EXPECT_EQ(storage[0xAC], 4);
  EXPECT_EQ(storage[0xAF], 1);
  EXPECT_THAT(MessageSeqno(view(), 3), IsOkAnd(0x01020304u));
  EXPECT_THAT(MessageSeqno(view(), 0), IsOkAnd(0u));
  EXPECT_THAT(SetMessageSeqno(page(), 0, 0xFFFFFFFF), IsOk());
  EXPECT_THAT(SetMessageSeqno(page(), 0, 0x100000000),
              IsStatus(Code::kOutOfRange, Source::kProtocol));
  EXPECT_THAT(MessageSeqno(view(), 0), IsOkAnd(0xFFFFFFFFu));
  EXPECT_THAT(SetMessageSeqno(page(), 4, 1), IsStatus(Code::kOutOfRange, Source::kProtocol));
  EXPECT_THAT(MessageSeqno(view(), 4), IsStatus(Code::kOutOfRange, Source::kProtocol));
}

TEST_F(SecretsPageTest, TheGuestsCopyHasNoKeyBelowItsVmpl) {
  for (const std::uint32_t vmpl : {1u, 2u, 3u}) {
    std::vector<std::uint8_t> copy(kPageSize, 0xEE);
    SvsmPlace place = kPlace;
    place.guest_vmpl = Vmpl(vmpl);
    ASSERT_THAT(MakeGuestSecretsPage(view(), place, ByteSpan(copy).first<kPageSize>()), IsOk());
    for (std::size_t i = 0; i < kNumVmpcks; ++i) {
      const ByteView key = ByteView(copy).subspan(0x20 + 32 * i, 32);
      EXPECT_EQ(IsZero(key), i < vmpl);
      if (i >= vmpl) {
        EXPECT_THAT(key, testing::SameBytes(Vmpck(i)));
      }
    }
    EXPECT_EQ(copy[0], 3);
    SVSM_ASSERT_OK_AND_ASSIGN(const SvsmPlace found, FindSvsm(ByteView(copy).first<kPageSize>()));
    EXPECT_EQ(found.base, kPlace.base);
    EXPECT_EQ(found.size_bytes, kPlace.size_bytes);
    EXPECT_EQ(found.boot_calling_area, kPlace.boot_calling_area);
    EXPECT_EQ(found.max_core_version, 1u);
    EXPECT_EQ(found.guest_vmpl, Vmpl(vmpl));
  }
}

TEST_F(SecretsPageTest, TheGuestsCopyMayBeMadeInPlace) {
  ASSERT_THAT(MakeGuestSecretsPage(view(), kPlace, page()), IsOk());
  EXPECT_TRUE(IsZero(Vmpck(0)));
  EXPECT_TRUE(IsZero(Vmpck(1)));
  EXPECT_FALSE(IsZero(Vmpck(2)));
}

TEST_F(SecretsPageTest, RefusesAPlaceThatCannotBe) {
  const std::vector<std::uint8_t> before = storage;
  const auto check = [&](SvsmPlace place) {
    EXPECT_THAT(MakeGuestSecretsPage(view(), place, page()),
                IsStatus(Code::kInvalidArgument, Source::kProtocol));
    EXPECT_EQ(storage, before);
  };
  SvsmPlace place = kPlace;
  place.base = Gpa(0x800);
  check(place);
  place = kPlace;
  place.size_bytes = 0;
  check(place);
  place = kPlace;
  place.size_bytes = 0x1800;
  check(place);
  place = kPlace;
  place.base = Gpa(~std::uint64_t{0xFFF});
  check(place);
  place = kPlace;
  place.boot_calling_area = Gpa(1);
  check(place);
  place = kPlace;
  place.guest_vmpl = Vmpl(0);
  check(place);
  place.guest_vmpl = Vmpl(4);
  check(place);
}

TEST_F(SecretsPageTest, FindsNoSvsmWhereTheSizeIs0) {
  EXPECT_THAT(FindSvsm(view()), IsStatus(Code::kNotFound, Source::kProtocol));
}

TEST_F(SecretsPageTest, NamesTheFieldThatCannotBe) {
  ASSERT_THAT(MakeGuestSecretsPage(view(), kPlace, page()), IsOk());
  const auto spoil = [&](std::size_t at, std::uint8_t value, std::size_t field) {
    const std::uint8_t before = storage[at];
    storage[at] = value;
    EXPECT_THAT(FindSvsm(view()), IsStatus(Code::kMalformed, Source::kProtocol, field));
    storage[at] = before;
  };
  spoil(0x140, 8, 0x140);
  spoil(0x148, 8, 0x148);
  spoil(0x150, 8, 0x150);
  spoil(0x158, 0, 0x158);
  spoil(0x15C, 0, 0x15C);
  spoil(0x15C, 4, 0x15C);
  storage[0x147] = 0xFF;
  spoil(0x14F, 0xFF, 0x148);  // wraps
}

}  // namespace
}  // namespace svsm::protocol
