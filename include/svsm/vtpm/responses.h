// svsm/vtpm/responses.h: what a TPM answered, parsed strictly, for the commands of commands.h.
//
//   SVSM_ASSIGN_OR_RETURN(const ReadPublicResponse key, ParseReadPublic(response));
//
// The response is from our own TPM, and yet parsed like outside bytes: another engine may be
// another process. Each function takes a whole response. Errors of all: kTruncated and kMalformed
// (Source::kCore, detail = offset), kFailedPrecondition (Source::kVtpm, detail = the TPM's response
// code, not zero). Views borrow the response.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure. Spec: TCG TPM 2.0 Part 3.
#ifndef SVSM_VTPM_RESPONSES_H_
#define SVSM_VTPM_RESPONSES_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/vtpm/commands.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {

// A response whose parameters do not matter.
Status CheckResponse(ByteView response);

// TPM2_GetCapability(TPM_CAP_PCRS): the banks in which at least one PCR is selected. A bank of an
// unknown hash is passed over.
Result<PcrBanks> ParseGetPcrBanks(ByteView response);
// Whether there was room for the banks.
Result<bool> ParsePcrAllocate(ByteView response);
// TPM2_GetCapability(TPM_CAP_TPM_PROPERTIES): the one value that was asked for.
Result<std::uint32_t> ParseGetNvBufferMax(ByteView response);

struct CreatePrimaryResponse {
  std::uint32_t handle = 0;
  ByteView tpm2b_public;  // with its size
};
Result<CreatePrimaryResponse> ParseCreatePrimary(ByteView response);

// TPM2_CreateLoaded below a key that is no hierarchy.
struct CreateLoadedResponse {
  std::uint32_t handle = 0;
  ByteView tpm2b_private;  // with its size
  ByteView tpm2b_public;   // with its size
};
Result<CreateLoadedResponse> ParseCreateLoaded(ByteView response);

struct ReadPublicResponse {
  ByteView tpm2b_public;  // with its size
  ByteView name;
  ByteView qualified_name;
};
Result<ReadPublicResponse> ParseReadPublic(ByteView response);

// Errors besides: kUnsupported (Source::kVtpm; the index has a policy, detail = its size).
Result<NvPublic> ParseNvReadPublic(ByteView response);
Result<ByteView> ParseNvRead(ByteView response);
// The TPML_DIGEST_VALUES: digests of the event, a bank each, without the outer framing.
Result<ByteView> ParsePcrEvent(ByteView response);

struct QuoteResponse {
  ByteView attest;     // TPMS_ATTEST
  ByteView signature;  // TPMT_SIGNATURE
};
Result<QuoteResponse> ParseQuoteResponse(ByteView response);
Result<ByteView> ParseGetRandom(ByteView response);

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_RESPONSES_H_
