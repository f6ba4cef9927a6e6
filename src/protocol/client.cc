#include "svsm/protocol/client.h"

#include "svsm/core/panic.h"
#include "svsm/core/writer.h"
#include "svsm/protocol/calling_area.h"
#include "svsm/protocol/vtpm.h"

namespace svsm::protocol {
namespace {

constexpr std::size_t kEntriesPerList =
    (sizeof(CallingArea::buffer) - sizeof(PvalidateListHeader)) / sizeof(wire::Le64);
// Entries that are made at once when a 2M page is taken apart.
constexpr std::size_t kSplitEntries = 64;
constexpr std::size_t kSmallPages = kLargePageSize / kPageSize;
static_assert(kSplitEntries <= kEntriesPerList && kSmallPages % kSplitEntries == 0);

Status Malformed(std::uint32_t detail) {
  return Status(Code::kMalformed, Source::kProtocol, detail);
}

ResultCode CodeOf(const CallRegisters& registers) {
  return static_cast<ResultCode>(static_cast<std::uint32_t>(registers.rax));
}

}  // namespace

Client::Client(GuestExit& exit, GuestBuffer calling_area, const ClientOptions& options)
    : exit_(exit), calling_area_(calling_area), options_(options) {
  SVSM_CHECK(calling_area.bytes.size() == sizeof(CallingArea) && IsPageAligned(calling_area.gpa));
}

// Everything that the call points at is written before the flag is, and the SVSM runs on this CPU:
// no other order is wanted of the first store. The exchange is the specification's.
Status Client::RunOnce(CallRegisters& registers) {
  std::uint8_t* pending = &calling_area_.bytes[offsetof(CallingArea, call_pending)];
  __atomic_store_n(pending, kCallPending, __ATOMIC_RELEASE);
  const Status status = exit_.RunSvsm(registers);
  const std::uint8_t left = __atomic_exchange_n(pending, kCallNotPending, __ATOMIC_SEQ_CST);
  SVSM_TRY(status);
  return left == kCallNotPending ? OkStatus() : Status(Code::kUnavailable, Source::kProtocol);
}

Status Client::Run(CallRegisters& registers) {
  const CallRegisters call = registers;
  std::uint32_t busy = 0;
  std::uint32_t incomplete = 0;
  while (true) {
    SVSM_TRY(RunOnce(registers));
    switch (CodeOf(registers)) {
      case ResultCode::kBusy:
        if (++busy > options_.max_busy) return Status(Code::kBusy, Source::kProtocol, busy);
        break;
      case ResultCode::kIncomplete:
        if (++incomplete > options_.max_incomplete) {
          return Status(Code::kExhausted, Source::kProtocol, incomplete);
        }
        break;
      default:
        return OkStatus();
    }
    registers = call;
  }
}

Status Client::RunChecked(CallRegisters& registers) {
  SVSM_TRY(Run(registers));
  return StatusOf(CodeOf(registers));
}

Result<CallRegisters> Client::Call(const CallRegisters& call) {
  CallRegisters registers = call;
  SVSM_TRY(Run(registers));
  return registers;
}

Result<CallRegisters> Client::CallChecked(const CallRegisters& call) {
  CallRegisters registers = call;
  SVSM_TRY(RunChecked(registers));
  return registers;
}

Result<VersionRange> Client::QueryProtocol(std::uint32_t protocol, std::uint32_t version) {
  CallRegisters call = MakeCall(kCoreProtocol, kCoreQueryProtocol);
  call.rcx = std::uint64_t{protocol} << 32 | version;
  SVSM_TRY(RunChecked(call));
  if (call.rcx == 0) return VersionRange();
  const VersionRange range{.min = static_cast<std::uint32_t>(call.rcx),
                           .max = static_cast<std::uint32_t>(call.rcx >> 32)};
  if (!range.contains(version)) return Malformed(range.min);
  return range;
}

Status Client::RemapCallingArea(GuestBuffer calling_area) {
  SVSM_CHECK(calling_area.bytes.size() == sizeof(CallingArea));
  CallRegisters call = MakeCall(kCoreProtocol, kCoreRemapCa);
  call.rcx = calling_area.gpa.value();
  SVSM_TRY(CallChecked(call).status());
  calling_area_ = calling_area;
  return OkStatus();
}

Status Client::Pvalidate(std::span<const PvalidateEntry> entries) {
  while (!entries.empty()) {
    const auto list =
        entries.first(entries.size() < kEntriesPerList ? entries.size() : kEntriesPerList);
    std::size_t done = 0;
    const Status status = PvalidateList(list, done);
    if (!status.ok()) {
      const bool split = status == StatusOf(ResultCode::kSizeMismatch) && done < list.size() &&
                         list[done].size == PageSize::k2M;
      if (!split) return status;
      SVSM_TRY(PvalidateAs4K(list[done]));
      ++done;
    }
    entries = entries.subspan(done);
  }
  return OkStatus();
}

// One list, at most kEntriesPerList entries; `done` of them were finished.
Status Client::PvalidateList(std::span<const PvalidateEntry> entries, std::size_t& done) {
  wire::Writer writer(Buffer());
  writer.Le16(static_cast<std::uint16_t>(entries.size()));
  writer.Le16(0);
  writer.Le32(0);
  for (const PvalidateEntry& entry : entries) writer.Le64(EncodePvalidateEntry(entry));
  SVSM_TRY(writer.Finish().status());

  CallRegisters call = MakeCall(kCoreProtocol, kCorePvalidate);
  call.rcx = BufferGpa().value();
  SVSM_ASSIGN_OR_RETURN(const CallRegisters answer, Call(call));
  const std::uint16_t next = wire::Read<PvalidateListHeader>(Buffer())->next.get();
  if (next > entries.size()) return Malformed(next);
  const Status status = StatusOf(CodeOf(answer));
  if (status.ok() && next != entries.size()) return Malformed(next);
  done = next;
  return status;
}

Status Client::PvalidateAs4K(const PvalidateEntry& entry) {
  std::array<PvalidateEntry, kSplitEntries> small;
  for (std::size_t page = 0; page < kSmallPages; page += kSplitEntries) {
    for (std::size_t i = 0; i < kSplitEntries; ++i) {
      small[i] = entry;
      small[i].size = PageSize::k4K;
      small[i].gpa = Gpa(entry.gpa.value() + (page + i) * kPageSize);
    }
    std::size_t done = 0;
    SVSM_TRY(PvalidateList(small, done));
  }
  return OkStatus();
}

Status Client::CreateVcpu(Gpa vmsa, Gpa calling_area, std::uint32_t apic_id) {
  CallRegisters call = MakeCall(kCoreProtocol, kCoreCreateVcpu);
  call.rcx = vmsa.value();
  call.rdx = calling_area.value();
  call.r8 = apic_id;
  return CallChecked(call).status();
}

Status Client::DeleteVcpu(Gpa vmsa) {
  CallRegisters call = MakeCall(kCoreProtocol, kCoreDeleteVcpu);
  call.rcx = vmsa.value();
  return CallChecked(call).status();
}

Result<std::uint64_t> Client::QueryVtpm() {
  SVSM_ASSIGN_OR_RETURN(const CallRegisters answer,
                        CallChecked(MakeCall(kVtpmProtocol, kVtpmQuery)));
  return answer.rcx;
}

Result<ByteView> Client::SendTpmCommand(ByteView command, GuestBuffer page) {
  SVSM_TRY(EncodeTpmRequest(command, page.bytes).status());
  CallRegisters call = MakeCall(kVtpmProtocol, kVtpmCommand);
  call.rcx = page.gpa.value();
  SVSM_TRY(RunChecked(call));
  return DecodeTpmResponse(page.bytes.first(kTpmBufferSize));
}

}  // namespace svsm::protocol
