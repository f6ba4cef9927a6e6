// A TPM that answers each command with its own bytes, tagged with the locality, and remembers what
// was asked of it.
#ifndef SVSM_TESTS_VTPM_SOCKETS_FAKE_ENGINE_H_
#define SVSM_TESTS_VTPM_SOCKETS_FAKE_ENGINE_H_

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "svsm/core/hosted.h"
#include "svsm/vtpm/engine.h"

namespace svsm::vtpm {

class FakeEngine final : public Engine {
 public:
  Status PowerOn(StoredVolatile after) override {
    log += after == StoredVolatile::kDelete ? "on! " : "on ";
    if (!power_on_status.ok()) return power_on_status;
    on = true;
    return OkStatus();
  }
  void PowerOff() override {
    log += "off ";
    on = false;
  }
  bool powered() const override { return on; }
  // An echo whose tag's first byte is the locality. The code 0xCA waits for Cancel().
  Result<std::size_t> Execute(std::uint8_t locality, ByteView command, ByteSpan response) override {
    if (!on) {
      Copy(response, Bytes<10>{0x80, 0x01, 0, 0, 0, 10, 0, 0, 0x01, 0x01});
      return std::size_t{10};
    }
    running = true;
    while (command[9] == 0xCA && !cancelled) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    running = false;
    Copy(response, command);
    response[0] = locality;
    return command.size();
  }
  void Cancel() override { cancelled = true; }
  BufferSizes buffer_sizes() const override { return {buffer_size, 2808, 4096}; }
  Result<BufferSizes> SetBufferSize(std::size_t wanted) override {
    if (on) return Status(Code::kFailedPrecondition, Source::kVtpm);
    buffer_size = wanted < 2808 ? 2808 : wanted > 4096 ? 4096 : wanted;
    return buffer_sizes();
  }
  Result<std::size_t> GetState(StateKind kind, ByteSpan out) override {
    const auto found = states.find(kind);
    if (found == states.end()) return Status(Code::kNotFound, Source::kVtpm);
    Copy(out, found->second);
    return found->second.size();
  }
  Status SetState(StateKind kind, ByteView blob) override {
    if (on) return Status(Code::kFailedPrecondition, Source::kVtpm);
    if (Equal(blob, Ascii("garbage"))) return Status(Code::kMalformed, Source::kVtpm);
    states[kind] = ToVector(blob);
    return OkStatus();
  }
  Status StoreVolatile() override { return Powered("store "); }
  Status HashStart() override { return Powered("start "); }
  Status HashData(ByteView data) override { return Powered("data" + ToHex(data) + " "); }
  Status HashEnd() override { return Powered("end "); }
  Result<bool> TpmEstablished() override {
    if (!on) return Status(Code::kFailedPrecondition, Source::kVtpm);
    return true;
  }
  Status ResetTpmEstablished(std::uint8_t locality) override {
    SVSM_TRY(Powered("reset "));
    if (locality != 3 && locality != 4) return Status(Code::kPermissionDenied, Source::kVtpm);
    return OkStatus();
  }

  std::string log;
  bool on = false;
  Status power_on_status;
  std::size_t buffer_size = 4096;
  std::map<StateKind, ByteVector> states;
  std::atomic<bool> cancelled = false;
  std::atomic<bool> running = false;

 private:
  Status Powered(const std::string& what) {
    if (!on) return Status(Code::kFailedPrecondition, Source::kVtpm);
    log += what;
    return OkStatus();
  }
};

}  // namespace svsm::vtpm

#endif  // SVSM_TESTS_VTPM_SOCKETS_FAKE_ENGINE_H_
