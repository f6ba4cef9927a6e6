#include "svsm/kbs/bridge_page.h"

#include <algorithm>
#include <functional>

#include "svsm/core/hosted.h"
#include "svsm/core/wire.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

auto Is(Code code, std::size_t detail = 0) { return IsStatus(code, Source::kKbs, detail); }

class FakePage final : public BridgePage {
 public:
  std::uint32_t Load(std::size_t offset) override {
    return wire::Read<wire::Le32>(ByteView(bytes).subspan(offset))->get();
  }
  void Store(std::size_t offset, std::uint32_t value) override {
    Copy(ByteSpan(bytes).subspan(offset), wire::ToBytes(wire::Le32(value)));
  }
  void Read(std::size_t offset, ByteSpan out) override {
    Copy(out, ByteView(bytes).subspan(offset, out.size()));
  }
  void Write(std::size_t offset, ByteView in) override {
    Copy(ByteSpan(bytes).subspan(offset, in.size()), in);
  }
  Status Yield() override {
    ++yields;
    return guest ? guest() : OkStatus();
  }

  // What an honest bridge does: takes what came, and sends what it holds.
  void Take() {
    while (Load(0x18) != Load(0x14)) {
      taken.push_back(bytes[0x400 + Load(0x18) % 1024]);
      Store(0x18, Load(0x18) + 1);
    }
  }
  void Send(ByteVector& data) {
    while (!data.empty() && Load(0x1C) - Load(0x20) < 1024) {
      bytes[0x800 + Load(0x1C) % 1024] = data.front();
      data.erase(data.begin());
      Store(0x1C, Load(0x1C) + 1);
    }
  }

  ByteVector bytes = ByteVector(kBridgePageSize, 0xEE);
  ByteVector taken;
  int yields = 0;
  std::function<Status()> guest;
};

class BridgePageTest : public ::testing::Test {
 protected:
  void SetUp() override { stream_.Init(); }
  FakePage page_;
  BridgeStream stream_{page_, {.max_idle_turns = 10}};
};

TEST_F(BridgePageTest, BeginsEmpty) {
  ByteVector expected = {'s', 'v', 's', 'm', '-', 'b', 'r', 'i', 'd', 'g',
                         'e', '-', 'p', 'a', 'g', 'e', 1,   0,   0,   0};
  expected.resize(0x2C);
  EXPECT_THAT(ByteView(page_.bytes).first(0x2C), SameBytes(expected));
  stream_.Close();
  EXPECT_EQ(page_.Load(0x24), 1u);
}

TEST_F(BridgePageTest, CarriesMoreThanARingHolds) {
  ByteVector sent(5000);
  for (std::size_t i = 0; i < sent.size(); ++i)
    sent[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  ByteVector held;
  page_.guest = [&] {
    page_.Take();
    page_.Send(held);
    return OkStatus();
  };
  for (int round = 0; round < 3; ++round) {
    page_.taken.clear();
    ASSERT_THAT(stream_.WriteAll(sent), IsOk());
    page_.Take();
    EXPECT_THAT(page_.taken, SameBytes(sent));
    held = sent;
    ByteVector got(sent.size());
    ASSERT_THAT(ReadExactly(stream_, got), IsOk());
    EXPECT_THAT(got, SameBytes(sent));
  }
}

TEST_F(BridgePageTest, WaitsForTheGuestOnlySoLong) {
  Bytes<4> out{};
  EXPECT_THAT(stream_.ReadSome(out), Is(Code::kExhausted));
  EXPECT_EQ(page_.yields, 10);
  EXPECT_THAT(stream_.WriteAll(ByteVector(1025)), Is(Code::kExhausted));
  EXPECT_EQ(page_.yields, 20);
  EXPECT_THAT(stream_.ReadSome({}), IsOkAnd(::testing::Eq(0u)));
  page_.guest = [] { return Status(Code::kIoError, Source::kCaller, 3); };
  EXPECT_THAT(stream_.ReadSome(out), IsStatus(Code::kIoError, Source::kCaller, 3));
}

TEST_F(BridgePageTest, AnEndComesAfterWhatWasSent) {
  ByteVector held = {1, 2, 3};
  page_.Send(held);
  page_.Store(0x28, 1);
  Bytes<2> out{};
  EXPECT_THAT(stream_.ReadSome(out), IsOkAnd(::testing::Eq(2u)));
  EXPECT_THAT(stream_.ReadSome(out), IsOkAnd(::testing::Eq(1u)));
  EXPECT_THAT(stream_.ReadSome(out), Is(Code::kConnectionClosed));
  EXPECT_THAT(stream_.WriteAll(ByteVector(1025)), Is(Code::kConnectionClosed));
}

TEST_F(BridgePageTest, CountersBeyondTheRingAreRefused) {
  Bytes<4> out{};
  page_.Store(0x1C, 1025);
  EXPECT_THAT(stream_.ReadSome(out), Is(Code::kIoError, 0x1C));
  page_.Store(0x1C, 0xFFFFFFFF);
  EXPECT_THAT(stream_.ReadSome(out), Is(Code::kIoError, 0x1C));
  page_.Store(0x18, 1);
  EXPECT_THAT(stream_.WriteAll(out), Is(Code::kIoError, 0x18));
}

TEST_F(BridgePageTest, OurCountersAreNotReadBack) {
  ASSERT_THAT(stream_.WriteAll(ByteVector(4, 1)), IsOk());
  page_.Store(0x14, 77);
  page_.Store(0x20, 77);
  ASSERT_THAT(stream_.WriteAll(ByteVector(4, 2)), IsOk());
  EXPECT_EQ(page_.Load(0x14), 8u);
  EXPECT_THAT(ByteView(page_.bytes).subspan(0x400, 8),
              SameBytes(ByteVector{1, 1, 1, 1, 2, 2, 2, 2}));
}

}  // namespace
}  // namespace svsm::kbs
