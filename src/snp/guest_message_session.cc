#include "svsm/snp/guest_message_session.h"

#include <utility>

namespace svsm::snp {
namespace {

Status Failure(Code code, std::uint64_t detail = 0) {
  return Status(code, Source::kSnp,
                detail > UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(detail));
}

bool IsKnown(ReportKey key) {
  return key == ReportKey::kVlekIfLoaded || key == ReportKey::kVcek || key == ReportKey::kVlek;
}

// An authentic response begins with a status; a refusal may end after these bytes.
constexpr std::size_t kResponseHeadSize = 32;

Status CheckResponseStatus(ByteView payload) {
  if (payload.size() < kResponseHeadSize) return Failure(Code::kInternal, payload.size());
  SVSM_ASSIGN_OR_RETURN(const wire::Le32 status, wire::Read<wire::Le32>(payload));
  if (status.get() != kMessageSuccess) return Failure(Code::kInvalidArgument, status.get());
  return OkStatus();
}

// An authentic answer that cannot be read is no host's doing.
template <typename T>
Result<T> OfTheRightForm(const Result<T>& read) {
  const Code code = read.status().code();
  if (code != Code::kMalformed && code != Code::kTruncated) return read;
  return Failure(Code::kInternal, read.status().detail());
}

}  // namespace

GuestMessageSession::GuestMessageSession(crypto::Aead& aead, VmpckHandover vmpck,
                                         GuestMessageTransport& transport, Clock& clock,
                                         const SessionOptions& options)
    : exchange_(aead, std::move(vmpck), options.last_sequence_number),
      transport_(transport),
      clock_(clock),
      options_(options) {}

AttestationSizes GuestMessageSession::Sizes() const {
  return {kReportSize, options_.certificates_bytes};
}

Result<AttestationSizes> GuestMessageSession::Attest(FixedView<kReportDataSize> report_data,
                                                     ByteSpan report, ByteSpan certificates) {
  return RequestReport(report_data, options_.vmpl, options_.report_key, report, certificates);
}

Result<AttestationSizes> GuestMessageSession::RequestReport(FixedView<kReportDataSize> report_data,
                                                            Vmpl vmpl, ReportKey key,
                                                            ByteSpan report,
                                                            ByteSpan certificates) {
  Fill(report, 0);
  Fill(certificates, 0);
  if (vmpl.value() >= kNumVmpls || !IsKnown(key)) return Failure(Code::kInvalidArgument);
  if (report.size() < kReportSize) return Failure(Code::kBufferTooSmall, kReportSize);
  ByteSpan pages;
  if (options_.certificates_bytes != 0 && !certificates.empty()) {
    const std::size_t num_pages = certificates.size() / kPageSize;
    if (num_pages == 0) return Failure(Code::kBufferTooSmall, options_.certificates_bytes);
    pages = certificates.first(
        kPageSize * (num_pages < kMaxCertificatePages ? num_pages : kMaxCertificatePages));
  }

  ReportRequest request{};
  Copy(request.report_data, report_data);
  request.vmpl = vmpl.value();
  request.key_select = static_cast<std::uint32_t>(key);
  SVSM_TRY(exchange_.Begin(MessageType::kReportRequest, 1, wire::ToBytes(request)));
  std::optional<std::uint64_t> pages_needed;
  Status status = Drive(pages, pages_needed);
  if (status.ok()) status = TakeReport(report);
  exchange_.Clear();
  if (status.ok() && pages_needed) status = JudgePagesNeeded(*pages_needed, pages.size());
  if (!status.ok()) {
    Fill(report, 0);
    Fill(certificates, 0);
    return status;
  }
  return AttestationSizes{kReportSize, IsZero(pages) ? 0 : pages.size()};
}

Status GuestMessageSession::JudgePagesNeeded(std::uint64_t needed, std::size_t offered_bytes) {
  if (needed > kMaxCertificatePages || needed <= offered_bytes / kPageSize) {
    return Failure(Code::kOutOfRange, needed);
  }
  options_.certificates_bytes = static_cast<std::size_t>(needed) * kPageSize;
  return Failure(Code::kBufferTooSmall, options_.certificates_bytes);
}

Status GuestMessageSession::DeriveKey(const DerivedKeySelection& selection,
                                      Secret<kDerivedKeySize>& key) {
  key.wipe();
  SVSM_ASSIGN_OR_RETURN(const EncodedKeyRequest request, EncodeKeyRequest(selection));
  SVSM_TRY(exchange_.Begin(MessageType::kKeyRequest, request.message_version, request.view()));
  std::optional<std::uint64_t> pages_needed;
  SVSM_TRY(Drive({}, pages_needed));
  const Status taken = TakeKey(key);
  exchange_.Clear();
  return taken;
}

Result<TscInfo> GuestMessageSession::RequestTscInfo() {
  const Bytes<kTscInfoSize> request{};
  SVSM_TRY(exchange_.Begin(MessageType::kTscInfoRequest, 1, request));
  std::optional<std::uint64_t> pages_needed;
  SVSM_TRY(Drive({}, pages_needed));
  const Result<TscInfo> info = DecodeTscInfo(exchange_.payload());
  exchange_.Clear();
  return OfTheRightForm(info);
}

Result<CpuidVerdict> GuestMessageSession::CheckCpuid(std::span<CpuidFunction> functions) {
  if (exchange_.closed()) return Failure(Code::kFailedPrecondition);
  if (functions.empty() || functions.size() > kMaxCpuidFunctions) {
    return Failure(Code::kInvalidArgument);
  }
  // Until the request goes out, the response's page is free.
  SVSM_ASSIGN_OR_RETURN(const std::size_t size,
                        EncodeCpuidRequest(functions, exchange_.response()));
  const ByteView request = exchange_.response().first(size);
  SVSM_TRY(exchange_.Begin(MessageType::kCpuidRequest, 1, request));
  std::optional<std::uint64_t> pages_needed;
  SVSM_TRY(Drive({}, pages_needed));
  const Result<CpuidVerdict> verdict = TakeCpuid(functions);
  exchange_.Clear();
  return verdict;
}

Status GuestMessageSession::FinishPending() {
  if (exchange_.closed()) return Failure(Code::kFailedPrecondition);
  if (!exchange_.pending()) return OkStatus();
  std::optional<std::uint64_t> pages_needed;
  SVSM_TRY(Drive({}, pages_needed));
  exchange_.Clear();
  return OkStatus();
}

Status GuestMessageSession::Drive(ByteSpan certificates,
                                  std::optional<std::uint64_t>& pages_needed) {
  const std::uint64_t started_ms = clock_.MonotonicMs();
  std::uint64_t waited_ms = 0;
  for (;;) {
    Fill(exchange_.response(), 0);
    const Result<GuestRequestOutcome> outcome =
        transport_.Exchange(exchange_.request(), exchange_.response(), certificates);
    if (!outcome.ok()) {
      exchange_.Abort();
      return outcome.status();
    }
    const Result<ExchangeStep> step = exchange_.Step(
        *outcome, certificates.empty() ? WithCertificates::kNo : WithCertificates::kYes);
    if (!step.ok()) return step.status();
    if (*step == ExchangeStep::kDone) return OkStatus();
    if (*step == ExchangeStep::kResendPlain) {
      pages_needed = outcome->certificate_pages_needed;
      Fill(certificates, 0);
      certificates = {};
      continue;
    }
    SVSM_TRY(Wait(started_ms, waited_ms));
  }
}

Status GuestMessageSession::Wait(std::uint64_t started_ms, std::uint64_t& waited_ms) {
  // A clock that stands still does not make the wait endless.
  const std::uint64_t elapsed_ms = clock_.MonotonicMs() - started_ms;
  const std::uint64_t spent_ms = elapsed_ms > waited_ms ? elapsed_ms : waited_ms;
  if (spent_ms >= options_.busy_budget_ms) return Failure(Code::kBusy);
  const std::uint64_t left_ms = options_.busy_budget_ms - spent_ms;
  const std::uint64_t interval_ms = options_.busy_interval_ms == 0 ? 1 : options_.busy_interval_ms;
  const std::uint64_t pause_ms = interval_ms < left_ms ? interval_ms : left_ms;
  clock_.SleepMs(pause_ms);
  waited_ms = spent_ms + pause_ms;
  return OkStatus();
}

Status GuestMessageSession::TakeReport(ByteSpan report) const {
  const ByteView payload = exchange_.payload();
  SVSM_TRY(CheckResponseStatus(payload));
  SVSM_ASSIGN_OR_RETURN(const ReportResponse head, wire::Read<ReportResponse>(payload));
  if (head.report_size.get() != kReportSize) {
    return Failure(Code::kInternal, offsetof(ReportResponse, report_size));
  }
  if (!IsZero(head.reserved_08)) {
    return Failure(Code::kInternal, offsetof(ReportResponse, reserved_08));
  }
  if (payload.size() < sizeof(ReportResponse) + kReportSize) {
    return Failure(Code::kInternal, payload.size());
  }
  // Firmware may round the payload up.
  if (!IsZero(payload.subspan(sizeof(ReportResponse) + kReportSize))) {
    return Failure(Code::kInternal, sizeof(ReportResponse) + kReportSize);
  }
  Copy(report, payload.subspan(sizeof(ReportResponse), kReportSize));
  return OkStatus();
}

Status GuestMessageSession::TakeKey(Secret<kDerivedKeySize>& key) const {
  const ByteView payload = exchange_.payload();
  SVSM_TRY(CheckResponseStatus(payload));
  if (payload.size() != sizeof(KeyResponse)) return Failure(Code::kInternal, payload.size());
  const std::size_t reserved_at = offsetof(KeyResponse, reserved_04);
  const std::size_t key_at = offsetof(KeyResponse, derived_key);
  if (!IsZero(payload.subspan(reserved_at, key_at - reserved_at))) {
    return Failure(Code::kInternal, reserved_at);
  }
  Copy(key.writable(), payload.subspan(key_at, kDerivedKeySize));
  return OkStatus();
}

Result<CpuidVerdict> GuestMessageSession::TakeCpuid(std::span<CpuidFunction> functions) const {
  const Result<CpuidResponse> response = OfTheRightForm(ReadCpuidResponse(exchange_.payload()));
  SVSM_TRY(response.status());
  if (response->status != kMessageSuccess && response->status != kMessageInvalidParam) {
    return Failure(Code::kInvalidArgument, response->status);
  }
  if (response->num_functions != functions.size()) {
    return Failure(Code::kInternal, offsetof(CpuidTableHead, word_4));
  }
  // All of them are looked at before one is changed.
  for (std::size_t i = 0; i < functions.size(); ++i) {
    SVSM_ASSIGN_OR_RETURN(const CpuidFunction answer, CpuidFunctionAt(exchange_.payload(), i));
    const CpuidFunction& asked = functions[i];
    const bool same = answer.leaf == asked.leaf && answer.subleaf == asked.subleaf &&
                      answer.xcr0 == asked.xcr0 && answer.xss == asked.xss;
    const bool echoed = answer == asked;
    if (!same || (!echoed && response->status == kMessageSuccess)) {
      return Failure(Code::kInternal, CpuidTableSize(i));
    }
  }
  for (std::size_t i = 0; i < functions.size(); ++i) {
    SVSM_ASSIGN_OR_RETURN(functions[i], CpuidFunctionAt(exchange_.payload(), i));
  }
  return response->status == kMessageSuccess ? CpuidVerdict::kAccepted : CpuidVerdict::kCorrected;
}

}  // namespace svsm::snp
