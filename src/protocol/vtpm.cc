#include "svsm/protocol/vtpm.h"

#include "svsm/core/panic.h"

namespace svsm::protocol {
namespace {

constexpr std::uint64_t Bit(unsigned n) { return std::uint64_t{1} << n; }

// The commands that the TPM simulator's protocol defines: power (1, 2), physical presence (3, 4),
// hash sequence (5 to 7), send (8), cancel (9, 10), NV (11, 12), key cache (13, 14), handshake
// (15), alternative result (16), reset, restart (17, 18), session end and stop (20, 21), response
// sizes (25), ACT (26) and failure mode (30).
constexpr std::uint64_t kDefined =
    (Bit(19) - Bit(1)) | Bit(20) | Bit(21) | Bit(25) | Bit(26) | Bit(30);

constexpr std::size_t kFirstRead = 128;

}  // namespace

ResultCode ReadTpmRequest(const GuestMemory& memory, Gpa gpa, ByteSpan buffer,
                          TpmRequest& request) {
  SVSM_CHECK(buffer.size() >= kMaxTpmCommand);
  request = {};
  if (gpa == Gpa(0)) return ResultCode::kInvalidParameter;
  // With the header comes as much of the command as nearly all have, if its page has it.
  Bytes<kFirstRead> bytes{};
  const std::uint64_t in_page = kPageSize - gpa.value() % kPageSize;
  const ByteSpan start =
      ByteSpan(bytes).first(in_page < kFirstRead ? sizeof(TpmRequestHeader) : kFirstRead);
  if (!memory.ReadHead(gpa, kTpmBufferSize, start).ok()) return ResultCode::kInvalidAddress;
  const TpmRequestHeader header = *wire::Read<TpmRequestHeader>(bytes);
  const std::uint32_t command = header.platform_command.get();
  if (command > 31 || (kDefined & Bit(command)) == 0) return ResultCode::kInvalidParameter;
  if (command != kTpmSendCommand) return ResultCode::kUnsupportedCall;
  const std::uint32_t size = header.size.get();
  if (header.locality != 0 || size > kMaxTpmCommand) return ResultCode::kInvalidParameter;
  const ByteSpan copy = buffer.first(size);
  ByteView had = start.subspan(sizeof(header));
  if (had.size() > size) had = had.first(size);
  Copy(copy, had);
  Wipe(start);
  if (had.size() < size &&
      !memory.Read(Gpa(gpa.value() + sizeof(header) + had.size()), copy.subspan(had.size())).ok()) {
    return ResultCode::kInvalidAddress;
  }
  request = {.locality = header.locality, .command = copy};
  return ResultCode::kSuccess;
}

ResultCode WriteTpmResponse(GuestMemory& memory, Gpa gpa, ByteView response) {
  if (response.size() > kMaxTpmResponse) return ResultCode::kInvalidRequest;
  const wire::Le32 size(static_cast<std::uint32_t>(response.size()));
  return FitsAddressSpace(gpa, kTpmBufferSize) &&
                 memory.WriteParts(gpa, wire::ToBytes(size), response).ok()
             ? ResultCode::kSuccess
             : ResultCode::kInvalidAddress;
}

Result<std::size_t> EncodeTpmRequest(ByteView command, ByteSpan buffer) {
  if (command.size() > kMaxTpmCommand) {
    return Status(Code::kInvalidArgument, Source::kProtocol,
                  static_cast<std::uint32_t>(command.size()));
  }
  if (buffer.size() < kTpmBufferSize) {
    return Status(Code::kBufferTooSmall, Source::kProtocol, kTpmBufferSize);
  }
  TpmRequestHeader header{};
  header.platform_command = kTpmSendCommand;
  header.size = static_cast<std::uint32_t>(command.size());
  // The command first: it may lie in the buffer.
  Copy(buffer.subspan(sizeof(header)), command);
  Copy(buffer, wire::ToBytes(header));
  return sizeof(header) + command.size();
}

Result<ByteView> DecodeTpmResponse(ByteView buffer) {
  const Result<wire::Le32> field = wire::Read<wire::Le32>(buffer);
  if (!field.ok()) return Status(Code::kTruncated, Source::kProtocol, sizeof(wire::Le32));
  const std::uint32_t size = field->get();
  const ByteView rest = buffer.subspan(sizeof(wire::Le32));
  if (size > kMaxTpmResponse || size > rest.size()) {
    return Status(Code::kMalformed, Source::kProtocol, size);
  }
  return rest.first(size);
}

}  // namespace svsm::protocol
