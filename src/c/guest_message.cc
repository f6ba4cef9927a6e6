#include "svsm/c/guest_message.h"

#include <new>
#include <utility>

#include "c/bridge.h"
#include "svsm/core/wire.h"
#include "svsm/crypto/bearssl.h"
#include "svsm/snp/guest_message_exchange.h"

namespace svsm::c {
namespace {

static_assert(SVSM_VMPCK_SIZE == snp::kVmpckSize);
static_assert(SVSM_MESSAGE_PAGE_SIZE == snp::kGuestMessageSize);
static_assert(SVSM_REPORT_REQUEST_SIZE == sizeof(snp::ReportRequest));
static_assert(SVSM_STEP_DONE == static_cast<int>(snp::ExchangeStep::kDone));
static_assert(SVSM_STEP_BUSY == static_cast<int>(snp::ExchangeStep::kBusy));
static_assert(SVSM_STEP_RESEND_PLAIN == static_cast<int>(snp::ExchangeStep::kResendPlain));

// What the storage holds.
struct Session {
  Session(snp::VmpckHandover vmpck, std::uint64_t last) : exchange(aead, std::move(vmpck), last) {}
  crypto::BearsslAesGcm aead;
  snp::GuestMessageExchange exchange;
};
static_assert(sizeof(Session) <= SVSM_VMPCK_SESSION_SIZE && alignof(Session) <= 8);

Session& In(svsm_vmpck_session* session) {
  return *std::launder(static_cast<Session*>(static_cast<void*>(session->storage)));
}
const Session& In(const svsm_vmpck_session* session) {
  return *std::launder(static_cast<const Session*>(static_cast<const void*>(session->storage)));
}

Status TakeReport(ByteView payload, FixedSpan<snp::kReportSize> report) {
  const Result<snp::ReportResponse> head = wire::Read<snp::ReportResponse>(payload);
  if (!head.ok()) return Status(Code::kMalformed, Source::kSnp);
  if (head->status.get() != snp::kMessageSuccess) {
    return Status(Code::kInvalidArgument, Source::kSnp, head->status.get());
  }
  const ByteView rest = payload.subspan(sizeof(snp::ReportResponse));
  if (head->report_size.get() != snp::kReportSize || rest.size() < snp::kReportSize) {
    return Status(Code::kMalformed, Source::kSnp, offsetof(snp::ReportResponse, report_size));
  }
  Copy(report, rest.first<snp::kReportSize>());
  return OkStatus();
}

}  // namespace
}  // namespace svsm::c

void svsm_vmpck_open(svsm_vmpck_session* session, std::uint8_t vmpck, std::uint8_t key[32],
                     std::uint64_t messages_used, std::uint64_t last_sequence_number) {
  const svsm::FixedSpan<32> bytes = svsm::c::Span<32>(key);
  new (static_cast<void*>(session->storage)) svsm::c::Session(
      {svsm::snp::VmpckId(vmpck), svsm::Secret<32>(bytes), messages_used}, last_sequence_number);
  svsm::Wipe(bytes);
}

svsm_status svsm_vmpck_begin(svsm_vmpck_session* session, std::uint8_t type, std::uint8_t version,
                             const std::uint8_t* payload, std::size_t size) {
  return svsm::c::ToC(svsm::c::In(session).exchange.Begin(static_cast<svsm::snp::MessageType>(type),
                                                          version, {payload, size}));
}

const std::uint8_t* svsm_vmpck_request(const svsm_vmpck_session* session) {
  return svsm::c::In(session).exchange.request().data();
}

std::uint8_t* svsm_vmpck_response(svsm_vmpck_session* session) {
  return svsm::c::In(session).exchange.response().data();
}

svsm_status svsm_vmpck_step(svsm_vmpck_session* session, const svsm_request_outcome* outcome,
                            int with_certificates, std::uint32_t* step) {
  const svsm::snp::GuestRequestOutcome said = {outcome->firmware_error, outcome->vmm_error,
                                               outcome->certificate_pages_needed};
  const auto stepped = svsm::c::In(session).exchange.Step(
      said, with_certificates != 0 ? svsm::snp::WithCertificates::kYes
                                   : svsm::snp::WithCertificates::kNo);
  *step = stepped.ok() ? static_cast<std::uint32_t>(*stepped) : std::uint32_t{SVSM_STEP_BUSY};
  return svsm::c::ToC(stepped.status());
}

const std::uint8_t* svsm_vmpck_payload(const svsm_vmpck_session* session, std::size_t* size) {
  const svsm::ByteView payload = svsm::c::In(session).exchange.payload();
  *size = payload.size();
  return payload.data();
}

std::uint64_t svsm_vmpck_messages_used(const svsm_vmpck_session* session) {
  return svsm::c::In(session).exchange.messages_used();
}

svsm_status svsm_vmpck_release(svsm_vmpck_session* session, std::uint8_t key[32],
                               std::uint64_t* messages_used) {
  const svsm::FixedSpan<32> bytes = svsm::c::Span<32>(key);
  svsm::Fill(bytes, 0);
  *messages_used = 0;
  const auto released = svsm::c::In(session).exchange.Release();
  if (!released.ok()) return svsm::c::ToC(released.status());
  svsm::Copy(bytes, released->key.view());
  *messages_used = released->messages_used;
  return svsm::c::ToC(svsm::OkStatus());
}

void svsm_vmpck_close(svsm_vmpck_session* session) { svsm::c::In(session).exchange.Close(); }

void svsm_report_request(const std::uint8_t report_data[64], std::uint32_t vmpl,
                         std::uint8_t out[96]) {
  svsm::snp::ReportRequest request{};
  svsm::Copy(request.report_data, svsm::c::View<64>(report_data));
  request.vmpl = vmpl;
  svsm::Copy(svsm::c::Span<96>(out), svsm::wire::ToBytes(request));
}

svsm_status svsm_report_response(const std::uint8_t* payload, std::size_t size,
                                 std::uint8_t report[SVSM_REPORT_SIZE]) {
  const auto bytes = svsm::c::Span<SVSM_REPORT_SIZE>(report);
  svsm::Fill(bytes, 0);
  return svsm::c::ToC(svsm::c::TakeReport({payload, size}, bytes));
}
