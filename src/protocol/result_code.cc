#include "svsm/protocol/result_code.h"

namespace svsm::protocol {

Status StatusOf(ResultCode code) {
  if (IsSuccess(code)) return OkStatus();
  const auto make = [code](Code status_code) {
    return Status(status_code, Source::kProtocol, ToU32(code));
  };
  if (NeedsMemory(code)) return make(Code::kOutOfMemory);
  switch (code) {
    case ResultCode::kIncomplete:
      return make(Code::kExhausted);
    case ResultCode::kUnsupportedProtocol:
    case ResultCode::kUnsupportedCall:
      return make(Code::kUnsupported);
    case ResultCode::kInvalidAddress:
    case ResultCode::kInvalidFormat:
    case ResultCode::kInvalidParameter:
    case ResultCode::kInvalidRequest:
      return make(Code::kInvalidArgument);
    case ResultCode::kBusy:
      return make(Code::kBusy);
    default:
      return make(Code::kPermissionDenied);
  }
}

}  // namespace svsm::protocol
