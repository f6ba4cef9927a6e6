// tools/svsm-demo/guest_tpm.h: the guest's TPM device: every command goes through the guest's
// calling area to the SVSM.
//
// It stands behind a socket where a guest kernel's driver stands behind /dev/tpm0. Power is the
// machine's, so what a control channel could do to a TPM of its own is refused.
#ifndef SVSM_TOOLS_SVSM_DEMO_GUEST_TPM_H_
#define SVSM_TOOLS_SVSM_DEMO_GUEST_TPM_H_

#include <mutex>

#include "svsm/protocol/client.h"
#include "svsm/vtpm/engine.h"

namespace svsm::demo {

class GuestTpm final : public vtpm::Engine {
 public:
  // `page` is guest memory; `vcpu` is held while the guest is in a call, since one vCPU makes one
  // call at a time.
  GuestTpm(protocol::Client& client, protocol::GuestBuffer page, std::mutex& vcpu)
      : client_(client), page_(page), vcpu_(vcpu) {}

  Result<std::size_t> Execute(std::uint8_t locality, ByteView command, ByteSpan response) override {
    if (locality != 0) return Status(Code::kInvalidArgument, Source::kCaller);
    const std::lock_guard lock(vcpu_);
    SVSM_ASSIGN_OR_RETURN(const ByteView answer, client_.SendTpmCommand(command, page_));
    if (answer.size() > response.size()) {
      return Status(Code::kBufferTooSmall, Source::kCaller, vtpm::kMaxTpmBuffer);
    }
    Copy(response, answer);
    return answer.size();
  }
  bool powered() const override { return true; }
  vtpm::BufferSizes buffer_sizes() const override {
    return {protocol::kMaxTpmCommand, protocol::kMaxTpmCommand, protocol::kMaxTpmCommand};
  }

  Status PowerOn(vtpm::StoredVolatile) override { return NotTheGuests(); }
  void PowerOff() override {}
  void Cancel() override {}
  Result<vtpm::BufferSizes> SetBufferSize(std::size_t) override { return NotTheGuests(); }
  Result<std::size_t> GetState(vtpm::StateKind, ByteSpan) override { return NotTheGuests(); }
  Status SetState(vtpm::StateKind, ByteView) override { return NotTheGuests(); }
  Status StoreVolatile() override { return NotTheGuests(); }
  Status HashStart() override { return NotTheGuests(); }
  Status HashData(ByteView) override { return NotTheGuests(); }
  Status HashEnd() override { return NotTheGuests(); }
  Result<bool> TpmEstablished() override { return NotTheGuests(); }
  Status ResetTpmEstablished(std::uint8_t) override { return NotTheGuests(); }

 private:
  static Status NotTheGuests() { return Status(Code::kFailedPrecondition, Source::kCaller); }

  protocol::Client& client_;
  protocol::GuestBuffer page_;
  std::mutex& vcpu_;
};

}  // namespace svsm::demo

#endif  // SVSM_TOOLS_SVSM_DEMO_GUEST_TPM_H_
