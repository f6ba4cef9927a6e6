// svsm/kbs/serial_16550.h: a ByteStream over a 16550 serial port, for a machine without vsock.
//
//   Serial16550 serial(ports, clock, {.timeout_ms = 30000});
//   SVSM_TRY(serial.Init());
//   SVSM_TRY(RunClient(client, serial, buffer));
//
// Polled, 115200 baud, 8N1, FIFOs on. The port is the host's: whatever it says in its registers is
// answered with a Status, and bytes that it lost or garbled end the exchange.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread. Spec: PC16550D.
#ifndef SVSM_KBS_SERIAL_16550_H_
#define SVSM_KBS_SERIAL_16550_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/byte_stream.h"
#include "svsm/core/bytes.h"
#include "svsm/core/clock.h"
#include "svsm/core/result.h"

namespace svsm::kbs {

// The seam behind which I/O ports are: IN and OUT, or a VMGEXIT for each.
class PortIo {
 public:
  virtual std::uint8_t In8(std::uint16_t port) = 0;
  virtual void Out8(std::uint16_t port, std::uint8_t value) = 0;

 protected:
  ~PortIo() = default;
};

// The third port of a PC, which the COCONUT SVSM and its proxy use.
inline constexpr std::uint16_t kSerialCom3 = 0x3E8;

struct SerialConfig {
  std::uint16_t port = kSerialCom3;
  // Longest wait for a byte to come or to go; 0 waits for ever.
  std::uint64_t timeout_ms = 0;
  std::uint64_t poll_ms = 1;
};

class Serial16550 final : public ByteStream {
 public:
  // Borrows both for the object's life.
  Serial16550(PortIo& ports, Clock& clock, const SerialConfig& config)
      : ports_(ports), clock_(clock), config_(config) {}

  // Sets the port up and empties its FIFOs. Errors: kUnavailable (there is none).
  [[nodiscard]] Status Init();

  // Errors as ByteStream says, of which there are kExhausted and kIoError (detail = the line status
  // register: bytes were lost or garbled, or the port went away).
  Result<std::size_t> ReadSome(ByteSpan out) override;
  Status WriteAll(ByteView in) override;

 private:
  Result<std::uint8_t> AwaitStatus(std::uint8_t wanted);
  std::uint8_t In(std::uint16_t reg) { return ports_.In8(Address(reg)); }
  void Out(std::uint16_t reg, std::uint8_t value) { ports_.Out8(Address(reg), value); }
  std::uint16_t Address(std::uint16_t reg) const {
    return static_cast<std::uint16_t>(config_.port + reg);
  }

  PortIo& ports_;
  Clock& clock_;
  SerialConfig config_;
};

}  // namespace svsm::kbs

#endif  // SVSM_KBS_SERIAL_16550_H_
