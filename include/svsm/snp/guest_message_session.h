// svsm/snp/guest_message_session.h: attestation reports and derived keys from the AMD-SP.
//
//   snp::GuestMessageSession session(aes_gcm, {VmpckId(0), std::move(vmpck0), used}, transport,
//                                    clock, {});
//   Bytes<snp::kReportSize> report;
//   SVSM_TRY(session.Attest(report_data, report, {}).status());
//
// A driver loop around GuestMessageExchange that waits on a busy host within a budget. The host can
// delay and refuse, and can have the key wiped by damaging messages; it cannot forge, and cannot
// make the session use a sequence number for two plaintexts.
//
// Profile: freestanding. Allocates: never. Threads: one object, one thread at a time.
// Spec: AMD 56860, "Guest Messages"; AMD 56421, "SNP Guest Request".
#ifndef SVSM_SNP_GUEST_MESSAGE_SESSION_H_
#define SVSM_SNP_GUEST_MESSAGE_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "svsm/core/attester.h"
#include "svsm/core/bytes.h"
#include "svsm/core/clock.h"
#include "svsm/core/result.h"
#include "svsm/core/secret.h"
#include "svsm/core/strong.h"
#include "svsm/crypto/aead.h"
#include "svsm/snp/cpuid_table.h"
#include "svsm/snp/derived_key.h"
#include "svsm/snp/guest_message.h"
#include "svsm/snp/guest_message_exchange.h"
#include "svsm/snp/guest_message_transport.h"
#include "svsm/snp/report_layout.h"
#include "svsm/snp/tsc_info.h"

namespace svsm::snp {

// The most certificate pages that a host is believed to need.
inline constexpr std::size_t kMaxCertificatePages = 256;

struct SessionOptions {
  // Of the reports that Attest() asks for: the VMPL that the VMPCK stands for, or a less privileged
  // one.
  Vmpl vmpl;
  ReportKey report_key = ReportKey::kVlekIfLoaded;
  // How long a call waits on a busy host before it gives kBusy, and how long between two tries. 0:
  // one try.
  std::uint64_t busy_budget_ms = 0;
  std::uint64_t busy_interval_ms = 100;
  // What Sizes() says of the certificates until the host says otherwise. 0: never ask for them.
  std::size_t certificates_bytes = 0x4000;
  // See GuestMessageExchange.
  std::uint64_t last_sequence_number = UINT64_MAX;
};

// What the AMD-SP makes of a CPUID table.
enum class CpuidVerdict : std::uint8_t { kAccepted, kCorrected };

// Holds a GuestMessageExchange: put it into static or heap memory.
class GuestMessageSession final : public Attester {
 public:
  // Borrows `aead` (exclusively), `transport` and `clock` for the object's life.
  GuestMessageSession(crypto::Aead& aead, VmpckHandover vmpck, GuestMessageTransport& transport,
                      Clock& clock, const SessionOptions& options);

  // Attester.
  //
  // The errors of a busy or damaged exchange are the same in all calls:
  //   kBusy                the host is busy, or another request is pending; the same call may be
  //                        repeated, and finishes the pending request
  //   kExhausted           no sequence numbers are left
  //   kPermissionDenied, kIoError, kMalformed, kAuthFailed   as in GuestMessageExchange::Step(), or
  //                        the transport's own Status: the key is wiped
  //   kFailedPrecondition  the session is closed
  // After these the session is whole:
  //   kInvalidArgument     an authentic refusal by the firmware (detail = its status: 16h a
  //                        parameter, as a VMPL above the VMPCK's; 27h no such signing key)
  //   kInternal            an authentic response of the wrong form (detail = offset in its payload)
  //   kOutOfRange          the host claims to need a number of certificate pages that makes no
  //                        sense (detail = that number, or FFFFFFFFh)
  AttestationSizes Sizes() const override;
  // As RequestReport() with the VMPL and key of the options.
  Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan report,
                                  ByteSpan certificates) override;

  // Puts a report into the first kReportSize bytes of `report`, and, if `certificates` has a page
  // or more, the host's certificate pages into it. Gives the bytes filled: kReportSize, and whole
  // pages of certificates (0 if the host gave none or the options want none). Errors:
  // kBufferTooSmall (detail = bytes that the shorter buffer needs: known beforehand for the report,
  // from the host for the certificates, which costs a request), and those above; the buffers are
  // zero then.
  Result<AttestationSizes> RequestReport(FixedView<kReportDataSize> report_data, Vmpl vmpl,
                                         ReportKey key, ByteSpan report, ByteSpan certificates);

  // Gives a key of the AMD-SP. Errors: kInvalidArgument (the selection, detail 0; or the firmware's
  // refusal, detail = its status), and those above; `key` is zero then.
  Status DeriveKey(const DerivedKeySelection& selection, Secret<kDerivedKeySize>& key);

  // Asks how the guest's time stamp counter runs. Errors: kInvalidArgument (the firmware's refusal,
  // detail = its status: the guest has no Secure TSC), and those above.
  Result<TscInfo> RequestTscInfo();

  // Has the AMD-SP compare `functions`, 1 to kMaxCpuidFunctions, with the processor, and gives them
  // back as they should be: unchanged if all is well, else kCorrected. Errors: kInvalidArgument (no
  // function or too many, detail 0; or another status of the firmware, as detail), kInternal (also
  // if the answer is about other functions), and those above; `functions` are as they were then.
  Result<CpuidVerdict> CheckCpuid(std::span<CpuidFunction> functions);

  // Sends the pending request of an abandoned call, if there is one, until it is answered, and
  // drops the answer. Errors: those above.
  Status FinishPending();

  // Whether a request is under way that only the same call, or FinishPending(), can finish.
  bool pending() const { return exchange_.pending(); }
  // Whether the key is gone.
  bool closed() const { return exchange_.closed(); }
  std::uint64_t messages_used() const { return exchange_.messages_used(); }

  // Gives key and counter back, for a successor in the same guest, and closes the session. Errors:
  // kBusy (a request is pending), kFailedPrecondition (closed).
  Result<VmpckHandover> Release() { return exchange_.Release(); }
  // Wipes the key.
  void Close() { exchange_.Close(); }

 private:
  // Sends the pending request until it is answered; `pages_needed` gets what a host said that
  // refused the certificate buffer.
  Status Drive(ByteSpan certificates, std::optional<std::uint64_t>& pages_needed);
  // Waits a little if the budget allows; else kBusy.
  Status Wait(std::uint64_t started_ms, std::uint64_t& waited_ms);
  Status TakeReport(ByteSpan report) const;
  Status TakeKey(Secret<kDerivedKeySize>& key) const;
  Result<CpuidVerdict> TakeCpuid(std::span<CpuidFunction> functions) const;
  // What to make of a host that wanted other certificate pages.
  Status JudgePagesNeeded(std::uint64_t needed, std::size_t offered_bytes);

  GuestMessageExchange exchange_;
  GuestMessageTransport& transport_;
  Clock& clock_;
  SessionOptions options_;
};
static_assert(sizeof(GuestMessageSession) <= 3 * kGuestMessageSize + 256);

}  // namespace svsm::snp

#endif  // SVSM_SNP_GUEST_MESSAGE_SESSION_H_
