// The guest's seams: an exit that runs the dispatcher (or does what a bad host does), and pages.
#ifndef SVSM_TESTS_PROTOCOL_CLIENT_FAKES_H_
#define SVSM_TESTS_PROTOCOL_CLIENT_FAKES_H_

#include <set>

#include "svsm/protocol/client.h"
#include "tests/protocol/fixture.h"

namespace svsm::protocol {

class FakeExit final : public GuestExit {
 public:
  FakeExit(Svsm& svsm, Gpa vmsa) : svsm_(svsm), vmsa_(vmsa) {}
  Status RunSvsm(CallRegisters& registers) override {
    ++exits;
    if (!host_error.ok()) return host_error;
    if (host_ignores) return OkStatus();
    if (busy > 0) {
      --busy;
      return Answer(registers, ResultCode::kBusy);
    }
    const auto outcome = svsm_.dispatcher.Dispatch(vmsa_, registers);
    if (!outcome.ok()) return outcome.status();
    if (forge_rcx) registers.rcx = *forge_rcx;
    if (forge_rax) registers.rax = *forge_rax;
    return OkStatus();
  }

  unsigned exits = 0;
  unsigned busy = 0;
  bool host_ignores = false;
  Status host_error;
  std::optional<std::uint64_t> forge_rcx;
  std::optional<std::uint64_t> forge_rax;

 private:
  Status Answer(CallRegisters& registers, ResultCode code) {
    registers.rax = ToU32(code);
    registers.rcx = registers.rdx = registers.r8 = 0xBAD;  // a call that is repeated starts anew
    svsm_.machine.Map(svsm_.vcpus.Find(vmsa_)->calling_area, 1)[0] = 0;
    return OkStatus();
  }
  Svsm& svsm_;
  Gpa vmsa_;
};

// Gives out frames from 0x50 on, and never again.
class FakePages final : public GuestPages {
 public:
  explicit FakePages(FakeMachine& machine) : machine_(machine) {}
  Result<GuestBuffer> Allocate(std::size_t size_bytes) override {
    const std::size_t pages = (size_bytes + kPageSize - 1) / kPageSize;
    if (pages > left) return Status(Code::kOutOfMemory, Source::kCaller);
    left -= pages;
    const Gpa gpa = FakeMachine::Frame(next_);
    next_ += pages;
    live.insert(gpa.value());
    return GuestBuffer{gpa, machine_.Map(gpa, pages * kPageSize)};
  }
  void Free(GuestBuffer buffer) override { EXPECT_EQ(live.erase(buffer.gpa.value()), 1u); }

  std::set<std::uint64_t> live;
  std::size_t left = 100;

 private:
  FakeMachine& machine_;
  std::size_t next_ = 0x50;
};

}  // namespace svsm::protocol

#endif  // SVSM_TESTS_PROTOCOL_CLIENT_FAKES_H_
