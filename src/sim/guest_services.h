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

// The payload of the response to a request. Errors: kUnsupported (no request that this firmware
// knows in this version and size), and those of the keys.
Result<ByteVector> AnswerRequest(const GuestServiceContext& context, snp::MessageType type,
                                 std::uint8_t version, ByteView payload);

// REPORT, message version 1. `payload` has the size of a snp::ReportRequest.
Result<ByteVector> AnswerReportRequest(const GuestServiceContext& context, ByteView payload);

// KEY, message versions 1 and 2. The derived key is 32 bytes of
//   Chip::DeriveSecret("svsm sim derived key 1" || root || fields || vmpl || policy || image ||
//                      family || measurement || svn || tcb || launch mitigation vector)
// with integers little-endian and a field that is not selected as zeros.
Result<ByteVector> AnswerKeyRequest(const GuestServiceContext& context, std::uint8_t version,
                                    ByteView payload);

// TSC_INFO, message version 1: refused without Secure TSC, or if `payload` is not zero.
ByteVector AnswerTscInfoRequest(const GuestServiceContext& context, ByteView payload);

// CPUID, message version 1. A table that cannot be read gives no functions, but kUnsupported.
Result<ByteVector> AnswerCpuidRequest(const GuestServiceContext& context, ByteView payload);

}  // namespace svsm::sim

#endif  // SVSM_SIM_GUEST_SERVICES_H_
