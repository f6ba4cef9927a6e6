#include "svsm/core/lock.h"
#include "svsm/protocol/core_protocol.h"

namespace svsm::protocol {
namespace {

constexpr std::uint64_t kSizeMask = 0x3;
constexpr std::uint64_t kValidate = 1 << 2;
constexpr std::uint64_t kIgnoreUnchanged = 1 << 3;
constexpr std::uint64_t kAddressMask = ~std::uint64_t{0xFFF};

Status BadEntry(std::uint32_t why) { return Status(Code::kMalformed, Source::kProtocol, why); }

ResultCode Validate(Platform& platform, const PvalidateEntry& entry, Vmpl lowest) {
  const PvalidateResult result = platform.Pvalidate(entry.gpa, entry.size, PageState::kValid);
  if (result.eax != kInstructionOk) return InstructionFailure(result.eax);
  if (result.unchanged && entry.unchanged == UnchangedPage::kIsError) {
    return ResultCode::kPvalidateUnchanged;
  }
  // Before the guest may look: the host can have put any page of this VM behind the address.
  const bool zeroed = platform.Zero(entry.gpa, entry.size).ok();
  const std::uint32_t eax = zeroed ? platform.Grant(entry.gpa, entry.size, lowest) : kInstructionOk;
  if (zeroed && eax == kInstructionOk) return ResultCode::kSuccess;
  if (!result.unchanged) {
    (void)platform.Pvalidate(entry.gpa, entry.size, PageState::kInvalid);
  }
  return zeroed ? InstructionFailure(eax) : ResultCode::kInvalidAddress;
}

ResultCode Invalidate(Platform& platform, const PvalidateEntry& entry, Vmpl lowest) {
  const std::uint32_t eax = platform.Revoke(entry.gpa, entry.size);
  if (eax != kInstructionOk) return InstructionFailure(eax);
  const PvalidateResult result = platform.Pvalidate(entry.gpa, entry.size, PageState::kInvalid);
  if (result.eax != kInstructionOk) {
    (void)platform.Grant(entry.gpa, entry.size, lowest);
    return InstructionFailure(result.eax);
  }
  return result.unchanged && entry.unchanged == UnchangedPage::kIsError
             ? ResultCode::kPvalidateUnchanged
             : ResultCode::kSuccess;
}

// Reads one list entry, or says why not.
ResultCode ReadEntry(const GuestMemory& memory, Gpa list, std::uint16_t index,
                     std::uint64_t& bits) {
  const Gpa at(list.value() + sizeof(PvalidateListHeader) + 8 * std::uint64_t{index});
  Bytes<8> bytes{};
  if (!memory.Read(at, bytes).ok()) return ResultCode::kInvalidAddress;
  bits = wire::Read<wire::Le64>(bytes)->get();
  return ResultCode::kSuccess;
}

}  // namespace

Result<PvalidateEntry> DecodePvalidateEntry(std::uint64_t bits, std::uint64_t reserved) {
  PvalidateEntry entry;
  if ((bits & kSizeMask) > static_cast<std::uint64_t>(PageSize::k2M)) return BadEntry(0);
  if ((bits & reserved) != 0) return BadEntry(1);
  entry.gpa = Gpa(bits & kAddressMask);
  entry.size = static_cast<PageSize>(bits & kSizeMask);
  if (entry.gpa.value() % SizeBytes(entry.size) != 0) return BadEntry(2);
  if ((bits & kValidate) != 0) entry.state = PageState::kValid;
  if ((bits & kIgnoreUnchanged) != 0) entry.unchanged = UnchangedPage::kIsIgnored;
  return entry;
}

std::uint64_t EncodePvalidateEntry(const PvalidateEntry& entry) {
  return (entry.gpa.value() & kAddressMask) | static_cast<std::uint64_t>(entry.size) |
         (entry.state == PageState::kValid ? kValidate : 0) |
         (entry.unchanged == UnchangedPage::kIsIgnored ? kIgnoreUnchanged : 0);
}

ResultCode CoreProtocol::PvalidateOne(const CallContext& context, std::uint64_t bits, Gpa list) {
  const auto entry = DecodePvalidateEntry(bits, version_->pvalidate_reserved);
  if (!entry.ok()) return ResultCode::kInvalidParameter;
  const std::uint64_t size_bytes = SizeBytes(entry->size);
  const Gpa list_page(list.value() & kAddressMask);
  if (!IsGuestRange(context.memory, entry->gpa, size_bytes) ||
      Overlap(entry->gpa, size_bytes, list_page, kPageSize)) {
    return ResultCode::kInvalidAddress;
  }
  const LockGuard guard(vcpus_.lock());
  if (vcpus_.OverlapsVmsaLocked(entry->gpa, size_bytes) ||
      vcpus_.OverlapsCallingAreaLocked(entry->gpa, size_bytes)) {
    return ResultCode::kInvalidAddress;
  }
  return entry->state == PageState::kValid ? Validate(platform_, *entry, context.vmpl)
                                           : Invalidate(platform_, *entry, context.vmpl);
}

Result<CallReply> CoreProtocol::Pvalidate(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  const Gpa list(in.rcx);
  if (list.value() % 8 != 0) return reply.With(ResultCode::kInvalidParameter);
  Bytes<sizeof(PvalidateListHeader)> bytes{};
  if (!context.memory.Read(list, bytes).ok()) return reply.With(ResultCode::kInvalidAddress);
  const PvalidateListHeader header = *wire::Read<PvalidateListHeader>(bytes);
  const std::uint16_t entries = header.entries.get();
  std::uint16_t next = header.next.get();
  if (entries == 0 || next >= entries ||
      !InOnePage(list, sizeof(header) + 8 * std::uint64_t{entries})) {
    return reply.With(ResultCode::kInvalidParameter);
  }

  ResultCode code = ResultCode::kSuccess;
  std::uint64_t pages = 0;
  bool flush = false;
  while (next < entries && code == ResultCode::kSuccess) {
    if (pages != 0 && pages >= options_.pvalidate_pages_per_call) {
      code = ResultCode::kIncomplete;
      break;
    }
    std::uint64_t bits = 0;
    code = ReadEntry(context.memory, list, next, bits);
    if (code != ResultCode::kSuccess) break;
    code = PvalidateOne(context, bits, list);
    if (code != ResultCode::kSuccess) break;
    flush = flush || (bits & kValidate) == 0;
    pages += (bits & kSizeMask) == 0 ? 1 : kLargePageSize / kPageSize;
    ++next;
  }
  if (flush) platform_.FlushTlbs();
  const Gpa next_gpa(list.value() + offsetof(PvalidateListHeader, next));
  if (!context.memory.Write(next_gpa, wire::ToBytes(wire::Le16(next))).ok()) {
    code = ResultCode::kInvalidAddress;
  }
  return reply.With(code);
}

}  // namespace svsm::protocol
