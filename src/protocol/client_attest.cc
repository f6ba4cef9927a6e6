#include "svsm/core/writer.h"
#include "svsm/protocol/client.h"

namespace svsm::protocol {
namespace {

constexpr std::uint64_t kNotTouched = ~std::uint64_t{0};

void Release(GuestPages& pages, GuestBuffer& buffer) {
  if (!buffer.bytes.empty()) pages.Free(buffer);
  buffer = {};
}

void ReleaseAll(GuestPages& pages, AttestationBuffers& buffers) {
  Release(pages, buffers.report);
  Release(pages, buffers.manifest);
  Release(pages, buffers.certificates);
}

// Makes `buffer` hold `size_bytes`. `grown` is set if it had to be exchanged.
Status Provide(GuestPages& pages, GuestBuffer& buffer, std::uint64_t size_bytes,
               std::uint32_t max_bytes, bool& grown) {
  if (size_bytes <= buffer.bytes.size()) return OkStatus();
  if (size_bytes > max_bytes) {
    return Status(Code::kMalformed, Source::kProtocol, static_cast<std::uint32_t>(size_bytes));
  }
  Release(pages, buffer);
  SVSM_ASSIGN_OR_RETURN(buffer, pages.Allocate(static_cast<std::size_t>(size_bytes)));
  grown = true;
  return OkStatus();
}

// Makes all three hold these sizes.
Status ProvideAll(GuestPages& pages, AttestationBuffers& buffers, std::uint64_t report_bytes,
                  std::uint64_t manifest_bytes, std::uint64_t certificates_bytes, bool& grown) {
  SVSM_TRY(Provide(pages, buffers.report, report_bytes, kMaxAttestationBuffer, grown));
  SVSM_TRY(Provide(pages, buffers.manifest, manifest_bytes, kMaxAttestationBuffer, grown));
  return Provide(pages, buffers.certificates, certificates_bytes, kMaxCertificateBuffer, grown);
}

Status CheckSize(std::uint64_t size_bytes, const GuestBuffer& buffer) {
  if (size_bytes <= buffer.bytes.size()) return OkStatus();
  return Status(Code::kMalformed, Source::kProtocol, static_cast<std::uint32_t>(size_bytes));
}

AttestServicesOp MakeOp(const AttestationBuffers& buffers, const GuestBuffer& nonce) {
  AttestServicesOp op{};
  op.report_gpa = buffers.report.gpa.value();
  op.report_size = static_cast<std::uint32_t>(buffers.report.bytes.size());
  op.nonce_gpa = nonce.gpa.value();
  op.nonce_size = static_cast<std::uint16_t>(nonce.bytes.size());
  op.manifest_gpa = buffers.manifest.gpa.value();
  op.manifest_size = static_cast<std::uint32_t>(buffers.manifest.bytes.size());
  op.certificates_gpa = buffers.certificates.gpa.value();
  op.certificates_size = static_cast<std::uint32_t>(buffers.certificates.bytes.size());
  return op;
}

}  // namespace

Result<AttestationBuffers> Client::AttestServices(GuestBuffer nonce, GuestPages& pages) {
  return Attest(nullptr, 0, nonce, pages);
}

Result<AttestationBuffers> Client::AttestSingleService(const Guid& service,
                                                       std::uint32_t manifest_version,
                                                       GuestBuffer nonce, GuestPages& pages) {
  return Attest(&service, manifest_version, nonce, pages);
}

Result<AttestationBuffers> Client::Attest(const Guid* service, std::uint32_t manifest_version,
                                          GuestBuffer nonce, GuestPages& pages) {
  AttestationBuffers buffers;
  bool again = false;
  Status status = ProvideAll(pages, buffers, kPageSize, kPageSize, kMaxCertificateBuffer, again);
  for (std::uint32_t round = 0; status.ok(); ++round) {
    if (round == kMaxAttestRounds) {
      status = Status(Code::kExhausted, Source::kProtocol, round);
      break;
    }
    again = false;
    status = AttestRound(service, manifest_version, nonce, pages, buffers, again);
    if (status.ok() && !again) return buffers;
  }
  ReleaseAll(pages, buffers);
  return status;
}

// One call. `again` is set if buffers were exchanged for larger ones instead.
Status Client::AttestRound(const Guid* service, std::uint32_t manifest_version, GuestBuffer nonce,
                           GuestPages& pages, AttestationBuffers& buffers, bool& again) {
  wire::Writer writer(Buffer());
  writer.PutStruct(MakeOp(buffers, nonce));
  if (service != nullptr) {
    writer.Put(service->mixed_endian());
    writer.Le32(manifest_version);
    writer.Le32(0);
  }
  SVSM_TRY(writer.Finish().status());

  CallRegisters call =
      MakeCall(kAttestationProtocol, service == nullptr ? kAttestServices : kAttestSingleService);
  call.rcx = BufferGpa().value();
  call.rdx = kNotTouched;
  call.r8 = kNotTouched;
  SVSM_ASSIGN_OR_RETURN(const CallRegisters answer, Call(call));
  const auto code = static_cast<ResultCode>(static_cast<std::uint32_t>(answer.rax));
  if (code == ResultCode::kInvalidParameter && answer.rdx != kNotTouched &&
      answer.r8 != kNotTouched) {
    SVSM_TRY(ProvideAll(pages, buffers, answer.r8, answer.rcx, answer.rdx, again));
    return again ? OkStatus() : StatusOf(code);
  }
  SVSM_TRY(StatusOf(code));
  SVSM_TRY(CheckSize(answer.r8, buffers.report));
  SVSM_TRY(CheckSize(answer.rcx, buffers.manifest));
  SVSM_TRY(CheckSize(answer.rdx, buffers.certificates));
  buffers.report_bytes = static_cast<std::size_t>(answer.r8);
  buffers.manifest_bytes = static_cast<std::size_t>(answer.rcx);
  buffers.certificates_bytes = static_cast<std::size_t>(answer.rdx);
  return OkStatus();
}

}  // namespace svsm::protocol
