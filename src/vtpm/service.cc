#include "svsm/vtpm/service.h"

#include "svsm/evidence/vtpm_manifest.h"
#include "svsm/protocol/registers.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {

using protocol::CallContext;
using protocol::CallRegisters;
using protocol::CallReply;
using protocol::GuestMemory;
using protocol::ResultCode;

constexpr std::array<VtpmService::Entry, 2> VtpmService::kCalls = {{
    {protocol::kVtpmQuery, 1, &VtpmService::Query},
    {protocol::kVtpmCommand, 1, &VtpmService::Command},
}};

Result<CallReply> VtpmService::Call(CallContext& context, const CallRegisters& in) {
  return protocol::CallFromTable<VtpmService>(*this, kCalls, versions().max, context, in);
}

Result<CallReply> VtpmService::Query(CallContext&, const CallRegisters& in) {
  CallReply reply(in);
  reply.registers.rcx = protocol::kTpmPlatformCommands;
  reply.registers.rdx = protocol::kTpmFeatures;
  return reply;
}

Result<CallReply> VtpmService::Command(CallContext& context, const CallRegisters& in) {
  if (!lock_.TryAcquire()) return CallReply(in).With(ResultCode::kBusy);
  const Result<ResultCode> code = Execute(context.memory, Gpa(in.rcx));
  lock_.Release();
  SVSM_TRY(code.status());
  return CallReply(in).With(*code);
}

Result<ResultCode> VtpmService::Execute(GuestMemory& memory, Gpa buffer) {
  protocol::TpmRequest request;
  const ResultCode code = protocol::ReadTpmRequest(memory, buffer, work_.command, request);
  if (code != ResultCode::kSuccess) return code;
  SVSM_ASSIGN_OR_RETURN(const std::size_t size,
                        engine_.Execute(request.locality, request.command, work_.response));
  if (size <= protocol::kMaxTpmResponse) {
    return protocol::WriteTpmResponse(memory, buffer, ByteView(work_.response).first(size));
  }
  return protocol::WriteTpmResponse(memory, buffer, ErrorResponse(kTpmRcMemory));
}

Result<std::size_t> VtpmService::Manifest(std::uint32_t version, ByteSpan out) {
  if (version == evidence::kVtpmManifestV1 && !keys_.empty()) {
    SVSM_ASSIGN_OR_RETURN(const ByteView list, evidence::BuildVtpmManifestV1(keys_, out));
    return list.size();
  }
  if (version != 0) return Status(Code::kUnsupported, Source::kVtpm, version);
  if (ek_.empty()) return std::size_t{0};
  SVSM_ASSIGN_OR_RETURN(const ByteView manifest, protocol::VtpmManifestV0(ek_));
  if (out.size() < manifest.size()) {
    return Status(Code::kBufferTooSmall, Source::kVtpm,
                  static_cast<std::uint32_t>(manifest.size()));
  }
  Copy(out, manifest);
  return manifest.size();
}

}  // namespace svsm::vtpm
