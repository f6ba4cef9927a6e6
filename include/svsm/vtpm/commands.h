// svsm/vtpm/commands.h: the few TPM commands that an SVSM sends to its own TPM, with fixed shape.
//
//   Bytes<kMaxTpmBuffer> command, response;
//   SVSM_ASSIGN_OR_RETURN(const ByteView startup, BuildStartup(StartupKind::kClear, command));
//   SVSM_ASSIGN_OR_RETURN(const std::size_t size, engine.Execute(0, startup, response));
//
// Each Build function writes one command at the start of `out` and gives a view of it. Where a
// command wants authorisation, a password session with the empty password is put in: before the
// guest runs, the platform's authorisation is empty, and that of a new TPM's owner is. Errors of
// all: kBufferTooSmall (detail = bytes needed), kOutOfRange (a part is longer than its TPM field;
// detail = its size).
//
// Profile: freestanding. Allocates: never. Threads: functions are pure. Spec: TCG TPM 2.0 Part 3.
#ifndef SVSM_VTPM_COMMANDS_H_
#define SVSM_VTPM_COMMANDS_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/evidence/attest.h"
#include "svsm/evidence/tpm_alg.h"
#include "svsm/vtpm/tpm.h"

namespace svsm::vtpm {

enum class StartupKind : std::uint16_t { kClear = 0, kState = 1 };

// A digest for TPM2_PCR_Extend; `digest` has the size of its bank's.
struct PcrDigest {
  evidence::TpmAlg bank = evidence::TpmAlg::kError;
  ByteView digest;
};

// Attributes of an NV index (TPMA_NV).
inline constexpr std::uint32_t kNvPpWrite = 1u << 0;
inline constexpr std::uint32_t kNvWriteLocked = 1u << 11;
inline constexpr std::uint32_t kNvWriteStClear = 1u << 14;
inline constexpr std::uint32_t kNvPpRead = 1u << 16;
inline constexpr std::uint32_t kNvOwnerRead = 1u << 17;
inline constexpr std::uint32_t kNvAuthRead = 1u << 18;
inline constexpr std::uint32_t kNvNoDa = 1u << 25;
inline constexpr std::uint32_t kNvWritten = 1u << 29;
inline constexpr std::uint32_t kNvPlatformCreate = 1u << 30;

// The public area of an ordinary index without policy.
struct NvPublic {
  std::uint32_t index = 0;
  evidence::TpmAlg name_alg = evidence::TpmAlg::kSha256;
  std::uint32_t attributes = 0;
  std::uint16_t data_size = 0;
  friend bool operator==(const NvPublic&, const NvPublic&) = default;
};

Result<ByteView> BuildStartup(StartupKind kind, ByteSpan out);
Result<ByteView> BuildShutdown(StartupKind kind, ByteSpan out);
// TPM2_GetCapability(TPM_CAP_PCRS): which banks have PCRs.
Result<ByteView> BuildGetPcrBanks(ByteSpan out);
// TPM2_GetCapability(TPM_CAP_TPM_PROPERTIES, TPM_PT_NV_BUFFER_MAX).
Result<ByteView> BuildGetNvBufferMax(ByteSpan out);
// Gives all 24 PCRs to each bank in `banks` and none to the others; takes effect at the next
// _TPM_Init. Authorisation: platform.
Result<ByteView> BuildPcrAllocate(PcrBanks banks, ByteSpan out);
// `tpmt_public` is the template; no sensitive data, no creation PCRs.
Result<ByteView> BuildCreatePrimary(std::uint32_t hierarchy, ByteView tpmt_public, ByteSpan out);
// TPM2_CreateLoaded below the key `parent`: `sensitive_data` (what is sealed) under `tpmt_public`,
// without a password.
Result<ByteView> BuildCreateLoaded(std::uint32_t parent, ByteView sensitive_data,
                                   ByteView tpmt_public, ByteSpan out);
// Makes the transient `object` persistent as `persistent`; with object == persistent, removes it.
// `authorisation`: kTpmRhOwner or kTpmRhPlatform.
Result<ByteView> BuildEvictControl(std::uint32_t authorisation, std::uint32_t object,
                                   std::uint32_t persistent, ByteSpan out);
Result<ByteView> BuildFlushContext(std::uint32_t handle, ByteSpan out);
Result<ByteView> BuildReadPublic(std::uint32_t handle, ByteSpan out);
Result<ByteView> BuildNvReadPublic(std::uint32_t index, ByteSpan out);
// Authorisation of the following: platform.
Result<ByteView> BuildNvDefineSpace(const NvPublic& nv_public, ByteSpan out);
Result<ByteView> BuildNvUndefineSpace(std::uint32_t index, ByteSpan out);
Result<ByteView> BuildNvWrite(std::uint32_t index, ByteView data, std::uint16_t offset,
                              ByteSpan out);
Result<ByteView> BuildNvWriteLock(std::uint32_t index, ByteSpan out);
// Authorisation: the index's own, empty.
Result<ByteView> BuildNvRead(std::uint32_t index, std::uint16_t size, std::uint16_t offset,
                             ByteSpan out);
// Extends `event` (at most 1024 bytes) as the TPM hashes it, into every bank.
Result<ByteView> BuildPcrEvent(std::uint32_t pcr, ByteView event, ByteSpan out);
Result<ByteView> BuildPcrExtend(std::uint32_t pcr, std::span<const PcrDigest> digests,
                                ByteSpan out);
Result<ByteView> BuildPcrRead(std::span<const evidence::PcrSelection> selection, ByteSpan out);
// Signs with the key's own scheme.
Result<ByteView> BuildQuote(std::uint32_t key, ByteView qualifying_data,
                            std::span<const evidence::PcrSelection> selection, ByteSpan out);
Result<ByteView> BuildGetRandom(std::uint16_t size, ByteSpan out);

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_COMMANDS_H_
