#include "svsm/protocol/core_protocol.h"
#include "tests/protocol/fixture.h"

namespace svsm::protocol {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOkAnd;
using testing::IsStatus;

constexpr Gpa kNew = FakeMachine::Frame(0x400);    // not valid yet
constexpr Gpa kNew2M = FakeMachine::Frame(0x200);  // not valid yet, 2M aligned
constexpr Gpa kOld = FakeMachine::Frame(0x50);     // valid

constexpr PvalidateEntry Entry(Gpa gpa, PageState state, PageSize size = PageSize::k4K,
                               UnchangedPage unchanged = UnchangedPage::kIsError) {
  return {.gpa = gpa, .size = size, .state = state, .unchanged = unchanged};
}

TEST(PvalidateEntry, RoundTrips) {
  for (const PageSize size : {PageSize::k4K, PageSize::k2M}) {
    for (const PageState state : {PageState::kInvalid, PageState::kValid}) {
      for (const UnchangedPage unchanged : {UnchangedPage::kIsError, UnchangedPage::kIsIgnored}) {
        const PvalidateEntry entry{Gpa(0xFFFFFFFFFFE00000), size, state, unchanged};
        EXPECT_THAT(DecodePvalidateEntry(EncodePvalidateEntry(entry), kPvalidateReservedV1),
                    IsOkAnd(entry));
      }
    }
  }
  EXPECT_EQ(EncodePvalidateEntry(Entry(Gpa(0x12345FFF), PageState::kValid)), 0x12345004u);
  EXPECT_EQ(EncodePvalidateEntry(Entry(Gpa(0x200000), PageState::kInvalid, PageSize::k2M,
                                       UnchangedPage::kIsIgnored)),
            0x200009u);
}

TEST(PvalidateEntry, RefusesWhatIsReserved) {
  const auto decode = [](std::uint64_t bits) {
    return DecodePvalidateEntry(bits, kPvalidateReservedV1);
  };
  EXPECT_THAT(decode(0x1002), IsStatus(Code::kMalformed, Source::kProtocol, 0));
  EXPECT_THAT(decode(0x1003), IsStatus(Code::kMalformed, Source::kProtocol, 0));
  for (unsigned bit = 4; bit < 12; ++bit) {
    EXPECT_THAT(decode(0x1000 | 1u << bit), IsStatus(Code::kMalformed, Source::kProtocol, 1));
  }
  EXPECT_THAT(decode(0x201001), IsStatus(Code::kMalformed, Source::kProtocol, 2));
  EXPECT_THAT(decode(0x300001), IsStatus(Code::kMalformed, Source::kProtocol, 2));
}

TEST(PvalidateEntry, HasASplitFlagFromVersion2On) {
  const PvalidateEntry entry{Gpa(0x200000), PageSize::k2M, PageState::kValid,
                             UnchangedPage::kIsError, SizeMismatch::kIsSplit};
  EXPECT_EQ(EncodePvalidateEntry(entry), 0x200015u);
  EXPECT_THAT(DecodePvalidateEntry(0x200015, kPvalidateReservedV2), IsOkAnd(entry));
  EXPECT_THAT(DecodePvalidateEntry(0x200015, kPvalidateReservedV1),
              IsStatus(Code::kMalformed, Source::kProtocol, 1));
  for (unsigned bit = 5; bit < 12; ++bit) {
    EXPECT_THAT(DecodePvalidateEntry(0x1000 | 1u << bit, kPvalidateReservedV2),
                IsStatus(Code::kMalformed, Source::kProtocol, 1));
  }
}

struct Pvalidate : ::testing::Test {
  // Puts a list at `list` and calls.
  ResultCode Run(const std::vector<std::uint64_t>& entries, std::uint16_t next = 0) {
    machine().Poke(list, wire::ToBytes(PvalidateListHeader{
                             wire::Le16(static_cast<std::uint16_t>(entries.size())),
                             wire::Le16(next), wire::Le32(0xDEADBEEF)}));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      machine().Poke(Plus(list, 8 + 8 * i), wire::ToBytes(wire::Le64(entries[i])));
    }
    return Repeat();
  }
  ResultCode Run(const PvalidateEntry& entry) { return Run({EncodePvalidateEntry(entry)}); }
  ResultCode Repeat() { return svsm.Code(kCoreProtocol, kCorePvalidate, list.value()); }
  std::uint16_t Next() { return machine().Peek<PvalidateListHeader>(list).next.get(); }
  FakeMachine& machine() { return svsm.machine; }

  Svsm svsm{CoreOptions{.max_version = 1, .pvalidate_pages_per_call = 1024}};
  Gpa list = Plus(kArea0, 8);
};

