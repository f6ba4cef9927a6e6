// svsm/protocol/vtpm.h: protocol 2, the framing of TPM commands and responses for both sides.
//
// The SVSM's side, in a Service:
//
//   Bytes<kMaxTpmCommand> buffer;              // or a work area: it is a page
//   TpmRequest request;
//   const ResultCode code = ReadTpmRequest(context.memory, Gpa(in.rcx), buffer, request);
//   if (code != ResultCode::kSuccess) return CallReply(in).With(code);
//   ... execute request.command at request.locality ...
//   return CallReply(in).With(WriteTpmResponse(context.memory, Gpa(in.rcx), response));
//
// Request at RCX, any alignment: {u32 platform command = 8, u8 locality, u32 size, bytes}. Response
// in the same place: {u32 size, bytes}. A TPM's own error is in the response, not in RAX.
//
// Spec: AMD 58019, "vTPM protocol". Profile: freestanding. Allocates: never. Threads: functions are
// pure.
#ifndef SVSM_PROTOCOL_VTPM_H_
#define SVSM_PROTOCOL_VTPM_H_

#include <cstddef>
#include <cstdint>

#include "svsm/core/bytes.h"
#include "svsm/core/result.h"
#include "svsm/core/wire.h"
#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/result_code.h"

namespace svsm::protocol {

inline constexpr std::uint32_t kVtpmQuery = 0;    // RCX = platform commands, RDX = features
inline constexpr std::uint32_t kVtpmCommand = 1;  // RCX = address of the buffer

// Platform commands, numbered as in the TPM simulator's protocol.
inline constexpr std::uint32_t kTpmSendCommand = 8;

// What QUERY answers in RCX for a service that has TPM_SEND_COMMAND only: bit n is command n.
inline constexpr std::uint64_t kTpmPlatformCommands = std::uint64_t{1} << kTpmSendCommand;
inline constexpr std::uint64_t kTpmFeatures = 0;

struct TpmRequestHeader {
  wire::Le32 platform_command;
  std::uint8_t locality;
  wire::Le32 size;
};
static_assert(wire::Struct<TpmRequestHeader> && sizeof(TpmRequestHeader) == 9);
static_assert(offsetof(TpmRequestHeader, platform_command) == 0);
static_assert(offsetof(TpmRequestHeader, locality) == 4);
static_assert(offsetof(TpmRequestHeader, size) == 5);

inline constexpr std::size_t kTpmBufferSize = 4096;
inline constexpr std::size_t kMaxTpmCommand = kTpmBufferSize - sizeof(TpmRequestHeader);
inline constexpr std::size_t kMaxTpmResponse = kTpmBufferSize - 4;
static_assert(kMaxTpmCommand == 4087 && kMaxTpmResponse == 4092);

struct TpmRequest {
  std::uint8_t locality = 0;
  ByteView command;  // a view of the buffer that was given for it
};

// Copies the request at `gpa`, each byte once, the command into the start of `buffer` (at least
// kMaxTpmCommand bytes, or panic). The command's bytes are not interpreted.
// Result: kSuccess; kInvalidParameter (a null address, a platform command above 31 or one that the
// TPM simulator's protocol does not define, locality other than 0, size above kMaxTpmCommand);
// kUnsupportedCall (a platform command that it defines but this SVSM does not offer);
// kInvalidAddress (a byte of the 4096-byte buffer is not guest memory, or cannot be read).
ResultCode ReadTpmRequest(const GuestMemory& memory, Gpa gpa, ByteSpan buffer, TpmRequest& request);

// Writes the response; no byte after it is touched. Result: kSuccess, kInvalidAddress,
// kInvalidRequest (a response above kMaxTpmResponse: nothing was written).
ResultCode WriteTpmResponse(GuestMemory& memory, Gpa gpa, ByteView response);

// The guest's side. Puts the request into `buffer` (at least kTpmBufferSize bytes) and returns its
// size. Errors: kInvalidArgument (detail = size of the command, above kMaxTpmCommand),
// kBufferTooSmall (detail = kTpmBufferSize).
Result<std::size_t> EncodeTpmRequest(ByteView command, ByteSpan buffer);

// The response in `buffer`, as a view of it. Errors: kTruncated (detail = 4: no room for the size),
// kMalformed (detail = size: above kMaxTpmResponse, or above what `buffer` holds).
Result<ByteView> DecodeTpmResponse(ByteView buffer);

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_VTPM_H_
