// svsm/core/attester.h: the seam behind which an attestation report comes from.
//
//   SVSM_ASSIGN_OR_RETURN(const AttestationSizes sizes,
//                         attester.Attest(report_data, report_buffer, {}));   // no certificates
//   const ByteView report = ByteView(report_buffer).first(sizes.report_bytes);
//
// One implementation is snp::GuestMessageSession over an AMD-SP; others are Linux's configfs-tsm,
// /dev/sev-guest, a fake in a test, or another TEE. Which VMPL a report speaks for is a property of
// the implementation, set when it is made.
//
// Profile: freestanding. Allocates: as the implementation says. Threads: as the implementation
// says.
#ifndef SVSM_CORE_ATTESTER_H_
#define SVSM_CORE_ATTESTER_H_

#include <cstddef>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"

namespace svsm {

inline constexpr std::size_t kReportDataSize = 64;

struct AttestationSizes {
  std::size_t report_bytes = 0;
  std::size_t certificates_bytes = 0;  // 0: the implementation has none
};

class Attester {
 public:
  // The sizes that Attest() will fill, known without asking the hardware, so that a caller can
  // refuse a short buffer before a request is spent. certificates_bytes is what is known now; the
  // host may supply another number later.
  virtual AttestationSizes Sizes() const = 0;

  // Puts a report over `report_data` at the start of `report`, and the host's certificate table, if
  // any, at the start of `certificates` (empty: none is wanted). The certificates come from the
  // host and are worth nothing until verified. Errors: kBufferTooSmall (detail = bytes that the
  // shorter buffer needs), kBusy (nothing lost: the same call may be repeated and finishes the
  // pending request), kFailedPrecondition (the session is closed for good), and the
  // implementation's own. On failure both buffers are zero.
  virtual Result<AttestationSizes> Attest(FixedView<kReportDataSize> report_data, ByteSpan report,
                                          ByteSpan certificates) = 0;

 protected:
  ~Attester() = default;
};

}  // namespace svsm

#endif  // SVSM_CORE_ATTESTER_H_
