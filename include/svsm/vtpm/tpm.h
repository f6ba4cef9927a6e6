// svsm/vtpm/tpm.h: the numbers of the TPM 2.0 library that this room speaks in, and the short
// responses that a TPM gives without being asked twice.
//
//   SVSM_ASSIGN_OR_RETURN(const std::uint32_t code, ResponseCode(response));
//   if (code == kTpmRcInitialize) SVSM_TRY(Start(engine));
//
// Only what is used here; marshalling of whole structures in host code is libtss2-mu's.
//
// Profile: freestanding. Allocates: never. Threads: functions are pure. Spec: TCG TPM 2.0 Part 2;
// registry of reserved handles; TCG EK Credential Profile 2.6, 2.2.2 (certificate indices).
#ifndef SVSM_VTPM_TPM_H_
#define SVSM_VTPM_TPM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/evidence/tpm_alg.h"

namespace svsm::vtpm {

// Bytes of the largest command or response of any engine here.
inline constexpr std::size_t kMaxTpmBuffer = 4096;
// Bytes of the header that every command and response begins with: tag, size, code.
inline constexpr std::size_t kTpmHeaderSize = 10;

enum class TpmTag : std::uint16_t { kNoSessions = 0x8001, kSessions = 0x8002 };

enum class TpmCommand : std::uint32_t {
  kEvictControl = 0x120,
  kNvUndefineSpace = 0x122,
  kNvDefineSpace = 0x12A,
  kPcrAllocate = 0x12B,
  kCreatePrimary = 0x131,
  kNvWrite = 0x137,
  kNvWriteLock = 0x138,
  kPcrEvent = 0x13C,
  kStartup = 0x144,
  kShutdown = 0x145,
  kNvRead = 0x14E,
  kQuote = 0x158,
  kFlushContext = 0x165,
  kNvReadPublic = 0x169,
  kReadPublic = 0x173,
  kGetCapability = 0x17A,
  kGetRandom = 0x17B,
  kPcrRead = 0x17E,
  kPolicyPcr = 0x17F,
  kPcrExtend = 0x182,
  kCreateLoaded = 0x191,
};

// Response codes that decisions are made upon.
inline constexpr std::uint32_t kTpmRcSuccess = 0;
inline constexpr std::uint32_t kTpmRcInitialize = 0x100;  // Startup is missing, or was done already
inline constexpr std::uint32_t kTpmRcFailure = 0x101;     // the TPM does nothing until power cycled
inline constexpr std::uint32_t kTpmRcCommandSize = 0x142;  // header and bytes disagree
inline constexpr std::uint32_t kTpmRcNvLocked = 0x148;     // the index is locked
inline constexpr std::uint32_t kTpmRcHandle1 = 0x18B;      // the first handle names nothing
inline constexpr std::uint32_t kTpmRcMemory = 0x904;       // no room for what was asked for

// Permanent handles.
inline constexpr std::uint32_t kTpmRhOwner = 0x40000001;
inline constexpr std::uint32_t kTpmRhEndorsement = 0x4000000B;
inline constexpr std::uint32_t kTpmRhPlatform = 0x4000000C;

// A set of PCR banks: an OR of these.
using PcrBanks = std::uint8_t;
inline constexpr PcrBanks kPcrBankSha1 = 1;
inline constexpr PcrBanks kPcrBankSha256 = 2;
inline constexpr PcrBanks kPcrBankSha384 = 4;
inline constexpr PcrBanks kPcrBankSha512 = 8;
inline constexpr PcrBanks kAllPcrBanks = 15;

// The hash of a bank, with its bit; in the order in which TPMs list banks.
struct PcrBank {
  PcrBanks bit;
  evidence::TpmAlg hash;
};
inline constexpr std::array<PcrBank, 4> kPcrBanks = {{
    {kPcrBankSha1, evidence::TpmAlg::kSha1},
    {kPcrBankSha256, evidence::TpmAlg::kSha256},
    {kPcrBankSha384, evidence::TpmAlg::kSha384},
    {kPcrBankSha512, evidence::TpmAlg::kSha512},
}};

// A response of ten bytes: no sessions, no parameters, this code.
Bytes<kTpmHeaderSize> ErrorResponse(std::uint32_t response_code);

// The code of a response whose header is whole and names exactly response.size() bytes.
// Errors: kTruncated (detail = 10), kMalformed (detail = offset: 0 tag, 2 size).
Result<std::uint32_t> ResponseCode(ByteView response);

}  // namespace svsm::vtpm

#endif  // SVSM_VTPM_TPM_H_
