#include "tests/protocol/fakes.h"

#include <algorithm>

#include "svsm/protocol/vmsa.h"

namespace svsm::protocol {
namespace {

std::string Hex(std::uint64_t value) {
  std::string text;
  do {
    text.insert(text.begin(), "0123456789abcdef"[value % 16]);
    value /= 16;
  } while (value != 0);
  return text;
}

const char* Name(PageSize size) { return size == PageSize::k4K ? " 4K" : " 2M"; }

Status Fault() { return Status(Code::kOutOfRange, Source::kCaller); }

}  // namespace

void FakeMachine::PokeVmsa(Gpa vmsa, std::uint8_t vmpl, std::uint64_t efer,
                           std::uint64_t sev_features) {
  Poke(Gpa(vmsa.value() + kVmsaVmpl), {&vmpl, 1});
  Poke(Gpa(vmsa.value() + kVmsaEfer), wire::ToBytes(wire::Le64(efer)));
  Poke(Gpa(vmsa.value() + kVmsaSevFeatures), wire::ToBytes(wire::Le64(sev_features)));
}

bool FakeMachine::Accessible(Gpa gpa, std::uint64_t size) const {
  for (std::uint64_t at = gpa.value() / kPageSize; at <= (gpa.value() + size - 1) / kPageSize;
       ++at) {
    if (at >= kFrames || !pages_[at].valid || pages_[at].faults) return false;
  }
  return true;
}

Status FakeMachine::Read(Gpa from, ByteSpan out) const {
  const std::lock_guard guard(mutex_);
  if (!IsGuestRange(*this, from, out.size()) || (!out.empty() && !Accessible(from, out.size()))) {
    Fill(out, 0);
    return Fault();
  }
  Copy(out, bytes_.subspan(from.value(), out.size()));
  reads_.emplace_back(from.value(), from.value() + out.size());
  return OkStatus();
}

unsigned FakeMachine::MostReads() const {
  const std::lock_guard guard(mutex_);
  unsigned most = 0;
  for (const auto& [from, to] : reads_) {
    if (from == to) continue;
    unsigned count = 0;
    for (const auto& [other_from, other_to] : reads_) {
      if (other_from <= from && from < other_to) ++count;
    }
    most = std::max(most, count);
  }
  return most;
}

Status FakeMachine::Write(Gpa to, ByteView bytes) {
  const std::lock_guard guard(mutex_);
  if (bytes.empty()) return OkStatus();
  if (!IsGuestRange(*this, to, bytes.size()) || !Accessible(to, bytes.size())) return Fault();
  Copy(bytes_.subspan(to.value()), bytes);
  writes_.emplace_back(to.value(), to.value() + bytes.size());
  return OkStatus();
}

void FakeMachine::Step(const std::string& what, Gpa gpa, const std::string& rest) {
  steps_.push_back(what + " " + Hex(gpa.value() / kPageSize) + rest);
}

std::uint32_t FakeMachine::Planned(const std::string& instruction) {
  const auto found = fail_next_.find(instruction);
  if (found == fail_next_.end()) return kInstructionOk;
  const std::uint32_t eax = found->second;
  fail_next_.erase(found);
  return eax;
}

PvalidateResult FakeMachine::Pvalidate(Gpa gpa, PageSize size, PageState state) {
  const std::lock_guard guard(mutex_);
  Step("pvalidate", gpa,
       std::string(Name(size)) + (state == PageState::kValid ? " valid" : " invalid"));
  const std::uint32_t eax = Planned("pvalidate");
  if (eax != kInstructionOk) return {.eax = eax, .unchanged = false};
  const std::size_t first = gpa.value() / kPageSize;
  const bool wanted = state == PageState::kValid;
  bool unchanged = true;
  for (std::size_t i = 0; i < SizeBytes(size) / kPageSize; ++i) {
    FakePage& page = pages_[first + i];
    unchanged = unchanged && page.valid == wanted;
    if (page.valid != wanted) page.access = {};
    page.valid = wanted;
  }
  return {.eax = kInstructionOk, .unchanged = unchanged};
}

std::uint32_t FakeMachine::Revoke(Gpa gpa, PageSize size) {
  const std::lock_guard guard(mutex_);
  Step("revoke", gpa, Name(size));
  const std::uint32_t eax = Planned("revoke");
  if (eax != kInstructionOk) return eax;
  for (std::size_t i = 0; i < SizeBytes(size) / kPageSize; ++i) {
    pages_[gpa.value() / kPageSize + i].access = {};
  }
  return kInstructionOk;
}

std::uint32_t FakeMachine::Grant(Gpa gpa, PageSize size, Vmpl lowest) {
  const std::lock_guard guard(mutex_);
  Step("grant", gpa, std::string(Name(size)) + " " + Hex(lowest.value()));
  const std::uint32_t eax = Planned("grant");
  if (eax != kInstructionOk) return eax;
  for (std::size_t i = 0; i < SizeBytes(size) / kPageSize; ++i) {
    FakePage& page = pages_[gpa.value() / kPageSize + i];
    if (!page.valid || page.vmsa) return kFailInput;
    for (std::uint32_t vmpl = 1; vmpl < kNumVmpls; ++vmpl) {
      page.access[vmpl] = vmpl <= lowest.value();
    }
  }
  return kInstructionOk;
}

Status FakeMachine::Zero(Gpa gpa, PageSize size) {
  const std::lock_guard guard(mutex_);
  Step("zero", gpa, Name(size));
  if (zero_fails) return Status(Code::kIoError, Source::kCaller);
  Fill(bytes_.subspan(gpa.value(), SizeBytes(size)), 0);
  return OkStatus();
}

void FakeMachine::FlushTlbs() {
  const std::lock_guard guard(mutex_);
  steps_.push_back("flush");
}

std::uint32_t FakeMachine::SetVmsa(Gpa vmsa) {
  const std::lock_guard guard(mutex_);
  Step("setvmsa", vmsa, "");
  const std::uint32_t eax = Planned("setvmsa");
  if (eax != kInstructionOk) return eax;
  pages_[vmsa.value() / kPageSize].vmsa = true;
  return kInstructionOk;
}

std::uint32_t FakeMachine::ClearVmsa(Gpa vmsa) {
  const std::lock_guard guard(mutex_);
  Step("clearvmsa", vmsa, "");
  FakePage& page = pages_[vmsa.value() / kPageSize];
  if (page.running) return kFailInUse;
  page.vmsa = false;
  return kInstructionOk;
}

Status FakeMachine::ReadVmsa(Gpa vmsa, std::uint32_t offset, ByteSpan out) const {
  const std::lock_guard guard(mutex_);
  if (!Accessible(vmsa, kPageSize)) {
    Fill(out, 0);
    return Status(Code::kIoError, Source::kCaller);
  }
  Copy(out, bytes_.subspan(vmsa.value() + offset, out.size()));
  return OkStatus();
}

Status FakeMachine::WriteVmsa(Gpa vmsa, std::uint32_t offset, ByteView bytes) {
  const std::lock_guard guard(mutex_);
  if (!Accessible(vmsa, kPageSize)) return Status(Code::kIoError, Source::kCaller);
  if (fail_vmsa_write_after >= 0 && fail_vmsa_write_after-- == 0) {
    return Status(Code::kIoError, Source::kCaller);
  }
  steps_.push_back("writevmsa " + Hex(offset));
  Copy(bytes_.subspan(vmsa.value() + offset), bytes);
  return OkStatus();
}

}  // namespace svsm::protocol
