#include "svsm/vtpm/persistent.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/testing/matchers.h"

namespace svsm::vtpm {
namespace {

using ::testing::Eq;
using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

constexpr EngineState kEngine = {0x1234, "permanent", "volatile", "save"};
constexpr char kBegun[] =
    "7376736d2d7674706d2d6d61726b6572"
    "01013412"
    "000000000000000000000000";
constexpr char kWhole[] =
    "7376736d2d7674706d2d6d61726b6572"
    "01023412"
    "000000000000000000000000";

// Loses all power at the n-th change: that one and all later ones do not happen.
class CutStore final : public StateStore {
 public:
  Result<std::size_t> Size(const char* name) override {
    if (!read_fault.ok()) return read_fault;
    return store.Size(name);
  }
  Result<std::size_t> Read(const char* name, ByteSpan out) override {
    if (!read_fault.ok()) return read_fault;
    return store.Read(name, out);
  }
  Status Write(const char* name, ByteView blob) override {
    if (changes_left-- <= 0) return Status(Code::kIoError, Source::kCaller, 5);
    return store.Write(name, blob);
  }
  Status Remove(const char* name) override {
    if (store.Size(name).ok() && changes_left-- <= 0) {
      return Status(Code::kIoError, Source::kCaller, 5);
    }
    return store.Remove(name);
  }

  MemoryStateStore store;
  Status read_fault;
  int changes_left = 1000;
};

class PersistentVtpmTest : public ::testing::Test {
 protected:
  void PutMarker(const std::string& hex) {
    ASSERT_THAT(store_.Write(kVtpmMarkerName, *FromHex(hex)), IsOk());
  }
  void Put(const char* name) { ASSERT_THAT(store_.Write(name, AsBytes(name)), IsOk()); }
  bool Has(const char* name) { return store_.store.Size(name).ok(); }
  std::string Marker() {
    ByteVector bytes(64);
    const auto size = store_.store.Read(kVtpmMarkerName, bytes);
    return size.ok() ? ToHex(ByteView(bytes).first(*size)) : "none";
  }
  Result<VtpmStart> Begin(SuspendedState suspended = SuspendedState::kDiscard) {
    return PersistentVtpm(store_, kEngine).Begin(suspended);
  }
  Status Finish() { return PersistentVtpm(store_, kEngine).Finish(); }

