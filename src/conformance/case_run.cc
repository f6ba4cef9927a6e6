#include "conformance/case_run.h"

#include <charconv>
#include <utility>

#include "svsm/protocol/result_code.h"

namespace svsm::conformance::internal {
namespace {

using protocol::CallRegisters;

constexpr std::uint64_t CallRegisters::*kFields[] = {&CallRegisters::rax, &CallRegisters::rcx,
                                                     &CallRegisters::rdx, &CallRegisters::r8,
                                                     &CallRegisters::r9};
constexpr const char* kNames[] = {"RAX", "RCX", "RDX", "R8", "R9"};

bool AsksForRepetition(std::uint64_t rax) {
  return rax == ToU32(protocol::ResultCode::kBusy) ||
         rax == ToU32(protocol::ResultCode::kIncomplete);
}

}  // namespace

std::string Hex(std::uint64_t value) {
  char digits[16];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof(digits), value, 16);
  return "0x" + std::string(digits, end.ptr);
}

bool CaseRun::End(Verdict verdict, const std::string& why) {
  outcome_ = {verdict, why};
  return false;
}

bool CaseRun::EndBy(Status status, const std::string& what) {
  if (status.code() == Code::kNotFound || status.code() == Code::kUnsupported) {
    return End(Verdict::kSkipped, "no " + what + " here");
  }
  return Fail(what + ": " + ToString(status));
}

bool CaseRun::EvaluateTerm(const std::string& term, std::uint64_t& value) {
  if (term.starts_with("0x")) {
    const char* end = term.data() + term.size();
    const std::from_chars_result parsed = std::from_chars(term.data() + 2, end, value, 16);
    return parsed.ptr == end && parsed.ec == std::errc() ? true
                                                         : Fail("'" + term + "' is no number");
  }
  const auto saved = saved_.find(term);
  if (saved != saved_.end()) {
    value = saved->second;
    return true;
  }
  const Result<std::uint64_t> place = subject_.Place(term);
  if (!place.ok()) return EndBy(place.status(), "place '" + term + "'");
  value = *place;
  return true;
}

bool CaseRun::Evaluate(const Expression& expression, std::uint64_t& value) {
  value = 0;
  std::size_t begin = 0;
  bool minus = false;
  while (true) {
    const std::size_t end = expression.find_first_of("+-", begin);
    std::uint64_t term = 0;
    if (!EvaluateTerm(expression.substr(begin, end - begin), term)) return false;
    value = minus ? value - term : value + term;
    if (end == std::string::npos) return true;
    minus = expression[end] == '-';
    begin = end + 1;
  }
}

bool CaseRun::Place(PlacedBytes placed, std::uint64_t& at, ByteVector& bytes) {
  if (!Evaluate(placed.at, at)) return false;
  if (!placed.value.empty()) {
    std::uint64_t value = 0;
    if (!Evaluate(placed.value, value)) return false;
    for (std::uint8_t& byte : placed.bytes) {
      byte = static_cast<std::uint8_t>(value);
      value >>= 8;
    }
  }
  bytes = std::move(placed.bytes);
  return true;
}

bool CaseRun::Query(std::uint32_t protocol, std::uint32_t version, bool& offered) {
  std::uint64_t vmsa = 0;
  std::uint64_t area = 0;
  if (!Evaluate("vmsa", vmsa) || !Evaluate("area", area)) return false;
  CallRegisters registers = protocol::MakeCall(protocol::kCoreProtocol, 6);
  registers.rcx = std::uint64_t{protocol} << 32 | version;
  bool gone = false;
  if (!Make(Gpa(vmsa), Gpa(area), 1, registers, gone)) return false;
  if (gone) return Fail("QUERY_PROTOCOL did not return");
  offered = registers.rax == 0 && registers.rcx != 0;
  return true;
}

bool CaseRun::Meet(const Need& need) {
  bool offered = false;
  const std::string name = "protocol " + std::to_string(need.protocol) + " version ";
  if (need.version) {
    if (!Query(need.protocol, *need.version, offered)) return false;
    if (!offered) {
      return End(Verdict::kSkipped, name + std::to_string(*need.version) + " is not offered");
    }
  }
  if (need.without_version) {
    if (!Query(need.protocol, *need.without_version, offered)) return false;
    if (offered) {
      return End(Verdict::kSkipped, name + std::to_string(*need.without_version) + " is offered");
    }
  }
  return true;
}

bool CaseRun::Begin(const Case& one) {
  const Status reset = subject_.Reset();
  if (!reset.ok()) return Fail("reset: " + ToString(reset));
  for (const Need& need : one.needs) {
    if (!Meet(need)) return false;
  }
  return true;
}