TEST_F(Pvalidate, ValidatesThenZeroesThenGrants) {
  // What the host put there.
  Fill(machine().Map(kNew, kPageSize), 0xAA);
  EXPECT_EQ(Run(Entry(kNew, PageState::kValid)), ResultCode::kSuccess);
  EXPECT_THAT(machine().TakeSteps(),
              ElementsAre("pvalidate 400 4K valid", "zero 400 4K", "grant 400 4K 2"));
  EXPECT_EQ(Next(), 1);
  EXPECT_TRUE(IsZero(machine().Map(kNew, kPageSize)));
  EXPECT_TRUE(machine().page(0x400).access[1]);
  EXPECT_TRUE(machine().page(0x400).access[2]);
  EXPECT_FALSE(machine().page(0x400).access[3]);
}

// Not even below 1 MiB, where PCs keep their old devices: what is left as it was may be a page of
// the SVSM that the host put there.
TEST_F(Pvalidate, NoAddressIsSparedFromZeroing) {
  constexpr std::size_t kFirst = 0xA0, kEnd = 0x100;
  std::vector<std::uint64_t> entries;
  for (std::size_t frame = kFirst; frame < kEnd; ++frame) {
    machine().page(frame).valid = false;
    Fill(machine().Map(FakeMachine::Frame(frame), kPageSize), 0xAA);
    entries.push_back(EncodePvalidateEntry(Entry(FakeMachine::Frame(frame), PageState::kValid)));
  }
  EXPECT_EQ(Run(entries), ResultCode::kSuccess);
  EXPECT_TRUE(IsZero(machine().Map(FakeMachine::Frame(kFirst), (kEnd - kFirst) * kPageSize)));
}

TEST_F(Pvalidate, GrantsUpToTheVmplOfTheCaller) {
  for (const std::uint8_t vmpl : {std::uint8_t{2}, std::uint8_t{3}}) {
    Svsm other(CoreOptions{.max_version = 1, .pvalidate_pages_per_call = 1});
    ASSERT_EQ(other.CreateVcpu1(vmpl), ResultCode::kSuccess);
    const Gpa list_of_other = Plus(kArea1, 8);
    other.machine.Poke(list_of_other, wire::ToBytes(PvalidateListHeader{
                                          wire::Le16(1), wire::Le16(0), wire::Le32(0)}));
    other.machine.Poke(
        Plus(list_of_other, 8),
        wire::ToBytes(wire::Le64(EncodePvalidateEntry(Entry(kNew, PageState::kValid)))));
    CallRegisters call = MakeCall(kCoreProtocol, kCorePvalidate);
    call.rcx = list_of_other.value();
    EXPECT_EQ(other.CallFrom(kVmsa1, kArea1, call).rax, 0u);
    EXPECT_TRUE(other.machine.page(0x400).access[1]);
    EXPECT_TRUE(other.machine.page(0x400).access[2]);
    EXPECT_EQ(other.machine.page(0x400).access[3], vmpl == 3);
  }
}

TEST_F(Pvalidate, RevokesThenInvalidatesThenFlushes) {
  EXPECT_EQ(Run(Entry(kOld, PageState::kInvalid)), ResultCode::kSuccess);
  EXPECT_THAT(machine().TakeSteps(),
              ElementsAre("revoke 50 4K", "pvalidate 50 4K invalid", "flush"));
  EXPECT_FALSE(machine().page(0x50).valid);
}

TEST_F(Pvalidate, FlushesOnceACall) {
  EXPECT_EQ(Run({EncodePvalidateEntry(Entry(kOld, PageState::kInvalid)),
                 EncodePvalidateEntry(Entry(Plus(kOld, kPageSize), PageState::kInvalid))}),
            ResultCode::kSuccess);
  EXPECT_THAT(machine().TakeSteps(),
              ElementsAre("revoke 50 4K", "pvalidate 50 4K invalid", "revoke 51 4K",
                          "pvalidate 51 4K invalid", "flush"));
}

TEST_F(Pvalidate, TakesLargePages) {
  EXPECT_EQ(Run(Entry(kNew2M, PageState::kValid, PageSize::k2M)), ResultCode::kSuccess);
  EXPECT_THAT(machine().TakeSteps(),
              ElementsAre("pvalidate 200 2M valid", "zero 200 2M", "grant 200 2M 2"));
  EXPECT_EQ(Run(Entry(kNew2M, PageState::kInvalid, PageSize::k2M)), ResultCode::kSuccess);
  EXPECT_THAT(machine().TakeSteps(),
              ElementsAre("revoke 200 2M", "pvalidate 200 2M invalid", "flush"));
}

