#include "protocol/core_list.h"
#include "svsm/core/lock.h"
#include "svsm/protocol/core_protocol.h"

namespace svsm::protocol {
namespace {

constexpr std::uint64_t kSizeMask = 0x3;
constexpr std::uint64_t kReserved = 0xFFC;
constexpr std::uint64_t kAddressMask = ~std::uint64_t{0xFFF};

Status BadEntry(std::uint32_t why) { return Status(Code::kMalformed, Source::kProtocol, why); }

}  // namespace

Result<DepositEntry> DecodeDepositEntry(std::uint64_t bits) {
  if ((bits & kSizeMask) > static_cast<std::uint64_t>(PageSize::k2M)) return BadEntry(0);
  if ((bits & kReserved) != 0) return BadEntry(1);
  const DepositEntry entry{.gpa = Gpa(bits & kAddressMask),
                           .size = static_cast<PageSize>(bits & kSizeMask)};
  if (entry.gpa.value() % SizeBytes(entry.size) != 0) return BadEntry(2);
  return entry;
}

std::uint64_t EncodeDepositEntry(const DepositEntry& entry) {
  return (entry.gpa.value() & kAddressMask) | static_cast<std::uint64_t>(entry.size);
}

ResultCode CoreProtocol::DepositOne(const CallContext& context, std::uint64_t bits, Gpa list_page) {
  const Result<DepositEntry> entry = DecodeDepositEntry(bits);
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
  const Status added = vcpus_.pool().AddLocked(entry->gpa, entry->size, context.vmsa);
  if (!added.ok()) {
    return added.code() == Code::kAlreadyExists ? ResultCode::kInvalidAddress
                                                : ResultCode::kInvalidRequest;
  }
  const std::uint32_t eax = platform_.Revoke(entry->gpa, entry->size);
  // A page that cannot be wiped is not validated, and no use to the SVSM.
  if (eax == kInstructionOk && platform_.Zero(entry->gpa, entry->size).ok()) {
    return ResultCode::kSuccess;
  }
  (void)platform_.Grant(entry->gpa, entry->size, context.vmpl);
  (void)vcpus_.pool().RemoveLocked(entry->gpa);
  return eax == kInstructionOk ? ResultCode::kInvalidAddress : InstructionFailure(eax);
}

Result<CallReply> CoreProtocol::DepositMem(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  if (vcpus_.pool().empty()) return reply.With(ResultCode::kUnsupportedCall);
  internal::CoreList list(context.memory, Gpa(in.rcx));
  ResultCode code = list.Open();
  if (code != ResultCode::kSuccess) return reply.With(code);

  std::uint64_t pages = 0;
  while (!list.Done() && code == ResultCode::kSuccess) {
    if (pages != 0 && pages >= options_.pvalidate_pages_per_call) {
      code = ResultCode::kIncomplete;
      break;
    }
    std::uint64_t bits = 0;
    code = list.Read(bits);
    if (code != ResultCode::kSuccess) break;
    code = DepositOne(context, bits, list.Page());
    if (code != ResultCode::kSuccess) break;
    pages += (bits & kSizeMask) == 0 ? 1 : kLargePageSize / kPageSize;
    list.Advance();
  }
  if (pages != 0) {
    platform_.FlushTlbs();
    const LockGuard guard(vcpus_.lock());
    vcpus_.pool().SettleLocked(context.vmsa);
  }
  return reply.With(list.Close(code));
}

// The next 4K page that is the guest's again. kInvalidAddress: there is none.
ResultCode CoreProtocol::GiveBack(const CallContext& context, Gpa& page) {
  PagePool& pool = vcpus_.pool();
  const LockGuard guard(vcpus_.lock());
  while (true) {
    const Result<Gpa> next = pool.TellLocked();
    if (next.ok()) {
      page = *next;
      return ResultCode::kSuccess;
    }
    const DepositedPage* free = pool.FirstFreeLocked();
    if (free == nullptr) return ResultCode::kInvalidAddress;
    const Gpa gpa = free->gpa;
    // A page that the host took away is nobody's until the guest validates it anew.
    if (platform_.Zero(gpa, free->size).ok() &&
        platform_.Grant(gpa, free->size, context.vmpl) == kInstructionOk) {
      pool.LeaveLocked(gpa);
    } else {
      (void)pool.RemoveLocked(gpa);
    }
  }
}

Result<CallReply> CoreProtocol::WithdrawMem(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  if (vcpus_.pool().empty()) return reply.With(ResultCode::kUnsupportedCall);
  const Gpa list(in.rcx);
  const std::uint64_t room = kPageSize - list.value() % kPageSize;
  if (list.value() % 8 != 0 || room <= sizeof(WithdrawListHeader)) {
    return reply.With(ResultCode::kInvalidParameter);
  }
  // An empty list first: nothing leaves the pool for a guest that cannot be told.
  WithdrawListHeader header{};
  if (!context.memory.Write(list, wire::ToBytes(header)).ok()) {
    return reply.With(ResultCode::kInvalidAddress);
  }
  const std::uint64_t most = (room - sizeof(header)) / sizeof(wire::Le64);
  std::uint16_t entries = 0;
  for (Gpa page; entries < most && GiveBack(context, page) == ResultCode::kSuccess; ++entries) {
    const Gpa at(list.value() + sizeof(header) + entries * sizeof(wire::Le64));
    if (!context.memory.Write(at, wire::ToBytes(wire::Le64(page.value()))).ok()) {
      return reply.With(ResultCode::kInvalidAddress);
    }
  }
  header.entries = entries;
  const bool written = context.memory.Write(list, wire::ToBytes(header)).ok();
  return reply.With(written ? ResultCode::kSuccess : ResultCode::kInvalidAddress);
}

}  // namespace svsm::protocol
