#include "svsm/kbs/client_step.h"

namespace svsm::kbs {

Result<std::optional<ClientStep>> FrameReceiver::Take(ByteView in) {
  if (in.size() != needed_) return Status(Code::kInvalidArgument, Source::kKbs);
  if (phase_ == Phase::kBody) {
    phase_ = Phase::kSent;
    needed_ = 0;
    return std::optional<ClientStep>();
  }
  if (phase_ == Phase::kSent) {
    phase_ = Phase::kHeader;
    needed_ = kFrameHeaderSize;
  } else {
    SVSM_ASSIGN_OR_RETURN(needed_, FrameBodySize(in.first<kFrameHeaderSize>(), kMaxFrameBodySize));
    phase_ = Phase::kBody;
  }
  return std::optional<ClientStep>({.kind = ClientStep::Kind::kNeed, .need = needed_});
}

}  // namespace svsm::kbs