bool CaseRun::Make(Gpa vmsa, Gpa area, std::uint8_t pending, CallRegisters& registers, bool& gone) {
  const CallRegisters made = registers;
  for (std::uint32_t i = 0; i < kMaxRepeats; ++i) {
    const Status written = subject_.Write(area, {&pending, 1});
    if (!written.ok()) return Fail("the calling area cannot be written: " + ToString(written));
    registers = made;
    const Status called = subject_.Call(vmsa, registers);
    gone = called.code() == Code::kConnectionClosed;
    if (gone) return true;
    if (!called.ok()) return EndBy(called, "call");
    std::uint8_t after = 0;
    const Status read = subject_.Read(area, {&after, 1});
    if (!read.ok()) return Fail("the calling area cannot be read: " + ToString(read));
    if (after != 0) return Fail("CALL_PENDING is " + std::to_string(after) + " afterwards");
    if (pending == 0 || !AsksForRepetition(registers.rax)) return true;
  }
  return Fail("BUSY or INCOMPLETE " + std::to_string(kMaxRepeats) + " times");
}

bool CaseRun::JudgeResult(const Case& one, const Expected& expected, std::uint64_t rax) {
  std::string wanted;
  for (const Expression& expression : expected.rax) {
    std::uint64_t code = 0;
    if (!Evaluate(expression, code)) return false;
    if (rax == code) return true;
    wanted += (wanted.empty() ? "" : " or ") + Hex(code);
  }
  for (const Expression& expression : one.not_offered) {
    std::uint64_t code = 0;
    if (!Evaluate(expression, code)) return false;
    if (rax == code) return End(Verdict::kSkipped, "the call is not offered");
  }
  return Fail("RAX is " + Hex(rax) + ", not " + wanted);
}

bool CaseRun::JudgeMemory(const ExpectedMemory& expected) {
  using Kind = ExpectedMemory::Kind;
  std::uint64_t at = 0;
  ByteVector wanted;
  if (!Place(expected.placed, at, wanted)) return false;
  const std::string place = expected.placed.at + " (" + Hex(at) + ")";
  ByteVector bytes(wanted.empty() ? 1 : wanted.size());
  const Status read = subject_.Read(Gpa(at), bytes);
  if (!read.ok() && read.code() != Code::kOutOfRange) return EndBy(read, "read");
  if (expected.kind == Kind::kNoAccess) {
    return read.ok() ? Fail("the guest has access to " + place) : true;
  }
  if (!read.ok()) return Fail("the guest has no access to " + place);
  if (expected.kind == Kind::kAccess) return true;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == wanted[i]) continue;
    return Fail("byte " + std::to_string(i) + " of " + place + " is " + Hex(bytes[i]) + ", not " +
                Hex(wanted[i]));
  }
  return true;
}

bool CaseRun::Judge(const Case& one, const Expected& expected, const CallRegisters& registers) {
  if (!JudgeResult(one, expected, registers.rax)) return false;
  for (std::size_t i = 0; i < expected.registers.size(); ++i) {
    if (expected.registers[i].empty()) continue;
    std::uint64_t wanted = 0;
    if (!Evaluate(expected.registers[i], wanted)) return false;
    const std::uint64_t value = registers.*kFields[i + 1];
    if (value != wanted) {
      return Fail(std::string(kNames[i + 1]) + " is " + Hex(value) + ", not " + Hex(wanted));
    }
  }
  for (const auto& [index, name] : expected.saved) saved_[name] = registers.*kFields[index + 1];
  for (const ExpectedMemory& memory : expected.memory) {
    if (!JudgeMemory(memory)) return false;
  }
  for (const Check& check : expected.checks) {
    if (!JudgeCheck(check)) return false;
  }
  return true;
}

bool CaseRun::RunStep(const Case& one, const Step& step) {
  for (const PlacedBytes& write : step.writes) {
    std::uint64_t at = 0;
    ByteVector bytes;
    if (!Place(write, at, bytes)) return false;
    const Status written = subject_.Write(Gpa(at), bytes);
    if (!written.ok()) return Fail("write to " + write.at + ": " + ToString(written));
  }
  std::uint64_t vmsa = 0;
  std::uint64_t area = 0;
  if (!Evaluate(step.call.vmsa, vmsa) || !Evaluate(step.call.area, area)) return false;
  CallRegisters registers;
  for (std::size_t i = 0; i < step.call.registers.size(); ++i) {
    if (!Evaluate(step.call.registers[i], registers.*kFields[i])) return false;
  }
  bool gone = false;
  if (!Make(Gpa(vmsa), Gpa(area), step.call.pending, registers, gone)) return false;
  if (gone != step.expected.gone) return Fail(gone ? "the vCPU does not come back" : "it returned");
  return gone || Judge(one, step.expected, registers);
}

}  // namespace svsm::conformance::internal