TEST_F(Pvalidate, RefusesTheListItself) {
  const auto code = [this](std::uint64_t rcx) {
    return svsm.Code(kCoreProtocol, kCorePvalidate, rcx);
  };
  EXPECT_EQ(code(kFree.value() + 4), ResultCode::kInvalidParameter);
  EXPECT_EQ(code(kFree.value() + 1), ResultCode::kInvalidParameter);
  EXPECT_EQ(code(kSvsmPage.value()), ResultCode::kInvalidAddress);
  EXPECT_EQ(code(kNowhere.value()), ResultCode::kInvalidAddress);
  EXPECT_EQ(code(kVmsa0.value()), ResultCode::kInvalidAddress);
  EXPECT_EQ(code(~std::uint64_t{7}), ResultCode::kInvalidAddress);
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
}

TEST_F(Pvalidate, RefusesBadBounds) {
  const std::uint64_t entry = EncodePvalidateEntry(Entry(kNew, PageState::kValid));
  EXPECT_EQ(Run(std::vector<std::uint64_t>{}), ResultCode::kInvalidParameter);
  EXPECT_EQ(Run({entry}, 1), ResultCode::kInvalidParameter);
  EXPECT_EQ(Run({entry}, 2), ResultCode::kInvalidParameter);
  EXPECT_EQ(Next(), 2);
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
  // 511 entries and the head fill a page that they start; one more crosses.
  list = kFree;
  std::vector<std::uint64_t> many(511, entry | 8);
  EXPECT_EQ(Run(many), ResultCode::kSuccess);
  EXPECT_EQ(Next(), 511);
  machine().TakeSteps();
  many.push_back(entry | 8);
  EXPECT_EQ(Run(many), ResultCode::kInvalidParameter);
  // One entry at the end of a page, and a head that has no room for one.
  list = Plus(kFree, 0xFF0);
  EXPECT_EQ(Run({entry | 8}), ResultCode::kSuccess);
  machine().TakeSteps();
  list = Plus(kFree, 0xFF8);
  EXPECT_EQ(Run({entry | 8}), ResultCode::kInvalidParameter);
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
}

TEST_F(Pvalidate, RefusesBadEntriesAndSaysWhichOne) {
  const std::uint64_t good = EncodePvalidateEntry(Entry(kNew, PageState::kValid));
  const std::uint64_t base = kNew.value() + 0x1000 + 4;
  for (const std::uint64_t bad : {base | 2, base | 3, base | 0x10, base | 0x800, base | 1}) {
    machine().page(0x400).valid = false;
    EXPECT_EQ(Run({good, bad}), ResultCode::kInvalidParameter) << bad;
    EXPECT_EQ(Next(), 1);
  }
}

TEST_F(Pvalidate, RefusesPagesThatAreNotTheGuestsToChange) {
  ASSERT_EQ(svsm.CreateVcpu1(), ResultCode::kSuccess);
  machine().TakeSteps();
  const Gpa bad[] = {kSvsmPage, kNowhere, Gpa(~std::uint64_t{0xFFF}), kVmsa0, kVmsa1,
                     kArea0,    kArea1};
  for (const PageState state : {PageState::kValid, PageState::kInvalid}) {
    for (const Gpa gpa : bad) {
      EXPECT_EQ(Run(Entry(gpa, state)), ResultCode::kInvalidAddress) << gpa.value();
      EXPECT_EQ(Next(), 0);
    }
    // 2M that contains the SVSM, and 2M of which the end is nothing.
    EXPECT_EQ(Run(Entry(Gpa(0), state, PageSize::k2M)), ResultCode::kInvalidAddress);
    EXPECT_EQ(Run(Entry(FakeMachine::Frame(0x400), state, PageSize::k2M)),
              ResultCode::kInvalidAddress);
    EXPECT_EQ(Run(Entry(Gpa(~std::uint64_t{0x1FFFFF}), state, PageSize::k2M)),
              ResultCode::kInvalidAddress);
  }
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
}

TEST_F(Pvalidate, RefusesThePageOfTheList) {
  list = Plus(kFree, 0x100);
  EXPECT_EQ(Run(Entry(kFree, PageState::kInvalid)), ResultCode::kInvalidAddress);
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
}

