// The messages that a running guest may send: each turns a request's payload into the response's,
// with the firmware's status inside it.
#ifndef SVSM_SIM_GUEST_SERVICES_H_
#define SVSM_SIM_GUEST_SERVICES_H_

#include "sim/guest.h"
#include "svsm/core/hosted.h"
#include "svsm/core/result.h"

namespace svsm::sim {

struct GuestServiceContext {
  const GuestFacts& guest;
  const PlatformState& platform;
  const Chip& chip;
  const Provider* vlek;  // null: none is loaded
  Vmpl caller;           // the number of the VMPCK
};

// REPORT, message version 1. `payload` has the size of a snp::ReportRequest.
Result<ByteVector> AnswerReportRequest(const GuestServiceContext& context, ByteView payload);

// KEY, message versions 1 and 2. The derived key is 32 bytes of
//   Chip::DeriveSecret("svsm sim derived key 1" || root || fields || vmpl || policy || image ||
//                      family || measurement || svn || tcb || launch mitigation vector)
// with integers little-endian and a field that is not selected as zeros.
Result<ByteVector> AnswerKeyRequest(const GuestServiceContext& context, std::uint8_t version,
                                    ByteView payload);

}  // namespace svsm::sim

#endif  // SVSM_SIM_GUEST_SERVICES_H_
