// svsm/snp/guest_message_transport.h: the seam behind which a guest request leaves the guest.
//
//   SVSM_ASSIGN_OR_RETURN(const GuestRequestOutcome outcome,
//                         transport.Exchange(exchange.request(), exchange.response(), {}));
//   SVSM_ASSIGN_OR_RETURN(const ExchangeStep step, exchange.Step(outcome, WithCertificates::kNo));
//
// In an SVSM this is VMGEXIT 8000_0011h (or 8000_0012h with certificates) over the GHCB; in tests
// and on a host it is a software AMD-SP, or a host that misbehaves.
//
// Profile: freestanding. Allocates: as the implementation says. Threads: as the implementation
// says. Spec: AMD 56421 (GHCB), "SNP Guest Request" and "SNP Extended Guest Request".
#ifndef SVSM_SNP_GUEST_MESSAGE_TRANSPORT_H_
#define SVSM_SNP_GUEST_MESSAGE_TRANSPORT_H_

#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/snp/guest_message.h"

namespace svsm::snp {

// The upper half of SW_EXITINFO2.
enum class VmmError : std::uint32_t {
  kNone = 0,
  kInvalidLength = 1,  // the certificates need more pages
  kBusy = 2            // the host is rate-limiting: the request did not reach the AMD-SP
};

// What the host said. Every bit of it is the host's word.
struct GuestRequestOutcome {
  std::uint32_t firmware_error = 0;  // lower half of SW_EXITINFO2
  std::uint32_t vmm_error = 0;       // upper half; a VmmError or something unknown
  // With kInvalidLength: RBX, the number of 4 KiB pages that the certificates need.
  std::uint64_t certificate_pages_needed = 0;
};

class GuestMessageTransport {
 public:
  // Hands `request` to the AMD-SP through the host and gives the host's outcome. All spans are
  // private memory: the implementation copies `request` to a shared page, makes the call, and
  // copies the shared response page to `response` in one pass, whatever the outcome. A
  // non-empty `certificates` (a multiple of 4096 bytes) makes it an extended request, whose
  // certificate pages are copied out likewise if there is no error. Error: any Status says that it
  // is unknown what became of the request.
  virtual Result<GuestRequestOutcome> Exchange(FixedView<kGuestMessageSize> request,
                                               FixedSpan<kGuestMessageSize> response,
                                               ByteSpan certificates) = 0;

 protected:
  ~GuestMessageTransport() = default;
};

}  // namespace svsm::snp

#endif  // SVSM_SNP_GUEST_MESSAGE_TRANSPORT_H_
