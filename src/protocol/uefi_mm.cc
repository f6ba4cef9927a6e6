#include "svsm/protocol/uefi_mm.h"

namespace svsm::protocol {
namespace {

constexpr std::uint32_t kKnownFlags = kUefiMmPersistent | kUefiMmSecureBoot | kUefiMmDbUpdate;

}  // namespace

Result<std::uint32_t> ParseUefiMmManifest(ByteView in) {
  if (in.size() < sizeof(UefiMmManifest)) {
    return Status(Code::kTruncated, Source::kProtocol, sizeof(UefiMmManifest));
  }
  const UefiMmManifest manifest = *wire::Read<UefiMmManifest>(in);
  if (manifest.version.get() != 0) {
    return Status(Code::kUnsupported, Source::kProtocol, manifest.version.get());
  }
  if ((manifest.flags.get() & ~kKnownFlags) != 0) {
    return Status(Code::kMalformed, Source::kProtocol, offsetof(UefiMmManifest, flags));
  }
  if (in.size() != sizeof(UefiMmManifest)) {
    return Status(Code::kMalformed, Source::kProtocol, sizeof(UefiMmManifest));
  }
  return manifest.flags.get();
}

Result<CallReply> UefiMmService::Call(CallContext& context, const CallRegisters& in) {
  static constexpr CallEntry<UefiMmService> kCalls[] = {
      {kUefiMmRequest, 1, &UefiMmService::Request},
  };
  return CallFromTable<UefiMmService>(*this, kCalls, 1, context, in);
}

Result<CallReply> UefiMmService::Request(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  const Gpa buffer(in.rcx);
  if (buffer == Gpa(0) || !IsPageAligned(buffer)) return reply.With(ResultCode::kInvalidAddress);
  if (in.rdx < sizeof(UefiMmHeader) || in.rdx > kMaxUefiMmBuffer) {
    return reply.With(ResultCode::kInvalidParameter);
  }
  Bytes<sizeof(UefiMmHeader)> bytes{};
  if (!context.memory.Read(buffer, bytes).ok()) return reply.With(ResultCode::kInvalidAddress);
  const UefiMmHeader header = *wire::Read<UefiMmHeader>(bytes);
  if (header.body_size.get() > in.rdx - sizeof(header) ||
      header.body_size.get() > workspace_.size()) {
    return reply.With(ResultCode::kInvalidParameter);
  }
  if (!lock_.TryAcquire()) return reply.With(ResultCode::kBusy);
  const Result<ResultCode> code =
      Serve(context, header, Gpa(buffer.value() + sizeof(UefiMmHeader)));
  lock_.Release();
  SVSM_TRY(code.status());
  return reply.With(*code);
}

// With the lock held.
Result<ResultCode> UefiMmService::Serve(CallContext& context, const UefiMmHeader& header, Gpa at) {
  const ByteSpan body = workspace_.first(static_cast<std::size_t>(header.body_size.get()));
  if (!context.memory.Read(at, body).ok()) return ResultCode::kInvalidAddress;
  const Status status = handler_.Handle(Guid::FromMixedEndian(header.guid), context.vmpl, body);
  switch (status.code()) {
    case Code::kOk:
      return context.memory.Write(at, body).ok() ? ResultCode::kSuccess
                                                 : ResultCode::kInvalidAddress;
    case Code::kNotFound:
      return ResultCode::kSuccess;
    case Code::kInvalidArgument:
      return ResultCode::kInvalidParameter;
    case Code::kPermissionDenied:
      return ResultCode::kInvalidRequest;
    case Code::kBusy:
      return ResultCode::kBusy;
    default:
      return status;
  }
}

Result<std::size_t> UefiMmService::Manifest(std::uint32_t version, ByteSpan out) {
  if (version != 0) return Status(Code::kUnsupported, Source::kProtocol, version);
  if (out.size() < sizeof(UefiMmManifest)) {
    return Status(Code::kBufferTooSmall, Source::kProtocol, sizeof(UefiMmManifest));
  }
  UefiMmManifest manifest{};
  manifest.flags = handler_.ManifestFlags();
  Copy(out, wire::ToBytes(manifest));
  return sizeof(manifest);
}

Result<ByteView> UefiMmClient::Request(const Guid& guid, ByteView message, GuestBuffer buffer) {
  if (!IsPageAligned(buffer.gpa) || buffer.bytes.size() > kMaxUefiMmBuffer) {
    return Status(Code::kInvalidArgument, Source::kProtocol);
  }
  UefiMmHeader header{.guid = guid.mixed_endian(), .body_size = {}};
  if (buffer.bytes.size() < sizeof(header) ||
      buffer.bytes.size() - sizeof(header) < message.size()) {
    return Status(Code::kBufferTooSmall, Source::kProtocol,
                  static_cast<std::uint32_t>(sizeof(header) + message.size()));
  }
  header.body_size = message.size();
  const ByteSpan body = buffer.bytes.subspan(sizeof(header), message.size());
  // The message first: it may lie in the buffer.
  Copy(body, message);
  Copy(buffer.bytes, wire::ToBytes(header));
  CallRegisters call = MakeCall(kUefiMmProtocol, kUefiMmRequest);
  call.rcx = buffer.gpa.value();
  call.rdx = buffer.bytes.size();
  SVSM_TRY(client_.CallChecked(call).status());
  return ByteView(body);
}

}  // namespace svsm::protocol
