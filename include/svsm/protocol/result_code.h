// svsm/protocol/result_code.h: what RAX says after a call.
//
//   const auto code = static_cast<ResultCode>(static_cast<std::uint32_t>(registers.rax));
//   if (NeedsMemory(code)) return Deposit(PagesNeeded(code));
//   SVSM_TRY(StatusOf(code));
//
// Result codes are data for the guest. A handler returns them in a CallReply; only a failure of the
// SVSM itself is a Status. On the guest's side StatusOf() turns a code into a Status.
//
// Spec: AMD 58019, "Result codes". Profile: freestanding. Allocates: never. Threads: functions are
// pure.
#ifndef SVSM_PROTOCOL_RESULT_CODE_H_
#define SVSM_PROTOCOL_RESULT_CODE_H_

#include <cstdint>

#include "svsm/core/status.h"

namespace svsm::protocol {

// The codes of the specification. The type also holds protocol-specific values that have no name
// here.
enum class ResultCode : std::uint32_t {
  kSuccess = 0,
  kIncomplete = 0x80000000,  // progress is saved in guest memory; the same call continues
  kUnsupportedProtocol = 0x80000001,
  kUnsupportedCall = 0x80000002,
  kInvalidAddress = 0x80000003,    // unmapped, faulting, or owned by the SVSM
  kInvalidFormat = 0x80000004,     // the calling area is not as it must be
  kInvalidParameter = 0x80000005,  // misaligned, crossing a page, reserved bits, out of bounds
  kInvalidRequest = 0x80000006,
  kBusy = 0x80000007,  // nothing has changed; repeat the call
  // Core protocol, PVALIDATE and the vCPU calls: this plus EAX of the instruction, for 1 to 0Fh.
  kInstructionFailed = 0x80001000,
  kVcpuInUse = 0x80001003,           // FAIL_INUSE: the VMSA is running elsewhere
  kSizeMismatch = 0x80001006,        // FAIL_SIZEMISMATCH: repeat a 2M entry as 512 of 4K
  kPvalidateUnchanged = 0x80001010,  // CF was set and the entry did not say to ignore it
  kInstructionUnknown = 0x80001011,  // EAX was above 0Fh
  // Attestation protocol: the request to the AMD-SP failed.
  kAttestationFailed = 0x80001000,
};

constexpr std::uint32_t ToU32(ResultCode code) { return static_cast<std::uint32_t>(code); }

// Whether the call did what it was asked for: 0, or 1000h to 3FFFFFFFh (protocol-specific success).
constexpr bool IsSuccess(ResultCode code) {
  return code == ResultCode::kSuccess || (ToU32(code) >= 0x1000 && ToU32(code) < 0x40000000);
}

// Whether the guest has to deposit memory and repeat the call.
constexpr bool NeedsMemory(ResultCode code) { return ToU32(code) >> 30 == 1; }

// The code that asks for `num_pages` 4K pages, of which the lower 30 bits are kept.
constexpr ResultCode NeedPages(std::uint32_t num_pages) {
  return static_cast<ResultCode>(0x40000000 | (num_pages & 0x3FFFFFFF));
}

// The number of 4K pages that a NeedsMemory() code asks for.
constexpr std::uint32_t PagesNeeded(ResultCode code) { return ToU32(code) & 0x3FFFFFFF; }

// What the EAX of PVALIDATE or RMPADJUST, not 0, is as a result code.
constexpr ResultCode InstructionFailure(std::uint32_t eax) {
  return eax > 0xF ? ResultCode::kInstructionUnknown
                   : static_cast<ResultCode>(ToU32(ResultCode::kInstructionFailed) + eax);
}

// A result code as the guest's Status; detail = the code. OK for IsSuccess(). Otherwise
// kExhausted (INCOMPLETE), kUnsupported (unsupported protocol or call), kInvalidArgument (the four
// INVALID_ codes), kBusy, kOutOfMemory (deposit memory first), kPermissionDenied (all others).
Status StatusOf(ResultCode code);

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_RESULT_CODE_H_
