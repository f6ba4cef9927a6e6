#include "svsm/kbs/serial_16550.h"

namespace svsm::kbs {
namespace {

// Registers; with kDivisorAccess in kLineControl the first two are the divisor's.
constexpr std::uint16_t kData = 0;
constexpr std::uint16_t kInterruptEnable = 1;
constexpr std::uint16_t kFifoControl = 2;
constexpr std::uint16_t kLineControl = 3;
constexpr std::uint16_t kModemControl = 4;
constexpr std::uint16_t kLineStatus = 5;
constexpr std::uint16_t kScratch = 7;

constexpr std::uint8_t kDivisorAccess = 0x80;
constexpr std::uint8_t kEightNoneOne = 0x03;
constexpr std::uint8_t kFifosOnAndEmpty = 0x07;
constexpr std::uint8_t kReady = 0x03;  // DTR and RTS
constexpr std::uint8_t kDivisor115200 = 1;

constexpr std::uint8_t kHasData = 0x01;
// Overrun, parity, framing, break, or an error somewhere in the FIFO.
constexpr std::uint8_t kHasError = 0x9E;
constexpr std::uint8_t kMaySend = 0x20;
constexpr std::size_t kFifoSize = 16;

}  // namespace

Status Serial16550::Init() {
  for (const std::uint8_t probe : Bytes<2>{0x5A, 0xA5}) {
    Out(kScratch, probe);
    if (In(kScratch) != probe) return Status(Code::kUnavailable, Source::kKbs);
  }
  Out(kInterruptEnable, 0);
  Out(kLineControl, kDivisorAccess);
  Out(kData, kDivisor115200);
  Out(kInterruptEnable, 0);
  Out(kLineControl, kEightNoneOne);
  Out(kFifoControl, kFifosOnAndEmpty);
  Out(kModemControl, kReady);
  // Reading it clears errors of before.
  static_cast<void>(In(kLineStatus));
  return OkStatus();
}

Result<std::uint8_t> Serial16550::AwaitStatus(std::uint8_t wanted) {
  const std::uint64_t start_ms = clock_.MonotonicMs();
  for (;;) {
    const std::uint8_t status = In(kLineStatus);
    if ((status & kHasError) != 0) return Status(Code::kIoError, Source::kKbs, status);
    if ((status & wanted) != 0) return status;
    if (config_.timeout_ms != 0 && clock_.MonotonicMs() - start_ms >= config_.timeout_ms) {
      return Status(Code::kExhausted, Source::kKbs);
    }
    clock_.SleepMs(config_.poll_ms);
  }
}

Result<std::size_t> Serial16550::ReadSome(ByteSpan out) {
  std::size_t size = 0;
  while (size < out.size()) {
    if (size > 0 && (In(kLineStatus) & (kHasData | kHasError)) != kHasData) break;
    if (size == 0) SVSM_TRY(AwaitStatus(kHasData).status());
    out[size++] = In(kData);
  }
  return size;
}

Status Serial16550::WriteAll(ByteView in) {
  while (!in.empty()) {
    SVSM_TRY(AwaitStatus(kMaySend).status());
    const std::size_t size = in.size() < kFifoSize ? in.size() : kFifoSize;
    for (const std::uint8_t byte : in.first(size)) Out(kData, byte);
    in = in.subspan(size);
  }
  return OkStatus();
}

}  // namespace svsm::kbs