TEST_F(Pvalidate, AnUnchangedPageIsAnErrorUnlessIgnored) {
  EXPECT_EQ(Run(Entry(kOld, PageState::kValid)), ResultCode::kPvalidateUnchanged);
  EXPECT_EQ(Next(), 0);
  EXPECT_TRUE(machine().page(0x50).access[2]);
  EXPECT_EQ(Run(Entry(kNew, PageState::kInvalid)), ResultCode::kPvalidateUnchanged);
  const auto ignored = UnchangedPage::kIsIgnored;
  EXPECT_EQ(Run(Entry(kOld, PageState::kValid, PageSize::k4K, ignored)), ResultCode::kSuccess);
  EXPECT_EQ(Run(Entry(kNew, PageState::kInvalid, PageSize::k4K, ignored)), ResultCode::kSuccess);
}

TEST_F(Pvalidate, ReportsTheInstructionsErrors) {
  const struct {
    std::uint32_t eax;
    std::uint32_t code;
  } rows[] = {{1, 0x80001001}, {6, 0x80001006}, {0xF, 0x8000100F}, {0x10, 0x80001011}};
  for (const auto& row : rows) {
    machine().FailNext("pvalidate", row.eax);
    EXPECT_EQ(ToU32(Run(Entry(kNew, PageState::kValid))), row.code);
    machine().FailNext("revoke", row.eax);
    EXPECT_EQ(ToU32(Run(Entry(kOld, PageState::kInvalid))), row.code);
    EXPECT_EQ(Next(), 0);
  }
}

TEST_F(Pvalidate, AFailedInvalidationGivesTheRightsBack) {
  machine().FailNext("pvalidate", kFailSizeMismatch);
  EXPECT_EQ(Run(Entry(kOld, PageState::kInvalid)), ResultCode::kSizeMismatch);
  EXPECT_THAT(machine().TakeSteps(),
              ElementsAre("revoke 50 4K", "pvalidate 50 4K invalid", "grant 50 4K 2"));
  EXPECT_TRUE(machine().page(0x50).access[2]);
}

TEST_F(Pvalidate, APageThatCannotBeZeroedIsNotGiven) {
  machine().zero_fails = true;
  EXPECT_EQ(Run(Entry(kNew, PageState::kValid)), ResultCode::kInvalidAddress);
  EXPECT_THAT(machine().TakeSteps(),
              ElementsAre("pvalidate 400 4K valid", "zero 400 4K", "pvalidate 400 4K invalid"));
  EXPECT_FALSE(machine().page(0x400).valid);
}

TEST_F(Pvalidate, APageThatCannotBeGrantedIsTakenBack) {
  machine().FailNext("grant", kFailPermission);
  EXPECT_EQ(ToU32(Run(Entry(kNew, PageState::kValid))), 0x80001002u);
  EXPECT_FALSE(machine().page(0x400).valid);
}

TEST_F(Pvalidate, ContinuesWhereNextSays) {
  const std::uint64_t a = EncodePvalidateEntry(Entry(kNew, PageState::kValid));
  const std::uint64_t b = EncodePvalidateEntry(Entry(Plus(kNew, 0x1000), PageState::kValid));
  EXPECT_EQ(Run({a, b}, 1), ResultCode::kSuccess);
  EXPECT_EQ(Next(), 2);
  EXPECT_FALSE(machine().page(0x400).valid);
  EXPECT_TRUE(machine().page(0x401).valid);
}

TEST_F(Pvalidate, IsIncompleteWhenTheBudgetIsUsedUp) {
  Svsm small({.max_version = 1, .pvalidate_pages_per_call = 2});
  const Gpa at = Plus(kArea0, 8);
  small.machine.Poke(at, wire::ToBytes(PvalidateListHeader{wire::Le16(5), wire::Le16(0), {}}));
  for (std::uint64_t i = 0; i < 5; ++i) {
    const auto entry = Entry(FakeMachine::Frame(0x400 + i), PageState::kValid);
    small.machine.Poke(Plus(at, 8 + 8 * i), wire::ToBytes(wire::Le64(EncodePvalidateEntry(entry))));
  }
  const auto next = [&] { return small.machine.Peek<PvalidateListHeader>(at).next.get(); };
  const auto run = [&] { return small.Code(kCoreProtocol, kCorePvalidate, at.value()); };
  EXPECT_EQ(run(), ResultCode::kIncomplete);
  EXPECT_EQ(next(), 2);
  EXPECT_EQ(run(), ResultCode::kIncomplete);
  EXPECT_EQ(next(), 4);
  EXPECT_EQ(run(), ResultCode::kSuccess);
  EXPECT_EQ(next(), 5);
}

