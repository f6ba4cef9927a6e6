#include "svsm/sim/page_map.h"

#include <gmock/gmock.h>

namespace svsm::sim {
namespace {

using protocol::PageKind;
using protocol::PageSize;
using protocol::PageState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Gpa kPage{0x3000};
constexpr Vmpl kGuestVmpl{2};

// 1024 pages: two regions of 2M.
class PageMapTest : public ::testing::Test {
 protected:
  void Accept(Gpa page) {
    EXPECT_EQ(map_.Pvalidate(page, PageSize::k4K, PageState::kValid).eax, 0u);
    map_.NoteZeroed(page, PageSize::k4K);
    EXPECT_EQ(map_.Grant(page, PageSize::k4K, kGuestVmpl), 0u);
  }
  PageMap map_{1024};
};

TEST_F(PageMapTest, TheRightOrderIsNoViolation) {
  Accept(kPage);
  EXPECT_TRUE(map_.accessible(kPage, Vmpl(0)));
  EXPECT_TRUE(map_.accessible(kPage, Vmpl(1)));
  EXPECT_TRUE(map_.accessible(kPage, Vmpl(2)));
  EXPECT_FALSE(map_.accessible(kPage, Vmpl(3)));
  EXPECT_EQ(map_.Revoke(kPage, PageSize::k4K), 0u);
  EXPECT_FALSE(map_.accessible(kPage, Vmpl(2)));
  const protocol::PvalidateResult result =
      map_.Pvalidate(kPage, PageSize::k4K, PageState::kInvalid);
  EXPECT_EQ(result.eax, 0u);
  EXPECT_FALSE(result.unchanged);
  map_.FlushTlbs();
  map_.NoteReturnToGuest();
  EXPECT_FALSE(map_.accessible(kPage, Vmpl(0)));
  EXPECT_THAT(map_.violations(), IsEmpty());
}

TEST_F(PageMapTest, RecordsRightsLeftWhenAPageIsInvalidated) {
  Accept(kPage);
  map_.Pvalidate(kPage, PageSize::k4K, PageState::kInvalid);
  EXPECT_THAT(map_.violations(),
              ElementsAre(Violation{ViolationKind::kInvalidatedWithRights, kPage}));
}

TEST_F(PageMapTest, RecordsRightsGivenBeforeZeroing) {
  map_.Pvalidate(kPage, PageSize::k4K, PageState::kValid);
  map_.Grant(kPage, PageSize::k4K, kGuestVmpl);
  EXPECT_THAT(map_.violations(), ElementsAre(Violation{ViolationKind::kGrantedUncleared, kPage}));
}

TEST_F(PageMapTest, ZeroingBeforeValidatingDoesNotCount) {
  map_.NoteZeroed(kPage, PageSize::k4K);
  map_.Pvalidate(kPage, PageSize::k4K, PageState::kValid);
  map_.Grant(kPage, PageSize::k4K, kGuestVmpl);
  EXPECT_THAT(map_.violations(), ElementsAre(Violation{ViolationKind::kGrantedUncleared, kPage}));
}

TEST_F(PageMapTest, RecordsAFlushThatDidNotCome) {
  Accept(kPage);
  map_.Revoke(kPage, PageSize::k4K);
  map_.NoteReturnToGuest();
  EXPECT_THAT(map_.violations(), ElementsAre(Violation{ViolationKind::kStaleTranslations, kPage}));
  map_.ClearViolations();
  map_.NoteReturnToGuest();  // recorded once
  EXPECT_THAT(map_.violations(), IsEmpty());
}

TEST_F(PageMapTest, MakesVmsasOnlyOfPagesThatNobodyCanReach) {
  Accept(kPage);
  EXPECT_EQ(map_.SetVmsa(kPage), 0u);
  EXPECT_THAT(map_.violations(), ElementsAre(Violation{ViolationKind::kVmsaWithRights, kPage}));
  map_.ClearViolations();
  EXPECT_FALSE(map_.accessible(kPage, Vmpl(1)));  // hardware closes the page

  constexpr Gpa kSecond{0x5000};
  Accept(kSecond);
  map_.Revoke(kSecond, PageSize::k4K);
  EXPECT_EQ(map_.SetVmsa(kSecond), 0u);
  EXPECT_THAT(map_.violations(), ElementsAre(Violation{ViolationKind::kVmsaBeforeFlush, kSecond}));
  map_.ClearViolations();

  constexpr Gpa kThird{0x6000};
  Accept(kThird);
  map_.Revoke(kThird, PageSize::k4K);
  map_.FlushTlbs();
  EXPECT_EQ(map_.SetVmsa(kThird), 0u);
  EXPECT_TRUE(map_.is_vmsa(kThird));
  EXPECT_THAT(map_.violations(), IsEmpty());
  map_.Grant(kThird, PageSize::k4K, kGuestVmpl);
  EXPECT_THAT(map_.violations(), ElementsAre(Violation{ViolationKind::kGrantedVmsa, kThird}));
}

TEST_F(PageMapTest, ARunningVmsaIsInUse) {
  Accept(kPage);
  map_.Revoke(kPage, PageSize::k4K);
  map_.FlushTlbs();
  map_.SetVmsa(kPage);
  map_.NoteRunning(kPage, true);
  EXPECT_EQ(map_.ClearVmsa(kPage), protocol::kFailInUse);
  map_.NoteRunning(kPage, false);
  EXPECT_EQ(map_.ClearVmsa(kPage), 0u);
  EXPECT_FALSE(map_.is_vmsa(kPage));
}

TEST_F(PageMapTest, TheSvsmsPagesAreNobodyElses) {
  map_.Launch(kPage, 2, PageKind::kSvsm);
  EXPECT_EQ(map_.Classify(kPage), PageKind::kSvsm);
  EXPECT_EQ(map_.Classify(Gpa(0x5000)), PageKind::kGuest);
  EXPECT_EQ(map_.Classify(Gpa(1024 * kPageSize)), PageKind::kUnmapped);
  map_.Grant(kPage, PageSize::k4K, kGuestVmpl);
  EXPECT_THAT(map_.violations(), ElementsAre(Violation{ViolationKind::kTouchedSvsmPage, kPage}));
}

TEST_F(PageMapTest, InstructionsFailOutsideTheMapAndUnaligned) {
  const Gpa beyond(1024 * kPageSize);
  EXPECT_EQ(map_.Pvalidate(beyond, PageSize::k4K, PageState::kValid).eax, protocol::kFailInput);
  EXPECT_EQ(map_.Pvalidate(Gpa(0x800), PageSize::k4K, PageState::kValid).eax, protocol::kFailInput);
  EXPECT_EQ(map_.Revoke(beyond, PageSize::k4K), protocol::kFailInput);
  EXPECT_EQ(map_.Grant(beyond, PageSize::k4K, kGuestVmpl), protocol::kFailInput);
  EXPECT_EQ(map_.Grant(kPage, PageSize::k4K, kGuestVmpl), protocol::kFailInput);  // not validated
  EXPECT_EQ(map_.SetVmsa(kPage), protocol::kFailInput);
  EXPECT_EQ(map_.ClearVmsa(kPage), protocol::kFailInput);
}

TEST_F(PageMapTest, LargePagesNeedALargeEntry) {
  const Gpa large(kLargePageSize);
  EXPECT_EQ(map_.Pvalidate(large, PageSize::k2M, PageState::kValid).eax,
            protocol::kFailSizeMismatch);
  EXPECT_EQ(map_.Revoke(large, PageSize::k2M), protocol::kFailSizeMismatch);
  map_.HostMapLarge(large);
  EXPECT_EQ(map_.Pvalidate(large, PageSize::k2M, PageState::kValid).eax, 0u);
  map_.NoteZeroed(large, PageSize::k2M);
  EXPECT_EQ(map_.Grant(large, PageSize::k2M, kGuestVmpl), 0u);
  EXPECT_TRUE(map_.accessible(Gpa(kLargePageSize + 0x1FF000), kGuestVmpl));
  // Using 4K splits the entry.
  map_.Revoke(large, PageSize::k4K);
  map_.Pvalidate(large, PageSize::k4K, PageState::kInvalid);
  EXPECT_EQ(map_.Grant(large, PageSize::k2M, kGuestVmpl), protocol::kFailInput);
  EXPECT_THAT(map_.violations(), IsEmpty());
}

TEST_F(PageMapTest, ValidatingTwiceChangesNothing) {
  Accept(kPage);
  EXPECT_TRUE(map_.Pvalidate(kPage, PageSize::k4K, PageState::kValid).unchanged);
  EXPECT_TRUE(map_.accessible(kPage, kGuestVmpl));
  EXPECT_TRUE(map_.Pvalidate(Gpa(0x7000), PageSize::k4K, PageState::kInvalid).unchanged);
}

TEST_F(PageMapTest, TheHostCanOnlyTakePagesAwayOrMakeThemInvalid) {
  Accept(kPage);
  map_.HostUnassign(kPage);
  EXPECT_FALSE(map_.assigned(kPage));
  EXPECT_FALSE(map_.accessible(kPage, Vmpl(0)));
  EXPECT_EQ(map_.Pvalidate(kPage, PageSize::k4K, PageState::kValid).eax, protocol::kFailInput);
  map_.HostReplace(kPage);
  EXPECT_TRUE(map_.assigned(kPage));
  EXPECT_FALSE(map_.validated(kPage));
  EXPECT_FALSE(map_.accessible(kPage, Vmpl(0)));
}

TEST(ViolationKindName, NamesEachKind) {
  EXPECT_STREQ(ViolationKindName(ViolationKind::kGrantedUncleared), "GrantedUncleared");
  EXPECT_STREQ(ViolationKindName(static_cast<ViolationKind>(99)), "?");
}

}  // namespace
}  // namespace svsm::sim
