#include "svsm/protocol/attestation.h"

#include "svsm/core/panic.h"
#include "svsm/evidence/report_data.h"
#include "svsm/protocol/calling_area.h"

namespace svsm::protocol {
namespace {

// A part of guest memory that an operation names.
struct Range {
  Gpa gpa;
  std::uint64_t size_bytes;
};

bool IsPageAlignedBuffer(const Range& range, std::uint32_t max_bytes) {
  return IsPageAligned(range.gpa) && range.size_bytes <= max_bytes;
}

bool AnyOverlap(std::span<const Range> ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    for (std::size_t k = i + 1; k < ranges.size(); ++k) {
      if (Overlap(ranges[i].gpa, ranges[i].size_bytes, ranges[k].gpa, ranges[k].size_bytes)) {
        return true;
      }
    }
  }
  return false;
}

bool ReservedAreZero(const AttestServicesOp& op) {
  return IsZero(op.reserved_0c) && IsZero(op.reserved_1a) && IsZero(op.reserved_2c) &&
         IsZero(op.reserved_3c);
}

// Everything that can be said of an operation without reading more of the guest's memory.
ResultCode CheckOp(const CallContext& context, const Range& op_range, const AttestServicesOp& op) {
  if (!ReservedAreZero(op)) return ResultCode::kInvalidParameter;
  const Range report{Gpa(op.report_gpa.get()), op.report_size.get()};
  const Range nonce{Gpa(op.nonce_gpa.get()), op.nonce_size.get()};
  const Range manifest{Gpa(op.manifest_gpa.get()), op.manifest_size.get()};
  const Range certificates{Gpa(op.certificates_gpa.get()), op.certificates_size.get()};
  if (nonce.size_bytes != kAttestationNonceSize || !InOnePage(nonce.gpa, nonce.size_bytes) ||
      !IsPageAlignedBuffer(report, kMaxAttestationBuffer) ||
      !IsPageAlignedBuffer(manifest, kMaxAttestationBuffer) ||
      (certificates.size_bytes != 0 && !IsPageAlignedBuffer(certificates, kMaxCertificateBuffer))) {
    return ResultCode::kInvalidParameter;
  }
  const Range ranges[] = {op_range, report, nonce, manifest, certificates};
  for (const Range& range : ranges) {
    if (!IsGuestRange(context.memory, range.gpa, range.size_bytes) ||
        Overlap(range.gpa, range.size_bytes, context.calling_area, offsetof(CallingArea, buffer))) {
      return ResultCode::kInvalidAddress;
    }
  }
  return AnyOverlap(ranges) ? ResultCode::kInvalidParameter : ResultCode::kSuccess;
}

// Copies and checks the struct of a call. `bytes` has the size of that struct.
ResultCode ReadOp(const GuestMemory& memory, Gpa gpa, ByteSpan bytes) {
  if (gpa.value() % 8 != 0 || !InOnePage(gpa, bytes.size())) return ResultCode::kInvalidParameter;
  return memory.Read(gpa, bytes).ok() ? ResultCode::kSuccess : ResultCode::kInvalidAddress;
}

CallReply WithSizes(CallReply reply, ResultCode code, std::size_t manifest_bytes,
                    const AttestationSizes& sizes) {
  reply.registers.rcx = manifest_bytes;
  reply.registers.rdx = sizes.certificates_bytes;
  reply.registers.r8 = sizes.report_bytes;
  return reply.With(code);
}

}  // namespace

// One call's operation, checked, with the nonce copied.
struct AttestationService::Request {
  AttestServicesOp op;
  ManifestProvider* provider = nullptr;  // null: all services
  std::uint32_t manifest_version = 0;
  Bytes<kAttestationNonceSize> nonce{};
};

AttestationService::AttestationService(const Options& options) : options_(options) {
  SVSM_CHECK(options.sha512.algorithm() == crypto::HashAlg::kSha512);
  SVSM_CHECK(options.providers.size() <= kMaxProviders);
}

Result<CallReply> AttestationService::Call(CallContext& context, const CallRegisters& in) {
  static constexpr CallEntry<AttestationService> kCalls[] = {
      {kAttestServices, 1, &AttestationService::AttestServices},
      {kAttestSingleService, 1, &AttestationService::AttestSingleService},
  };
  return CallFromTable<AttestationService>(*this, kCalls, versions().max, context, in);
}

Result<CallReply> AttestationService::AttestServices(CallContext& context,
                                                     const CallRegisters& in) {
  Bytes<sizeof(AttestServicesOp)> bytes{};
  ResultCode code = ReadOp(context.memory, Gpa(in.rcx), bytes);
  if (code != ResultCode::kSuccess) return CallReply(in).With(code);
  Request request{.op = *wire::Read<AttestServicesOp>(bytes)};
  code = CheckOp(context, {Gpa(in.rcx), bytes.size()}, request.op);
  if (code != ResultCode::kSuccess) return CallReply(in).With(code);
  return Answer(context, in, request);
}

Result<CallReply> AttestationService::AttestSingleService(CallContext& context,
                                                          const CallRegisters& in) {
  Bytes<sizeof(AttestSingleServiceOp)> bytes{};
  ResultCode code = ReadOp(context.memory, Gpa(in.rcx), bytes);
  if (code != ResultCode::kSuccess) return CallReply(in).With(code);
  const AttestSingleServiceOp op = *wire::Read<AttestSingleServiceOp>(bytes);
  code = CheckOp(context, {Gpa(in.rcx), bytes.size()}, op.common);
  if (code != ResultCode::kSuccess) return CallReply(in).With(code);
  Request request{.op = op.common,
                  .provider = FindProvider(Guid::FromMixedEndian(op.service_guid)),
                  .manifest_version = op.manifest_version.get()};
  if (!IsZero(op.reserved_54) || request.provider == nullptr) {
    return CallReply(in).With(ResultCode::kInvalidParameter);
  }
  return Answer(context, in, request);
}