TEST_F(Pvalidate, ALargePageAloneMayExceedTheBudget) {
  Svsm small({.max_version = 1, .pvalidate_pages_per_call = 0});
  const Gpa at = Plus(kArea0, 8);
  small.machine.Poke(at, wire::ToBytes(PvalidateListHeader{wire::Le16(2), wire::Le16(0), {}}));
  const auto large = Entry(kNew2M, PageState::kValid, PageSize::k2M);
  const auto page = Entry(kNew, PageState::kValid);
  small.machine.Poke(Plus(at, 8), wire::ToBytes(wire::Le64(EncodePvalidateEntry(large))));
  small.machine.Poke(Plus(at, 16), wire::ToBytes(wire::Le64(EncodePvalidateEntry(page))));
  EXPECT_EQ(small.Code(kCoreProtocol, kCorePvalidate, at.value()), ResultCode::kIncomplete);
  EXPECT_EQ(small.Code(kCoreProtocol, kCorePvalidate, at.value()), ResultCode::kSuccess);
}

struct PvalidateV2 : Pvalidate {
  PvalidateV2() { v2.machine.TakeSteps(); }
  ResultCode Run2M(PageState state, SizeMismatch mismatch) {
    const PvalidateEntry entry{kNew2M, PageSize::k2M, state, UnchangedPage::kIsError, mismatch};
    v2.machine.Poke(list, wire::ToBytes(PvalidateListHeader{wire::Le16(1), wire::Le16(0), {}}));
    v2.machine.Poke(Plus(list, 8), wire::ToBytes(wire::Le64(EncodePvalidateEntry(entry))));
    return v2.Code(kCoreProtocol, kCorePvalidate, list.value());
  }
  std::uint16_t Next2() { return v2.machine.Peek<PvalidateListHeader>(list).next.get(); }
  FakePage& Page2(std::size_t index) { return v2.machine.page(0x200 + index); }

  Svsm v2{CoreOptions{.max_version = 2, .pvalidate_pages_per_call = 1}};
};

TEST_F(PvalidateV2, SplitsAPageOnRequest) {
  v2.machine.FailNext("pvalidate", kFailSizeMismatch);
  EXPECT_EQ(Run2M(PageState::kValid, SizeMismatch::kIsSplit), ResultCode::kSuccess);
  EXPECT_EQ(Next2(), 1);
  std::vector<std::string> steps = v2.machine.TakeSteps();
  ASSERT_EQ(steps.size(), 1u + 512 * 3);
  EXPECT_EQ(steps[1], "pvalidate 200 4K valid");
  EXPECT_EQ(steps.back(), "grant 3ff 4K 2");
  EXPECT_TRUE(Page2(511).access[2]);

  v2.machine.FailNext("revoke", kFailSizeMismatch);
  EXPECT_EQ(Run2M(PageState::kInvalid, SizeMismatch::kIsSplit), ResultCode::kSuccess);
  steps = v2.machine.TakeSteps();
  ASSERT_EQ(steps.size(), 1u + 512 * 2 + 1);
  EXPECT_EQ(steps.back(), "flush");
  EXPECT_FALSE(Page2(0).valid);
}

TEST_F(PvalidateV2, DoesNotSplitUnasked) {
  v2.machine.FailNext("pvalidate", kFailSizeMismatch);
  EXPECT_EQ(Run2M(PageState::kValid, SizeMismatch::kIsError), ResultCode::kSizeMismatch);
  EXPECT_EQ(Next2(), 0);
  EXPECT_FALSE(Page2(0).valid);
}

TEST_F(PvalidateV2, ASplitThatFailsFlushesWhatItDid) {
  ASSERT_EQ(Run2M(PageState::kValid, SizeMismatch::kIsSplit), ResultCode::kSuccess);
  v2.machine.TakeSteps();
  Page2(1).valid = false;  // the second small page is invalid already
  v2.machine.FailNext("revoke", kFailSizeMismatch);
  EXPECT_EQ(Run2M(PageState::kInvalid, SizeMismatch::kIsSplit), ResultCode::kPvalidateUnchanged);
  EXPECT_EQ(Next2(), 0);
  EXPECT_THAT(v2.machine.TakeSteps(),
              ElementsAre("revoke 200 2M", "revoke 200 4K", "pvalidate 200 4K invalid",
                          "revoke 201 4K", "pvalidate 201 4K invalid", "flush"));
  EXPECT_FALSE(Page2(0).valid);
  EXPECT_TRUE(Page2(2).access[2]);
}

TEST_F(PvalidateV2, TheFlagIsReservedInVersion1) {
  const PvalidateEntry entry{kNew2M, PageSize::k2M, PageState::kValid, UnchangedPage::kIsError,
                             SizeMismatch::kIsSplit};
  EXPECT_EQ(Run(entry), ResultCode::kInvalidParameter);
  EXPECT_THAT(machine().TakeSteps(), IsEmpty());
}

}  // namespace
}  // namespace svsm::protocol
