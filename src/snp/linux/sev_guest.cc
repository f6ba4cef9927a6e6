#include "svsm/snp_linux/sev_guest.h"

#include <fcntl.h>
#include <linux/sev-guest.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "svsm/core/errno_status.h"
#include "svsm/snp/guest_message.h"
#include "svsm/snp/guest_message_transport.h"
#include "svsm/snp/report_layout.h"

namespace svsm::snp {
namespace {

Status Failure(Code code, std::size_t detail = 0) {
  return Status(code, Source::kSnp, static_cast<std::uint32_t>(detail));
}

std::uint64_t AddressOf(void* pointer) { return std::bit_cast<std::uintptr_t>(pointer); }

// The firmware's error before the kernel has set one.
constexpr std::uint32_t kNoFirmwareCall = 0xFFFFFFFF;

// Makes the call. `vmm_error` is the host's error, if there is one.
Status Call(SevGuestDevice& device, unsigned long request, void* req, void* resp,
            VmmError& vmm_error) {
  snp_guest_request_ioctl argument{};
  argument.msg_version = 1;
  argument.req_data = AddressOf(req);
  argument.resp_data = AddressOf(resp);
  const int error = device.Ioctl(request, &argument);
  vmm_error = static_cast<VmmError>(argument.exitinfo2 >> 32);
  const auto firmware_error = static_cast<std::uint32_t>(argument.exitinfo2);
  if (error == 0) return OkStatus();
  if (vmm_error == VmmError::kBusy) return Failure(Code::kBusy);
  if (firmware_error != 0 && firmware_error != kNoFirmwareCall && vmm_error == VmmError::kNone) {
    return Failure(Code::kPermissionDenied, firmware_error);
  }
  if (error == ENOTTY) return Status(Code::kFailedPrecondition, Source::kSystem, ENOTTY);
  if (error == ENOENT) return Status(Code::kUnavailable, Source::kSystem, ENOENT);
  return FromErrno(error, Source::kSystem);
}

// Takes the report out of the payload of MSG_REPORT_RSP.
Status TakeReport(ByteView response, ByteSpan report) {
  SVSM_ASSIGN_OR_RETURN(const ReportResponse head, wire::Read<ReportResponse>(response));
  if (head.status.get() != kMessageSuccess) {
    return Failure(Code::kInvalidArgument, head.status.get());
  }
  const ByteView body = response.subspan(sizeof(ReportResponse), kReportSize);
  if (IsZero(body)) return Failure(Code::kPermissionDenied, kDetailZeroReport);
  if (head.report_size.get() != kReportSize) {
    return Failure(Code::kInternal, head.report_size.get());
  }
  Copy(report, body);
  return OkStatus();
}

}  // namespace

LinuxSevGuestDevice::~LinuxSevGuestDevice() {
  if (fd_ >= 0) ::close(fd_);
}

int LinuxSevGuestDevice::Ioctl(unsigned long request, void* argument) {
  if (fd_ < 0) fd_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  if (fd_ < 0) return errno;
  return ::ioctl(fd_, request, argument) < 0 ? errno : 0;
}

AttestationSizes SevGuestAttester::Sizes() const { return {kReportSize, certificates_bytes_}; }

Result<AttestationSizes> SevGuestAttester::Attest(FixedView<kReportDataSize> report_data,
                                                  ByteSpan report, ByteSpan certificates) {
  Fill(report, 0);
  Fill(certificates, 0);
  if (vmpl_.value() >= kNumVmpls) return Failure(Code::kInvalidArgument);
  if (report.size() < kReportSize) return Failure(Code::kBufferTooSmall, kReportSize);
  // The kernel wants whole pages.
  const ByteSpan pages = certificates.first(certificates.size() / kPageSize * kPageSize);
  if (pages.empty() && !certificates.empty()) {
    return Failure(Code::kBufferTooSmall, certificates_bytes_);
  }
  snp_ext_report_req request{};
  Copy(request.data.user_data, report_data);
  request.data.vmpl = vmpl_.value();
  const auto response = std::make_unique<snp_report_resp>();
  VmmError vmm_error = VmmError::kNone;
  Status status;
  if (pages.empty()) {
    status = Call(device_, SNP_GET_REPORT, &request.data, response.get(), vmm_error);
  } else {
    request.certs_address = AddressOf(pages.data());
    request.certs_len = static_cast<std::uint32_t>(pages.size());
    status = Call(device_, SNP_GET_EXT_REPORT, &request, response.get(), vmm_error);
    if (!status.ok() && vmm_error == VmmError::kInvalidLength && request.certs_len > pages.size()) {
      certificates_bytes_ = request.certs_len;
      status = Failure(Code::kBufferTooSmall, request.certs_len);
    }
  }
  if (status.ok()) status = TakeReport(response->data, report);
  if (!status.ok()) {
    Fill(certificates, 0);
    return status;
  }
  return AttestationSizes{kReportSize, IsZero(pages) ? 0 : pages.size()};
}

Status SevGuestAttester::DeriveKey(const DerivedKeySelection& selection,
                                   Secret<kDerivedKeySize>& key) {
  key.wipe();
  SVSM_TRY(EncodeKeyRequest(selection).status());
  if ((selection.fields & derived_key_field::kLaunchMitVector) != 0) {
    return Failure(Code::kUnsupported);
  }
  snp_derived_key_req request{};
  request.root_key_select = static_cast<std::uint32_t>(selection.root);
  request.guest_field_select = selection.fields;
  request.vmpl = selection.vmpl.value();
  request.guest_svn = selection.guest_svn;
  request.tcb_version = std::bit_cast<wire::Le64>(selection.tcb).get();
  snp_derived_key_resp response{};
  VmmError vmm_error = VmmError::kNone;
  Status status = Call(device_, SNP_GET_DERIVED_KEY, &request, &response, vmm_error);
  const ByteView data(response.data);
  if (status.ok() && !IsZero(data.first(4))) {
    const auto refusal = wire::Read<wire::Le32>(data);
    status = Failure(Code::kInvalidArgument, refusal->get());
  }
  if (status.ok()) Copy(key.writable(), data.subspan(offsetof(KeyResponse, derived_key), 32));
  Wipe(response.data);
  return status;
}

}  // namespace svsm::snp
