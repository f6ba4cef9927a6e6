// svsm/snp/guest_message_exchange.h: one VMPCK and its sequence number, step by step and without
// I/O.
//
// The core below GuestMessageSession, for those who poll or wait in their own way:
//
//   SVSM_TRY(exchange.Begin(MessageType::kReportRequest, 1, payload));
//   for (;;) {
//     const GuestRequestOutcome outcome = Send(exchange.request(), exchange.response());
//     SVSM_ASSIGN_OR_RETURN(const ExchangeStep step, exchange.Step(outcome, certificates));
//     if (step == ExchangeStep::kDone) break;
//     if (step == ExchangeStep::kResendPlain) certificates = WithCertificates::kNo;
//     if (step == ExchangeStep::kBusy) return later;     // Begin() with the same payload goes on
//   }
//   Use(exchange.payload());
//
// A sequence number is used for one plaintext only: a request that may have left the guest is kept
// and sent again bit by bit until it is answered. When it cannot be known what became of it, the
// key is wiped and the exchange is closed for good.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread at a time.
// Spec: AMD 56860, "Guest Messages"; AMD 56421, "SNP Guest Request".
#ifndef SVSM_SNP_GUEST_MESSAGE_EXCHANGE_H_
#define SVSM_SNP_GUEST_MESSAGE_EXCHANGE_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/crypto/aead.h"
#include "svsm/snp/guest_message.h"
#include "svsm/snp/guest_message_transport.h"

namespace svsm::snp {

// A VMPCK with its counter, as a secrets page hands it over and gets it back.
struct VmpckHandover {
  VmpckId id;
  Secret<kVmpckSize> key;
  // Messages that have been used up: the next request carries this number plus one.
  std::uint64_t messages_used = 0;
};

enum class WithCertificates : std::uint8_t { kNo, kYes };

enum class ExchangeStep : std::uint8_t {
  kDone,        // payload() is the authentic response
  kBusy,        // send request() again later
  kResendPlain  // send request() again now, without certificate pages
};

// Holds a request, a response and a payload: put it into static or heap memory.
class GuestMessageExchange final {
 public:
  // `aead` is this object's alone until it is destroyed or closed. `last_sequence_number` is the
  // highest number that may be used: FFFFFFFFh for a key whose counter goes back into the 32-bit
  // field of a secrets page.
  GuestMessageExchange(crypto::Aead& aead, VmpckHandover vmpck, std::uint64_t last_sequence_number);
  ~GuestMessageExchange() { Close(); }
  GuestMessageExchange(const GuestMessageExchange&) = delete;
  GuestMessageExchange& operator=(const GuestMessageExchange&) = delete;

  // Seals a request, or goes on with the pending one if it has the same type, version and payload.
  // Errors: kInvalidArgument (VMPCK above 3, a type that is no request, or the size of `payload`),
  // kBusy (another request is pending), kExhausted (no sequence numbers are left; the exchange
  // stays open for nothing but Release()), kFailedPrecondition (closed), and the Aead's at setting
  // the key. None of them uses a number. A failure of the Aead to seal closes the exchange.
  Status Begin(MessageType type, std::uint8_t version, ByteView payload);

  // The page to send; meaningful while pending().
  FixedView<kGuestMessageSize> request() const { return request_; }
  // Where the copy of the shared response page goes before Step().
  FixedSpan<kGuestMessageSize> response() { return response_; }

  // Judges the host's outcome and, if it claims success, response(). `certificates` says whether
  // certificate pages were offered. Errors, each of which wipes the key and closes the exchange
  // (kFailedPrecondition aside):
  //   kPermissionDenied  the firmware refused the message (detail = its error)
  //   kIoError           the host gave an unknown error, or one that makes no sense here (detail =
  //                      upper half of SW_EXITINFO2)
  //   kMalformed         the response's header is wrong (detail = offset of the field)
  //   kAuthFailed        the response's tag is wrong
  //   kFailedPrecondition  nothing is pending, or closed already
  Result<ExchangeStep> Step(const GuestRequestOutcome& outcome, WithCertificates certificates);

  // Closes because the transport failed: what became of the request is unknown.
  void Abort() { Close(); }

  // The plaintext of the response after kDone, until Clear() or the next Begin(). Empty otherwise.
  ByteView payload() const { return ByteView(plaintext_).first(plaintext_bytes_); }
  // Wipes it.
  void Clear();

  bool pending() const { return state_ == State::kPending; }
  bool closed() const { return state_ == State::kClosed; }
  VmpckId vmpck() const { return vmpck_.id; }
  std::uint64_t messages_used() const { return vmpck_.messages_used; }

  // Gives key and counter back, for a successor in the same guest, and closes the exchange. Errors:
  // kBusy (a request is pending: finish it first), kFailedPrecondition (closed).
  Result<VmpckHandover> Release();

  // Wipes the key and all plaintext.
  void Close();

 private:
  enum class State : std::uint8_t { kIdle, kPending, kClosed };
  Result<ExchangeStep> CloseWith(Status status);
  Status SealRequest(MessageType type, std::uint8_t version, ByteView payload);
  Status OpenResponse();

  crypto::Aead& aead_;
  VmpckHandover vmpck_;
  std::uint64_t last_sequence_number_;
  State state_ = State::kIdle;
  bool keyed_ = false;
  GuestMessageInfo pending_;  // its sequence number is the request's
  std::size_t plaintext_bytes_ = 0;
  Bytes<kGuestMessageSize> request_{};
  Bytes<kGuestMessageSize> response_{};
  Bytes<kMaxGuestPayloadSize> plaintext_{};  // of the pending request, then of its response
};
static_assert(sizeof(GuestMessageExchange) <= 3 * kGuestMessageSize + 256);

}  // namespace svsm::snp

#endif  // SVSM_SNP_GUEST_MESSAGE_EXCHANGE_H_
