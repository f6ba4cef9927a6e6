#include "protocol/core_list.h"
#include "svsm/core/lock.h"
#include "svsm/protocol/core_protocol.h"

namespace svsm::protocol {
namespace {

constexpr std::uint64_t kSizeMask = 0x3;
constexpr std::uint64_t kValidate = 1 << 2;
constexpr std::uint64_t kIgnoreUnchanged = 1 << 3;
constexpr std::uint64_t kSplit = 1 << 4;
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

ResultCode Change(Platform& platform, const PvalidateEntry& entry, Vmpl lowest) {
  return entry.state == PageState::kValid ? Validate(platform, entry, lowest)
                                          : Invalidate(platform, entry, lowest);
}

// A 2M entry as 512 of 4K, up to the first that fails.
ResultCode ChangeSplit(Platform& platform, PvalidateEntry entry, Vmpl lowest) {
  const std::uint64_t end = entry.gpa.value() + SizeBytes(entry.size);
  entry.size = PageSize::k4K;
  for (; entry.gpa.value() != end; entry.gpa = Gpa(entry.gpa.value() + kPageSize)) {
    const ResultCode code = Change(platform, entry, lowest);
    if (code != ResultCode::kSuccess) return code;
  }
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
  if ((bits & kSplit) != 0) entry.mismatch = SizeMismatch::kIsSplit;
  return entry;
}

std::uint64_t EncodePvalidateEntry(const PvalidateEntry& entry) {
  return (entry.gpa.value() & kAddressMask) | static_cast<std::uint64_t>(entry.size) |
         (entry.state == PageState::kValid ? kValidate : 0) |
         (entry.unchanged == UnchangedPage::kIsIgnored ? kIgnoreUnchanged : 0) |
         (entry.mismatch == SizeMismatch::kIsSplit ? kSplit : 0);
}

// `stale` is set if translations of the page may be left.
ResultCode CoreProtocol::PvalidateOne(const CallContext& context, std::uint64_t bits, Gpa list_page,
                                      bool& stale) {
  const auto entry = DecodePvalidateEntry(bits, version_->pvalidate_reserved);
  if (!entry.ok()) return ResultCode::kInvalidParameter;
  const std::uint64_t size_bytes = SizeBytes(entry->size);
  if (!IsGuestRange(context.memory, entry->gpa, size_bytes) ||
      Overlap(entry->gpa, size_bytes, list_page, kPageSize)) {
    return ResultCode::kInvalidAddress;
  }
  const LockGuard guard(vcpus_.lock());
  if (vcpus_.OverlapsOwnedLocked(entry->gpa, size_bytes) ||
      vcpus_.OverlapsCallingAreaLocked(entry->gpa, size_bytes)) {
    return ResultCode::kInvalidAddress;
  }
  ResultCode code = Change(platform_, *entry, context.vmpl);
  const bool split = code == ResultCode::kSizeMismatch && entry->size == PageSize::k2M &&
                     entry->mismatch == SizeMismatch::kIsSplit;
  if (split) code = ChangeSplit(platform_, *entry, context.vmpl);
  if (entry->state == PageState::kInvalid && (split || code == ResultCode::kSuccess)) stale = true;
  return code;
}

Result<CallReply> CoreProtocol::Pvalidate(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  internal::CoreList list(context.memory, Gpa(in.rcx));
  ResultCode code = list.Open();
  if (code != ResultCode::kSuccess) return reply.With(code);

  std::uint64_t pages = 0;
  bool flush = false;
  while (!list.Done() && code == ResultCode::kSuccess) {
    if (pages != 0 && pages >= options_.pvalidate_pages_per_call) {
      code = ResultCode::kIncomplete;
      break;
    }
    std::uint64_t bits = 0;
    code = list.Read(bits);
    if (code != ResultCode::kSuccess) break;
    code = PvalidateOne(context, bits, list.Page(), flush);
    if (code != ResultCode::kSuccess) break;
    pages += (bits & kSizeMask) == 0 ? 1 : kLargePageSize / kPageSize;
    list.Advance();
  }
  if (flush) platform_.FlushTlbs();
  return reply.With(list.Close(code));
}

}  // namespace svsm::protocol
