#include "svsm/snp/tsc_info.h"

#include "svsm/snp/guest_message.h"

namespace svsm::snp {

Bytes<kTscInfoSize> EncodeTscInfo(std::uint32_t status, const TscInfo& info) {
  TscInfoResponse response{};
  response.status = status;
  if (status == kMessageSuccess) {
    response.scale = info.scale;
    response.offset = info.offset;
    response.factor = info.factor;
  }
  return wire::ToBytes(response);
}

Result<TscInfo> DecodeTscInfo(ByteView payload) {
  const auto malformed = [](std::size_t detail) {
    return Status(Code::kMalformed, Source::kSnp, static_cast<std::uint32_t>(detail));
  };
  if (payload.size() != kTscInfoSize) return malformed(kTscInfoSize);
  SVSM_ASSIGN_OR_RETURN(const TscInfoResponse response, wire::Read<TscInfoResponse>(payload));
  if (response.status.get() != kMessageSuccess) {
    return Status(Code::kInvalidArgument, Source::kSnp, response.status.get());
  }
  if (response.reserved_04.get() != 0) return malformed(offsetof(TscInfoResponse, reserved_04));
  if (!IsZero(response.reserved_1c)) return malformed(offsetof(TscInfoResponse, reserved_1c));
  return TscInfo{response.scale.get(), response.offset.get(), response.factor.get()};
}

}  // namespace svsm::snp
