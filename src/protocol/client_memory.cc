#include "svsm/core/writer.h"
#include "svsm/protocol/calling_area.h"
#include "svsm/protocol/client.h"

namespace svsm::protocol {
namespace {

constexpr std::size_t kEntriesPerList =
    (sizeof(CallingArea::buffer) - sizeof(PvalidateListHeader)) / sizeof(wire::Le64);

Status Malformed(std::uint32_t detail) {
  return Status(Code::kMalformed, Source::kProtocol, detail);
}

ResultCode CodeOf(const CallRegisters& registers) {
  return static_cast<ResultCode>(static_cast<std::uint32_t>(registers.rax));
}

}  // namespace

Status Client::DepositMemory(std::span<const DepositEntry> entries) {
  while (!entries.empty()) {
    const auto list =
        entries.first(entries.size() < kEntriesPerList ? entries.size() : kEntriesPerList);
    SVSM_TRY(DepositList(list));
    entries = entries.subspan(list.size());
  }
  return OkStatus();
}

Status Client::DepositList(std::span<const DepositEntry> entries) {
  wire::Writer writer(Buffer());
  writer.Le16(static_cast<std::uint16_t>(entries.size()));
  writer.Le16(0);
  writer.Le32(0);
  for (const DepositEntry& entry : entries) writer.Le64(EncodeDepositEntry(entry));
  SVSM_TRY(writer.Finish().status());

  CallRegisters call = MakeCall(kCoreProtocol, kCoreDepositMem);
  call.rcx = BufferGpa().value();
  SVSM_ASSIGN_OR_RETURN(const CallRegisters answer, Call(call));
  const std::uint16_t next = wire::Read<PvalidateListHeader>(Buffer())->next.get();
  SVSM_TRY(StatusOf(CodeOf(answer)));
  return next == entries.size() ? OkStatus() : Malformed(next);
}

Result<std::span<const Gpa>> Client::WithdrawMemory(std::span<Gpa> pages) {
  const std::size_t most = pages.size() < kEntriesPerList ? pages.size() : kEntriesPerList;
  if (most == 0) return std::span<const Gpa>();
  // The list ends with its page, so it starts where the wanted number of entries is left.
  const std::size_t bytes = sizeof(WithdrawListHeader) + most * sizeof(wire::Le64);
  const ByteSpan list = Buffer().last(bytes);
  CallRegisters call = MakeCall(kCoreProtocol, kCoreWithdrawMem);
  call.rcx = calling_area_.gpa.value() + kPageSize - bytes;
  SVSM_TRY(CallChecked(call).status());

  SVSM_ASSIGN_OR_RETURN(const WithdrawListHeader header, wire::Read<WithdrawListHeader>(list));
  const std::uint16_t entries = header.entries.get();
  if (entries > most) return Malformed(entries);
  for (std::size_t i = 0; i < entries; ++i) {
    const ByteView entry = list.subspan(sizeof(header) + i * sizeof(wire::Le64));
    SVSM_ASSIGN_OR_RETURN(const wire::Le64 gpa, wire::Read<wire::Le64>(entry));
    pages[i] = Gpa(gpa.get());
  }
  return std::span<const Gpa>(pages.first(entries));
}

Result<VtomSupport> Client::QueryVtom() {
  CallRegisters call = MakeCall(kCoreProtocol, kCoreConfigureVtom);
  call.rcx = kVtomQuery;
  SVSM_ASSIGN_OR_RETURN(const CallRegisters answer, CallChecked(call));
  if ((answer.rcx & kVtomSupported) == 0) return VtomSupport();
  const VtomSupport support{
      .alignment_log2 = static_cast<std::uint8_t>(answer.rcx >> kVtomAlignmentShift),
      .min = Gpa(answer.rdx),
      .max = Gpa(answer.r8)};
  if (support.alignment_log2 < 12 || support.alignment_log2 > 63 || support.min > support.max) {
    return Malformed(static_cast<std::uint32_t>(answer.rcx));
  }
  return support;
}

Status Client::SetVtom(std::optional<Gpa> vtom) {
  CallRegisters call = MakeCall(kCoreProtocol, kCoreConfigureVtom);
  if (vtom.has_value()) {
    if (!IsPageAligned(*vtom)) return Status(Code::kInvalidArgument, Source::kProtocol);
    call.rcx = vtom->value() | kVtomEnable;
  }
  return CallChecked(call).status();
}

}  // namespace svsm::protocol