  CutStore store_;
};

TEST_F(PersistentVtpmTest, MakesOneInAnEmptyStoreAndLoadsItAfterwards) {
  EXPECT_THAT(PersistentVtpm(store_, kEngine).Inspect(), IsOkAnd(Eq(VtpmStart::kManufacture)));
  EXPECT_EQ(Marker(), "none");
  ASSERT_THAT(Begin(), IsOkAnd(Eq(VtpmStart::kManufacture)));
  EXPECT_EQ(Marker(), kBegun);
  Put("permanent");
  ASSERT_THAT(Finish(), IsOk());
  EXPECT_EQ(Marker(), kWhole);
  EXPECT_THAT(Begin(), IsOkAnd(Eq(VtpmStart::kLoad)));
  EXPECT_EQ(Marker(), kWhole);
  EXPECT_TRUE(Has("permanent"));
}

TEST_F(PersistentVtpmTest, AnInterruptedManufactureBeginsAnew) {
  PutMarker(kBegun);
  for (const char* name : {"permanent", "volatile", "save"}) Put(name);
  EXPECT_THAT(Begin(SuspendedState::kTakeUp), IsOkAnd(Eq(VtpmStart::kManufacture)));
  EXPECT_EQ(Marker(), kBegun);
  for (const char* name : {"permanent", "volatile", "save"}) EXPECT_FALSE(Has(name)) << name;
}

// However often the power goes, and wherever: the marker never says "whole" without a whole TPM,
// and what a boot finishes is what the next one loads.
TEST_F(PersistentVtpmTest, EveryCutLeavesADecisionThatIsRight) {
  const auto boot = [&] {
    SVSM_ASSIGN_OR_RETURN(const VtpmStart start, Begin());
    if (start == VtpmStart::kLoad) return OkStatus();
    // Two writes, as an engine that is manufactured makes many.
    SVSM_TRY(store_.Write("permanent", AsBytes("half")));
    SVSM_TRY(store_.Write("permanent", AsBytes("whole")));
    return Finish();
  };
  for (int first = 0; first < 6; ++first) {
    for (int second = 0; second < 8; ++second) {
      store_.store = MemoryStateStore();
      for (const int cut : {first, second}) {
        store_.changes_left = cut;
        (void)boot();
        store_.changes_left = 1000;
        ByteVector bytes(16);
        const auto size = store_.Read("permanent", bytes);
        if (Marker() == kWhole) {
          ASSERT_THAT(size, IsOkAnd(Eq(5u))) << first << ' ' << second;
        }
      }
      ASSERT_THAT(boot(), IsOk()) << first << ' ' << second;
      EXPECT_EQ(Marker(), kWhole);
      EXPECT_THAT(Begin(), IsOkAnd(Eq(VtpmStart::kLoad)));
    }
  }
}

TEST_F(PersistentVtpmTest, AVolatileStateIsForAGuestThatGoesOn) {
  PutMarker(kWhole);
  for (const char* name : {"permanent", "volatile", "save"}) Put(name);
  EXPECT_THAT(PersistentVtpm(store_, kEngine).Inspect(), IsOkAnd(Eq(VtpmStart::kResume)));
  EXPECT_THAT(Begin(SuspendedState::kTakeUp), IsOkAnd(Eq(VtpmStart::kResume)));
  EXPECT_TRUE(Has("volatile"));
  EXPECT_THAT(Begin(SuspendedState::kDiscard), IsOkAnd(Eq(VtpmStart::kLoad)));
  EXPECT_FALSE(Has("volatile"));
  EXPECT_TRUE(Has("save"));
  EXPECT_THAT(Begin(SuspendedState::kTakeUp), IsOkAnd(Eq(VtpmStart::kLoad)));
}

TEST_F(PersistentVtpmTest, RefusesStateThatNobodyFinished) {
  Put("permanent");
  const Status refused(Code::kFailedPrecondition, Source::kVtpm, kStateWithoutMarker);
  EXPECT_EQ(PersistentVtpm(store_, kEngine).Inspect().status(), refused);
  EXPECT_EQ(Begin().status(), refused);
  EXPECT_TRUE(Has("permanent"));
  EXPECT_EQ(Marker(), "none");
}

TEST_F(PersistentVtpmTest, NeverMakesAnotherWhereTheStateIsGone) {
  PutMarker(kWhole);
  EXPECT_EQ(Begin().status(), Status(Code::kDataLoss, Source::kVtpm, kStateGone));
  EXPECT_EQ(Marker(), kWhole);
}

TEST_F(PersistentVtpmTest, RefusesMarkersThatAreNone) {
  Put("permanent");
  const std::string good = kWhole;
  std::vector<std::string> bad = {"", good.substr(2), good + "00", "74" + good.substr(2)};
  for (const char* phase : {"00", "03", "ff"}) {
    bad.push_back(std::string(good).replace(34, 2, phase));
  }
  bad.push_back(std::string(good).replace(62, 2, "01"));
  for (const std::string& marker : bad) {
    PutMarker(marker);
    EXPECT_EQ(Begin().status(), Status(Code::kDataLoss, Source::kVtpm, kMarkerUnreadable))
        << marker;
    EXPECT_EQ(Finish(), Status(Code::kDataLoss, Source::kVtpm, kMarkerUnreadable)) << marker;
    EXPECT_EQ(Marker(), marker);
  }
}

TEST_F(PersistentVtpmTest, RefusesOtherVersionsAndEngines) {
  Put("permanent");
  PutMarker(std::string(kWhole).replace(32, 2, "02"));
  EXPECT_EQ(Begin().status(), Status(Code::kUnsupported, Source::kVtpm, 0x21234));
  PutMarker(std::string(kBegun).replace(36, 4, "3512"));
  EXPECT_EQ(Begin().status(), Status(Code::kUnsupported, Source::kVtpm, 0x11235));
  EXPECT_TRUE(Has("permanent"));
}

TEST_F(PersistentVtpmTest, AStoreThatCannotBeReadIsNoEmptyStore) {
  for (const Code code : {Code::kAuthFailed, Code::kIoError, Code::kOutOfMemory}) {
    store_.read_fault = Status(code, Source::kCocoonfs, 7);
    EXPECT_EQ(Begin().status(), store_.read_fault);
    EXPECT_EQ(Finish(), store_.read_fault);
    EXPECT_EQ(Marker(), "none");
  }
}

TEST_F(PersistentVtpmTest, TellsAStoreThatCannotBeWritten) {
  store_.changes_left = 0;
  EXPECT_EQ(Begin().status(), Status(Code::kIoError, Source::kCaller, 5));
  store_.changes_left = 2;
  ASSERT_THAT(Begin(), IsOk());
  Put("permanent");
  EXPECT_EQ(Finish(), Status(Code::kIoError, Source::kCaller, 5));
  EXPECT_EQ(Marker(), kBegun);
}

TEST_F(PersistentVtpmTest, FinishesOnlyWhatWasBegun) {
  EXPECT_EQ(Finish(), Status(Code::kFailedPrecondition, Source::kVtpm, kNotBegun));
  ASSERT_THAT(Begin(), IsOk());
  EXPECT_EQ(Finish(), Status(Code::kFailedPrecondition, Source::kVtpm, kStateGone));
  Put("permanent");
  ASSERT_THAT(Finish(), IsOk());
  EXPECT_EQ(Finish(), Status(Code::kFailedPrecondition, Source::kVtpm, kNotBegun));
}

}  // namespace
}  // namespace svsm::vtpm
