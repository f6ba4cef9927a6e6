#include "svsm/protocol/apic.h"

namespace svsm::protocol {
namespace {

constexpr std::uint64_t kVectorMask = 0xFF;
constexpr std::uint64_t kVectorAllowed = 1 << 8;
constexpr std::uint64_t kVectorAll = 1 << 9;
constexpr std::uint64_t kVectorReserved = ~std::uint64_t{0x3FF};

constexpr std::uint64_t kLow8 = 0xFF;
constexpr std::uint64_t kIcrReserved = 0xFFF33000;

struct RegisterRow {
  ApicRegister first;
  std::uint64_t count;
  ApicAccess access;
  std::uint64_t reserved;
};

constexpr RegisterRow kRegisters[] = {
    {kApicId, 1, ApicAccess::kRead, 0},
    {kApicTpr, 1, ApicAccess::kReadWrite, ~kLow8},
    {kApicPpr, 1, ApicAccess::kRead, 0},
    {kApicEoi, 1, ApicAccess::kWrite, ~std::uint64_t{0}},
    {kApicLdr, 1, ApicAccess::kRead, 0},
    {kApicIsr0, 8, ApicAccess::kRead, 0},
    {kApicTmr0, 8, ApicAccess::kRead, 0},
    {kApicIrr0, 8, ApicAccess::kRead, 0},
    {kApicIcr, 1, ApicAccess::kReadWrite, kIcrReserved},
    {kApicSelfIpi, 1, ApicAccess::kWrite, ~kLow8},
};

const RegisterRow* Find(ApicRegister reg) {
  for (const RegisterRow& row : kRegisters) {
    if (reg >= row.first && reg.value() - row.first.value() < row.count) return &row;
  }
  return nullptr;
}

// The answer that the emulation's Status stands for.
Result<CallReply> Answer(CallReply reply, Status status) {
  switch (status.code()) {
    case Code::kOk:
      return reply;
    case Code::kPermissionDenied:
      return reply.With(kApicRefused);
    case Code::kInvalidArgument:
      return reply.With(ResultCode::kInvalidParameter);
    case Code::kFailedPrecondition:
      return reply.With(ResultCode::kInvalidRequest);
    case Code::kBusy:
      return reply.With(ResultCode::kBusy);
    default:
      return status;
  }
}

}  // namespace

ApicAccess AccessOf(ApicRegister reg) {
  const RegisterRow* row = Find(reg);
  return row == nullptr ? ApicAccess::kUnsupported : row->access;
}

std::uint64_t ReservedBitsOf(ApicRegister reg) {
  const RegisterRow* row = Find(reg);
  return row == nullptr ? ~std::uint64_t{0} : row->reserved;
}

Result<ApicVectorChoice> DecodeApicVectorChoice(std::uint64_t bits) {
  if ((bits & kVectorReserved) != 0) return Status(Code::kMalformed, Source::kProtocol);
  return ApicVectorChoice{.vector = static_cast<std::uint8_t>(bits & kVectorMask),
                          .allowed = (bits & kVectorAllowed) != 0,
                          .all = (bits & kVectorAll) != 0};
}

std::uint64_t EncodeApicVectorChoice(const ApicVectorChoice& choice) {
  return choice.vector | (choice.allowed ? kVectorAllowed : 0) | (choice.all ? kVectorAll : 0);
}

Result<CallReply> ApicService::Call(CallContext& context, const CallRegisters& in) {
  static constexpr CallEntry<ApicService> kCalls[] = {
      {kApicQueryFeatures, 1, &ApicService::QueryFeatures},
      {kApicConfigure, 1, &ApicService::Configure},
      {kApicReadRegister, 1, &ApicService::ReadRegister},
      {kApicWriteRegister, 1, &ApicService::WriteRegister},
      {kApicConfigureVector, 1, &ApicService::ConfigureVector},
  };
  return CallFromTable<ApicService>(*this, kCalls, 1, context, in);
}

Result<CallReply> ApicService::QueryFeatures(CallContext&, const CallRegisters& in) {
  CallReply reply(in);
  reply.registers.rcx = emulation_.Features();
  return reply;
}

Result<CallReply> ApicService::Configure(CallContext& context, const CallRegisters& in) {
  if (in.rcx > static_cast<std::uint64_t>(ApicRegistration::kRegister)) {
    return CallReply(in).With(ResultCode::kInvalidParameter);
  }
  return Answer(CallReply(in),
                emulation_.Configure(context, static_cast<ApicRegistration>(in.rcx)));
}

Result<CallReply> ApicService::ReadRegister(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  const ApicAccess access = AccessOf(ApicRegister(in.rcx));
  if (access == ApicAccess::kUnsupported) return reply.With(ResultCode::kInvalidAddress);
  if (access == ApicAccess::kWrite) return reply.With(ResultCode::kInvalidParameter);
  const Result<std::uint64_t> value = emulation_.Read(context, ApicRegister(in.rcx));
  if (value.ok()) reply.registers.rdx = *value;
  return Answer(reply, value.status());
}

Result<CallReply> ApicService::WriteRegister(CallContext& context, const CallRegisters& in) {
  CallReply reply(in);
  const ApicRegister reg(in.rcx);
  const ApicAccess access = AccessOf(reg);
  if (access == ApicAccess::kUnsupported) return reply.With(ResultCode::kInvalidAddress);
  if (access == ApicAccess::kRead || (in.rdx & ReservedBitsOf(reg)) != 0) {
    return reply.With(ResultCode::kInvalidParameter);
  }
  return Answer(reply, emulation_.Write(context, reg, in.rdx));
}

Result<CallReply> ApicService::ConfigureVector(CallContext& context, const CallRegisters& in) {
  const Result<ApicVectorChoice> choice = DecodeApicVectorChoice(in.rcx);
  if (!choice.ok()) return CallReply(in).With(ResultCode::kInvalidParameter);
  return Answer(CallReply(in), emulation_.ConfigureVector(context, *choice));
}

Result<std::uint64_t> ApicClient::QueryFeatures() {
  SVSM_ASSIGN_OR_RETURN(const CallRegisters answer,
                        client_.CallChecked(MakeCall(kApicProtocol, kApicQueryFeatures)));
  return answer.rcx;
}

Status ApicClient::Configure(ApicRegistration what) {
  CallRegisters call = MakeCall(kApicProtocol, kApicConfigure);
  call.rcx = static_cast<std::uint64_t>(what);
  return client_.CallChecked(call).status();
}

Result<std::uint64_t> ApicClient::Read(ApicRegister reg) {
  CallRegisters call = MakeCall(kApicProtocol, kApicReadRegister);
  call.rcx = reg.value();
  SVSM_ASSIGN_OR_RETURN(const CallRegisters answer, client_.CallChecked(call));
  return answer.rdx;
}

Status ApicClient::Write(ApicRegister reg, std::uint64_t value) {
  CallRegisters call = MakeCall(kApicProtocol, kApicWriteRegister);
  call.rcx = reg.value();
  call.rdx = value;
  return client_.CallChecked(call).status();
}

Status ApicClient::ConfigureVector(const ApicVectorChoice& choice) {
  CallRegisters call = MakeCall(kApicProtocol, kApicConfigureVector);
  call.rcx = EncodeApicVectorChoice(choice);
  return client_.CallChecked(call).status();
}

}  // namespace svsm::protocol