Result<CallReply> AttestationService::Answer(CallContext& context, const CallRegisters& in,
                                             Request& request) {
  if (!context.memory.Read(Gpa(request.op.nonce_gpa.get()), request.nonce).ok()) {
    return CallReply(in).With(ResultCode::kInvalidAddress);
  }
  if (!options_.workspace_lock.TryAcquire()) return CallReply(in).With(ResultCode::kBusy);
  const Result<CallReply> reply = AnswerLocked(context, in, request);
  options_.workspace_lock.Release();
  return reply;
}

Result<CallReply> AttestationService::AnswerLocked(CallContext& context, const CallRegisters& in,
                                                   const Request& request) {
  const Result<std::size_t> manifest = BuildManifest(request);
  if (!manifest.ok()) {
    if (manifest.status().code() == Code::kUnsupported) {
      return CallReply(in).With(ResultCode::kInvalidParameter);
    }
    return manifest.status();
  }
  const AttestServicesOp& op = request.op;
  AttestationSizes sizes = options_.attester.Sizes();
  if (op.certificates_size.get() == 0) sizes.certificates_bytes = 0;
  if (*manifest > op.manifest_size.get() || sizes.report_bytes > op.report_size.get() ||
      sizes.certificates_bytes > op.certificates_size.get()) {
    return WithSizes(CallReply(in), ResultCode::kInvalidParameter, *manifest, sizes);
  }
  const std::size_t needed = sizes.report_bytes + op.certificates_size.get();
  if (options_.workspace.size() - *manifest < needed) {
    return Status(Code::kOutOfMemory, Source::kProtocol,
                  static_cast<std::uint32_t>(*manifest + needed));
  }
  return Attest(context, CallReply(in), request, *manifest);
}

// Asks the AMD-SP and hands everything over. The work area holds the manifest and has room for
// report and certificates.
Result<CallReply> AttestationService::Attest(CallContext& context, CallReply reply,
                                             const Request& request, std::size_t manifest_bytes) {
  const AttestServicesOp& op = request.op;
  AttestationSizes sizes = options_.attester.Sizes();
  const ByteView manifest = options_.workspace.first(manifest_bytes);
  const ByteSpan report = options_.workspace.subspan(manifest_bytes, sizes.report_bytes);
  const ByteSpan certificates =
      options_.workspace.subspan(manifest_bytes + report.size(), op.certificates_size.get());
  SVSM_ASSIGN_OR_RETURN(
      const evidence::ReportData report_data,
      evidence::ServiceManifestReportData(options_.sha512, request.nonce, manifest));

  const Result<AttestationSizes> written =
      options_.attester.Attest(report_data, report, certificates);
  if (!written.ok()) {
    const Status status = written.status();
    if (status.code() == Code::kBusy) return reply.With(ResultCode::kBusy);
    if (status.code() == Code::kBufferTooSmall && status.detail() > certificates.size() &&
        !certificates.empty() && status.detail() <= kMaxCertificateBuffer) {
      sizes.certificates_bytes = status.detail();
      return WithSizes(reply, ResultCode::kInvalidParameter, manifest_bytes, sizes);
    }
    options_.log.Write(LogLevel::kWarning, "svsm: the AMD-SP did not give a report", status);
    return reply.With(ResultCode::kAttestationFailed);
  }
  if (written->report_bytes > report.size() || written->certificates_bytes > certificates.size()) {
    return Status(Code::kInternal, Source::kProtocol);
  }
  GuestMemory& memory = context.memory;
  if (!memory.Write(Gpa(op.report_gpa.get()), report.first(written->report_bytes)).ok() ||
      !memory.Write(Gpa(op.manifest_gpa.get()), manifest).ok() ||
      !memory.Write(Gpa(op.certificates_gpa.get()), certificates.first(written->certificates_bytes))
           .ok()) {
    return reply.With(ResultCode::kInvalidAddress);
  }
  return WithSizes(reply, ResultCode::kSuccess, manifest_bytes, *written);
}

// Puts the manifest at the start of the work area. kUnsupported: of this version there is none.
Result<std::size_t> AttestationService::BuildManifest(const Request& request) {
  if (request.provider != nullptr) {
    return request.provider->Manifest(request.manifest_version, options_.workspace);
  }
  std::array<ManifestEntry, kMaxProviders> entries;
  const std::size_t count = options_.providers.size();
  std::size_t at = ServicesManifestSize(std::span(entries).first(count));
  if (at > options_.workspace.size()) {
    return Status(Code::kOutOfMemory, Source::kProtocol, static_cast<std::uint32_t>(at));
  }
  // Each manifest straight to its place behind the table.
  for (std::size_t i = 0; i < count; ++i) {
    ManifestProvider& provider = *options_.providers[i];
    SVSM_ASSIGN_OR_RETURN(const std::size_t size,
                          provider.Manifest(0, options_.workspace.subspan(at)));
    entries[i] = {provider.service(), options_.workspace.subspan(at, size)};
    at += size;
  }
  return BuildServicesManifest(std::span(entries).first(count), options_.workspace);
}

ManifestProvider* AttestationService::FindProvider(const Guid& guid) const {
  for (ManifestProvider* provider : options_.providers) {
    if (provider->service() == guid) return provider;
  }
  return nullptr;
}

}  // namespace svsm::protocol
