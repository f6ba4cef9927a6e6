// svsm/vtpm/sealed_object.h: a secret sealed in a TPM to PCR values that it does not have yet, for
// owners who make a VM's TPM before the VM.
//
//   Bytes<32> pcr7 = ..., pcr6;
//   SVSM_TRY(PredictMeasurementPcr(sha256, launch_digest, {}, pcr6));
//   const PredictedPcr pcrs[] = {{6, pcr6}, {7, pcr7}};
//   SealRequest request{luks_key, evidence::TpmAlg::kSha256, pcrs};
//   SVSM_TRY(SealToPcrs(engine, sha256, request, workspace));
//   // in the guest: tpm2_unseal -c 0x81000100 -p pcr:sha256:6,7
//
// Unsealing wants a policy session with TPM2_PolicyPCR over exactly these PCRs, and no password.
// The object is bound to its TPM and to its parent, and outside the protection against dictionary
// attacks, since there is nothing to guess.
//
// Profile: freestanding. Allocates: never. Threads: as the engine. Spec: TCG TPM 2.0 Part 3,
// TPM2_PolicyPCR, TPM2_CreateLoaded.
#ifndef SVSM_VTPM_SEALED_OBJECT_H_
#define SVSM_VTPM_SEALED_OBJECT_H_

#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/crypto/hash.h"
#include "svsm/evidence/tpm_alg.h"
#include "svsm/vtpm/engine.h"
#include "svsm/vtpm/manufacture.h"

namespace svsm::vtpm {

// Where a sealed secret is kept unless told otherwise: among the owner's persistent handles.
inline constexpr std::uint32_t kSealedObjectHandle = 0x81000100;
// Bytes of the largest secret (MAX_SYM_DATA).
inline constexpr std::size_t kMaxSealedSecret = 128;

// A PCR's value when the secret may be had.
struct PredictedPcr {
  std::uint32_t pcr = 0;
  ByteView value;
};

// The policy of TPM2_PolicyPCR over these PCRs of one bank, in a policy session with SHA-256.
// Errors (Source::kVtpm): kInvalidArgument (detail 1 `sha256` is another hash, 2 an unknown bank, 3
// no PCRs, 4 PCRs that are not ascending or not below 24, 5 a value whose size is not the bank's);
// those of the hash. `policy` is zero then.
Status PcrPolicy(const crypto::Hash& sha256, evidence::TpmAlg bank,
                 std::span<const PredictedPcr> pcrs, FixedSpan<crypto::kSha256Size> policy);

// What Manufacture() leaves in the measurement PCR of the bank of `hash`, given the same digests;
// empty ones are not measured. `value` has the hash's size. Errors: kOutOfRange (a digest is larger
// than kMaxMeasuredDigest; detail = its size), those of the hash.
Status PredictMeasurementPcr(const crypto::Hash& hash, ByteView launch_digest,
                             ByteView manifest_digest, ByteSpan value);

struct SealRequest {
  ByteView secret;  // 1 to kMaxSealedSecret bytes
  evidence::TpmAlg bank = evidence::TpmAlg::kSha256;
  std::span<const PredictedPcr> pcrs;
  std::uint32_t parent = kSrkHandle;
  std::uint32_t handle = kSealedObjectHandle;
};

// Seals, and keeps the object at its handle. The TPM is started, and its owner has no password.
// Errors: kOutOfRange (the secret; detail = its size), kFailedPrecondition (the TPM refused; detail
// = the response code: the handle is taken, there is no parent), as PcrPolicy(), and those of the
// engine and of responses.h. The secret is wiped from the workspace in any case.
Status SealToPcrs(Engine& engine, const crypto::Hash& sha256, const SealRequest& request,
                  ManufactureWorkspace& workspace);

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_SEALED_OBJECT_H_
