// The SVSM's own conversation with its TPM: one command, one response, at locality 0.
#ifndef SVSM_SRC_VTPM_OWN_TPM_H_
#define SVSM_SRC_VTPM_OWN_TPM_H_

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/vtpm/engine.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {

class OwnTpm {
 public:
  // Borrows all three; commands are built in command_buffer().
  OwnTpm(Engine& engine, FixedSpan<kMaxTpmBuffer> command, FixedSpan<kMaxTpmBuffer> response)
      : engine_(engine), command_(command), response_(response) {}

  ByteSpan command_buffer() { return command_; }

  // The response to a command that a Build function of commands.h gave, until the next call.
  // Whether the TPM liked the command is in it. Errors: those of building, of the engine, and of
  // ResponseCode().
  Result<ByteView> Ask(Result<ByteView> command) {
    SVSM_TRY(command.status());
    SVSM_ASSIGN_OR_RETURN(const std::size_t size, engine_.Execute(0, *command, response_));
    const ByteView response = ByteView(response_).first(size);
    SVSM_TRY(ResponseCode(response).status());
    return response;
  }

  // The response code alone.
  Result<std::uint32_t> AskCode(Result<ByteView> command) {
    SVSM_ASSIGN_OR_RETURN(const ByteView response, Ask(command));
    return ResponseCode(response);
  }

  // A command that must succeed. Errors besides: kFailedPrecondition (detail = response code).
  Status Must(Result<ByteView> command) {
    SVSM_ASSIGN_OR_RETURN(const std::uint32_t code, AskCode(command));
    return code == kTpmRcSuccess ? OkStatus()
                                 : Status(Code::kFailedPrecondition, Source::kVtpm, code);
  }

 private:
  Engine& engine_;
  FixedSpan<kMaxTpmBuffer> command_;
  FixedSpan<kMaxTpmBuffer> response_;
};

}  // namespace svsm::vtpm

#endif  // SVSM_SRC_VTPM_OWN_TPM_H_
