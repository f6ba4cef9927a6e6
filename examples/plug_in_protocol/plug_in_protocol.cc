// A protocol that no specification knows, plugged into the dispatcher of a simulated machine and
// called by its guest: it counts. Nothing of the library is edited for it.
#include <array>
#include <cstdio>

#include "svsm/core/hosted.h"
#include "svsm/crypto/cpu_entropy.h"
#include "svsm/protocol/client.h"
#include "svsm/protocol/service.h"
#include "tools/common/entropy.h"
#include "tools/common/sim_vm.h"

namespace {

using namespace svsm;

// Call 0 adds RCX and gives the sum in RDX. Call 1 resets it.
class CounterService final : public protocol::Service {
 public:
  static constexpr std::uint32_t kProtocol = 0x00000100;

  std::uint32_t protocol() const override { return kProtocol; }
  protocol::VersionRange versions() const override { return {1, 1}; }
  Result<protocol::CallReply> Call(protocol::CallContext& context,
                                   const protocol::CallRegisters& in) override {
    return protocol::CallFromTable<CounterService>(*this, kCalls, 1, context, in);
  }

 private:
  Result<protocol::CallReply> Add(protocol::CallContext&, const protocol::CallRegisters& in) {
    protocol::CallReply reply(in);
    const LockGuard guard(lock_);
    reply.registers.rdx = sum_ += in.rcx;
    return reply;
  }
  Result<protocol::CallReply> Reset(protocol::CallContext&, const protocol::CallRegisters& in) {
    const LockGuard guard(lock_);
    sum_ = 0;
    return protocol::CallReply(in);
  }
  static constexpr std::array<protocol::CallEntry<CounterService>, 2> kCalls = {
      {{0, 1, &CounterService::Add}, {1, 1, &CounterService::Reset}}};

  SpinLock lock_;
  std::uint64_t sum_ = 0;
};

Status Run(const char* folder) {
  tool::Entropy entropy;
  SVSM_TRY(entropy.Seed());
  SVSM_ASSIGN_OR_RETURN(const auto platform, tool::SimPlatform::Open(folder, entropy.rng()));
  crypto::HardwareCpuRandom cpu;
  SVSM_ASSIGN_OR_RETURN(const auto vm,
                        tool::SimVm::Boot(*platform, sim::SvsmImage(AsBytes("an SVSM")), cpu));
  CounterService counter;
  SVSM_TRY(vm->machine().dispatcher().Register(counter));
  SVSM_TRY(vm->machine().StartGuest());

  protocol::Client guest(vm->machine().boot_vcpu(), vm->machine().boot_calling_area(), {});
  SVSM_ASSIGN_OR_RETURN(const protocol::VersionRange offered,
                        guest.QueryProtocol(CounterService::kProtocol, 1));
  std::printf("the SVSM offers protocol %x in versions %u to %u\n", CounterService::kProtocol,
              offered.min, offered.max);
  for (const std::uint64_t amount : {40u, 2u}) {
    protocol::CallRegisters call = protocol::MakeCall(CounterService::kProtocol, 0);
    call.rcx = amount;
    SVSM_ASSIGN_OR_RETURN(const protocol::CallRegisters back, guest.CallChecked(call));
    std::printf("after %llu more the sum is %llu\n", static_cast<unsigned long long>(amount),
                static_cast<unsigned long long>(back.rdx));
  }
  return OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: example-plug-in-protocol FOLDER\n", stderr), 2;
  const Status status = Run(argv[1]);
  if (!status.ok()) std::printf("%s\n", ToString(status).c_str());
  return status.ok() ? 0 : 1;
}
