#include "svsm/snp/guest_message_exchange.h"

#include <utility>

namespace svsm::snp {
namespace {

Status Failure(Code code, std::size_t detail = 0) {
  return Status(code, Source::kSnp, static_cast<std::uint32_t>(detail));
}

// Requests have odd numbers, and each is answered by the type after it.
bool IsRequest(MessageType type) {
  return static_cast<std::uint8_t>(type) % 2 == 1 && type <= MessageType::kTscInfoRequest;
}

std::uint8_t ResponseTo(MessageType request) {
  return static_cast<std::uint8_t>(static_cast<std::uint8_t>(request) + 1);
}

// The response's header against the request.
Status CheckResponse(const GuestMessageInfo& response, const GuestMessageInfo& request) {
  if (response.sequence_number != request.sequence_number + 1) {
    return Failure(Code::kMalformed, offsetof(GuestMessageHeader, sequence_number));
  }
  if (static_cast<std::uint8_t>(response.type) != ResponseTo(request.type)) {
    return Failure(Code::kMalformed, offsetof(GuestMessageHeader, message_type));
  }
  if (response.version != request.version) {
    return Failure(Code::kMalformed, offsetof(GuestMessageHeader, message_version));
  }
  if (response.vmpck != request.vmpck) {
    return Failure(Code::kMalformed, offsetof(GuestMessageHeader, vmpck));
  }
  return OkStatus();
}

}  // namespace

GuestMessageExchange::GuestMessageExchange(crypto::Aead& aead, VmpckHandover vmpck,
                                           std::uint64_t last_sequence_number)
    : aead_(aead), vmpck_(std::move(vmpck)), last_sequence_number_(last_sequence_number) {}

Status GuestMessageExchange::Begin(MessageType type, std::uint8_t version, ByteView payload) {
  if (state_ == State::kClosed) return Failure(Code::kFailedPrecondition);
  if (vmpck_.id.value() >= kNumVmpcks || !IsRequest(type) || payload.empty() ||
      payload.size() > kMaxGuestPayloadSize) {
    return Failure(Code::kInvalidArgument);
  }
  if (state_ == State::kPending) {
    const bool same = type == pending_.type && version == pending_.version &&
                      Equal(payload, ByteView(plaintext_).first(pending_.payload_bytes));
    return same ? OkStatus() : Failure(Code::kBusy);
  }
  // Request and response take one number each.
  if (last_sequence_number_ < 2 || vmpck_.messages_used > last_sequence_number_ - 2) {
    return Failure(Code::kExhausted);
  }
  if (!keyed_) {
    SVSM_TRY(aead_.SetKey(vmpck_.key.view()));
    keyed_ = true;
  }
  return SealRequest(type, version, payload);
}

Status GuestMessageExchange::SealRequest(MessageType type, std::uint8_t version, ByteView payload) {
  Clear();
  pending_.type = type;
  pending_.version = version;
  pending_.vmpck = vmpck_.id;
  pending_.sequence_number = vmpck_.messages_used + 1;
  pending_.payload_bytes = payload.size();
  const Status sealed = SealGuestMessage(aead_, pending_, payload, request_);
  if (!sealed.ok()) {
    Close();
    return sealed;
  }
  Copy(plaintext_, payload);
  state_ = State::kPending;
  return OkStatus();
}

Result<ExchangeStep> GuestMessageExchange::Step(const GuestRequestOutcome& outcome,
                                                WithCertificates certificates) {
  if (state_ != State::kPending) return Failure(Code::kFailedPrecondition);
  const auto vmm_error = static_cast<VmmError>(outcome.vmm_error);
  if (outcome.firmware_error == 0) {
    if (vmm_error == VmmError::kBusy) return ExchangeStep::kBusy;
    if (vmm_error == VmmError::kInvalidLength && certificates == WithCertificates::kYes) {
      return ExchangeStep::kResendPlain;
    }
  }
  if (vmm_error != VmmError::kNone) return CloseWith(Failure(Code::kIoError, outcome.vmm_error));
  if (outcome.firmware_error != 0) {
    return CloseWith(Failure(Code::kPermissionDenied, outcome.firmware_error));
  }
  if (const Status opened = OpenResponse(); !opened.ok()) return CloseWith(opened);
  return ExchangeStep::kDone;
}

Status GuestMessageExchange::OpenResponse() {
  SVSM_ASSIGN_OR_RETURN(const GuestMessageInfo response, DecodeGuestMessageHeader(response_));
  SVSM_TRY(CheckResponse(response, pending_));
  SVSM_TRY(OpenGuestMessage(aead_, response_, plaintext_).status());
  plaintext_bytes_ = response.payload_bytes;
  vmpck_.messages_used += 2;
  state_ = State::kIdle;
  return OkStatus();
}

Result<ExchangeStep> GuestMessageExchange::CloseWith(Status status) {
  Close();
  return status;
}

void GuestMessageExchange::Clear() {
  // A pending request's plaintext is needed to recognise its repetition.
  if (state_ == State::kPending) return;
  Wipe(plaintext_);
  plaintext_bytes_ = 0;
}

Result<VmpckHandover> GuestMessageExchange::Release() {
  if (state_ == State::kClosed) return Failure(Code::kFailedPrecondition);
  if (state_ == State::kPending) return Failure(Code::kBusy);
  VmpckHandover handover;
  handover.id = vmpck_.id;
  handover.key = std::move(vmpck_.key);
  handover.messages_used = vmpck_.messages_used;
  Close();
  return handover;
}

void GuestMessageExchange::Close() {
  vmpck_.key.wipe();
  aead_.Wipe();
  Wipe(plaintext_);
  plaintext_bytes_ = 0;
  state_ = State::kClosed;
}

}  // namespace svsm::snp
