// Covers: svsm/core/byte_stream.h
#include "svsm/kbs/serial_16550.h"

#include <deque>
#include <map>

#include "svsm/core/hosted.h"
#include "svsm/testing/clock.h"
#include "svsm/testing/matchers.h"

namespace svsm::kbs {
namespace {

using testing::IsOk;
using testing::IsOkAnd;
using testing::IsStatus;
using testing::SameBytes;

// A port whose far end a test plays. Sending takes `send_ms` for each FIFO.
class FakePort final : public PortIo {
 public:
  std::uint8_t In8(std::uint16_t port) override {
    if (!present) return 0xFF;
    switch (port - kSerialCom3) {
      case 0: {
        if (incoming.empty()) return 0;
        const std::uint8_t byte = incoming.front();
        incoming.pop_front();
        return byte;
      }
      case 5:
        return static_cast<std::uint8_t>(errors | (incoming.empty() ? 0 : 1) |
                                         (full_for-- > 0 ? 0 : 0x60));
      default:
        return registers[port - kSerialCom3];
    }
  }
  void Out8(std::uint16_t port, std::uint8_t value) override {
    const int reg = port - kSerialCom3;
    const bool divisor = (registers[3] & 0x80) != 0;
    if (reg != 0 || divisor) {
      registers[divisor && reg < 2 ? 16 + reg : reg] = value;
      return;
    }
    outgoing.push_back(value);
    full_for = static_cast<int>(outgoing.size() % 16 == 0 ? busy_polls : 0);
  }
  bool present = true;
  std::uint8_t errors = 0;
  int busy_polls = 0;
  int full_for = 0;
  std::map<int, std::uint8_t> registers;
  std::deque<std::uint8_t> incoming;
  ByteVector outgoing;
};

class Serial16550Test : public ::testing::Test {
 protected:
  FakePort port_;
  testing::ManualClock clock_;
  Serial16550 serial_{port_, clock_, {.timeout_ms = 100}};
};

TEST_F(Serial16550Test, SetsThePortUp) {
  ASSERT_THAT(serial_.Init(), IsOk());
  EXPECT_EQ(port_.registers[16], 1);  // divisor: 115200 baud
  EXPECT_EQ(port_.registers[17], 0);
  EXPECT_EQ(port_.registers[3], 0x03);  // 8N1
  EXPECT_EQ(port_.registers[2], 0x07);  // FIFOs
  EXPECT_EQ(port_.registers[1], 0);     // no interrupts
  EXPECT_TRUE(port_.outgoing.empty());
  port_.present = false;
  EXPECT_THAT(serial_.Init(), IsStatus(Code::kUnavailable, Source::kKbs));
}

TEST_F(Serial16550Test, WritesAFifoAtATime) {
  const ByteVector bytes(40, 7);
  port_.busy_polls = 5;
  ASSERT_THAT(serial_.WriteAll(bytes), IsOk());
  EXPECT_THAT(port_.outgoing, SameBytes(bytes));
  EXPECT_EQ(clock_.sleeps.size(), 10u);
  port_.full_for = 1000;
  EXPECT_THAT(serial_.WriteAll(bytes), IsStatus(Code::kExhausted, Source::kKbs));
  EXPECT_EQ(port_.outgoing.size(), 40u);
}

TEST_F(Serial16550Test, ReadsWhatIsThere) {
  port_.incoming = {1, 2, 3};
  Bytes<8> out{};
  EXPECT_THAT(serial_.ReadSome(ByteSpan(out).first(2)), IsOkAnd(::testing::Eq(2u)));
  EXPECT_THAT(serial_.ReadSome(out), IsOkAnd(::testing::Eq(1u)));
  EXPECT_EQ(out[0], 3);
  EXPECT_THAT(serial_.ReadSome({}), IsOkAnd(::testing::Eq(0u)));
  EXPECT_THAT(serial_.ReadSome(out), IsStatus(Code::kExhausted, Source::kKbs));
  EXPECT_EQ(clock_.now_ms, 100u);
}

TEST_F(Serial16550Test, LostBytesEndTheExchange) {
  Bytes<8> out{};
  for (const std::uint8_t error : Bytes<5>{0x02, 0x04, 0x08, 0x10, 0x80}) {
    port_.errors = error;
    port_.incoming = {1};
    EXPECT_THAT(serial_.ReadSome(out), IsStatus(Code::kIoError, Source::kKbs, error | 0x61u));
    EXPECT_THAT(serial_.WriteAll(out), IsStatus(Code::kIoError, Source::kKbs, error | 0x61u));
  }
  port_.present = false;
  EXPECT_THAT(serial_.ReadSome(out), IsStatus(Code::kIoError, Source::kKbs, 0xFF));
}

}  // namespace
}  // namespace svsm::kbs
