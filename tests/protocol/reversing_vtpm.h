// A vTPM service that answers each command with its bytes reversed.
#ifndef SVSM_TESTS_PROTOCOL_REVERSING_VTPM_H_
#define SVSM_TESTS_PROTOCOL_REVERSING_VTPM_H_

#include <vector>

#include "svsm/protocol/service.h"
#include "svsm/protocol/vtpm.h"

namespace svsm::protocol {

class ReversingVtpm final : public Service {
 public:
  std::uint32_t protocol() const override { return kVtpmProtocol; }
  VersionRange versions() const override { return {1, 1}; }
  Result<CallReply> Call(CallContext& context, const CallRegisters& in) override {
    CallReply reply(in);
    if (in.call() == kVtpmQuery) {
      reply.registers.rcx = kTpmPlatformCommands;
      reply.registers.rdx = kTpmFeatures;
      return reply;
    }
    if (in.call() != kVtpmCommand) return reply.With(ResultCode::kUnsupportedCall);
    std::vector<std::uint8_t> buffer(kMaxTpmCommand);
    TpmRequest request;
    const ResultCode code = ReadTpmRequest(context.memory, Gpa(in.rcx), buffer, request);
    if (code != ResultCode::kSuccess) return reply.With(code);
    const std::vector<std::uint8_t> response(request.command.rbegin(), request.command.rend());
    return reply.With(WriteTpmResponse(context.memory, Gpa(in.rcx), response));
  }
};

}  // namespace svsm::protocol

#endif  // SVSM_TESTS_PROTOCOL_REVERSING_VTPM_H_
