#include "svsm/cocoonfs/refusal.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "svsm/cocoonfs/region.h"

namespace svsm::cocoonfs {
namespace {

Refusal Why(Status status) { return WhyRefused(status, {}, {}); }

TEST(RefusalTest, NamesTheReason) {
  EXPECT_EQ(Why(OkStatus()), Refusal::kNone);
  EXPECT_EQ(Why(AuthFailed(Region::kEntryLeaf)), Refusal::kWrongKey);
  EXPECT_EQ(Why(AuthFailed(Region::kJournalLog)), Refusal::kWrongKey);
  for (const Region region : {Region::kTreeNode, Region::kTreeData, Region::kBitmap,
                              Region::kRootDigest, Region::kIndexLeaf}) {
    EXPECT_EQ(Why(AuthFailed(region)), Refusal::kTampered);
    EXPECT_EQ(Why(Malformed(region)), Refusal::kTampered);
  }
  EXPECT_EQ(Why(Status(Code::kDataLoss, Source::kCocoonfs)), Refusal::kOtherImage);
  EXPECT_EQ(Why(Status(Code::kFailedPrecondition, Source::kCocoonfs)), Refusal::kNotMade);
  EXPECT_EQ(Why(Status(Code::kUnsupported, Source::kCocoonfs, 2)), Refusal::kUnsupported);
  EXPECT_EQ(Why(Status(Code::kIoError, Source::kSystem, 5)), Refusal::kIo);
  EXPECT_EQ(Why(Status(Code::kOutOfMemory, Source::kCocoonfs)), Refusal::kOutOfMemory);
  EXPECT_EQ(Why(Status(Code::kInternal, Source::kOpenssl)), Refusal::kOther);
}

TEST(RefusalTest, TheSaltTellsAnotherImage) {
  const Bytes<2> one = {1, 2};
  const Bytes<2> two = {1, 3};
  for (const Status status : {AuthFailed(Region::kEntryLeaf), AuthFailed(Region::kTreeNode),
                              Malformed(Region::kStaticHeader)}) {
    EXPECT_EQ(WhyRefused(status, one, two), Refusal::kOtherImage);
    EXPECT_NE(WhyRefused(status, one, one), Refusal::kOtherImage);
    EXPECT_NE(WhyRefused(status, {}, two), Refusal::kOtherImage);
  }
  EXPECT_EQ(WhyRefused(Status(Code::kIoError, Source::kSystem, 5), one, two), Refusal::kIo);
}

TEST(RefusalTest, EveryReasonHasItsOwnWords) {
  std::set<std::string> words;
  for (int i = 0; i <= static_cast<int>(Refusal::kOther); ++i) {
    words.insert(RefusalName(static_cast<Refusal>(i)));
    words.insert(RefusalText(static_cast<Refusal>(i)));
  }
  EXPECT_EQ(words.size(), 2 * (static_cast<std::size_t>(Refusal::kOther) + 1));
  EXPECT_STREQ(RefusalName(static_cast<Refusal>(200)), "?");
  EXPECT_STREQ(RefusalText(static_cast<Refusal>(200)), "?");
}

}  // namespace
}  // namespace svsm::cocoonfs
