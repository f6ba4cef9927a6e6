// svsm/protocol/dispatcher.h: takes one exit of one vCPU and has the right service answer it.
//
//   std::array<Service*, 4> slots;
//   Dispatcher dispatcher(vcpus, memory, slots, log);
//   CoreProtocol core(vcpus, platform, dispatcher, {});
//   SVSM_TRY(dispatcher.Register(core));
//   ...
//   for (;;) {                                      // on each CPU
//     EnterGuest(vmsa);                             // until it leaves
//     SVSM_ASSIGN_OR_RETURN(const ExitOutcome outcome, ServeExit(dispatcher, platform, vmsa));
//     if (outcome == ExitOutcome::kVcpuDeleted) break;
//   }
//
// Spec: AMD 58019, "Calling convention". Profile: freestanding. Allocates: never. Threads: Register
// before the first vCPU runs; Dispatch and ServeExit from every vCPU at once, one exit a vCPU.
#ifndef SVSM_PROTOCOL_DISPATCHER_H_
#define SVSM_PROTOCOL_DISPATCHER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "svsm/core/log.h"
#include "svsm/core/result.h"
#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/platform.h"
#include "svsm/protocol/registers.h"
#include "svsm/protocol/service.h"
#include "svsm/protocol/vcpu_registry.h"

namespace svsm::protocol {

enum class ExitOutcome : std::uint8_t {
  kSpurious,     // no call was pending: nothing was touched
  kAnswered,     // registers and calling area hold the answer
  kVcpuDeleted,  // the vCPU deleted itself: nothing was written back, do not enter it again
};

// Dispatch()'s error when the answer is complete, but the calling area went away before it could be
// told so.
inline constexpr Status kAnswerNotSignalled(Code::kOutOfRange, Source::kProtocol, 1);

class Dispatcher final : public ServiceDirectory {
 public:
  // Borrows everything for its own life. `slots` bounds the number of services.
  Dispatcher(VcpuRegistry& vcpus, GuestMemory& memory, std::span<Service*> slots, LogSink& log)
      : vcpus_(vcpus), memory_(memory), slots_(slots), log_(log) {}
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  // Makes `service` answer the calls of its protocol, and borrows it.
  // Errors: kAlreadyExists (detail = protocol: it has a service), kOutOfMemory (no slot).
  Status Register(Service& service);

  Service* Find(std::uint32_t protocol) const override;

  // Serves an exit of the vCPU with this VMSA, whose registers are in `registers` and are replaced
  // by the answer.
  // CALL_PENDING 0 is kSpurious; 1 is a call; any other value is answered with kInvalidFormat. An
  // answer clears CALL_PENDING after the service has done its work. A protocol without service is
  // answered with kUnsupportedProtocol.
  // Errors: kNotFound (no such VMSA), kBusy (another CPU serves this vCPU; nothing was touched),
  // kOutOfRange (the calling area cannot be accessed: detail 0 before the call, nothing was
  // touched; detail 1 after it, the answer is in `registers`).
  Result<ExitOutcome> Dispatch(Gpa vmsa, CallRegisters& registers);

 private:
  struct Caller {
    Gpa vmsa;
    Gpa calling_area;
    Vmpl vmpl;
  };
  Afterwards Serve(const Caller& caller, std::uint8_t pending, CallRegisters& registers);
  Result<CallReply> Answer(CallContext& context, std::uint8_t pending, const CallRegisters& in);
  void AnnounceMemoryLocked();

  VcpuRegistry& vcpus_;
  GuestMemory& memory_;
  std::span<Service*> slots_;
  std::size_t count_ = 0;
  LogSink& log_;
  // What MEM_AVAILABLE says, and in which page. Under the registry's lock.
  Gpa announced_in_;
  bool announced_ = false;
};

// Serves an exit straight from and to the VMSA: clears EFER.SVME so that no CPU can enter it,
// ignores exits other than VMGEXIT, dispatches, writes the registers, and sets EFER.SVME last.
// Errors: those of Dispatch(), Platform::ReadVmsa and WriteVmsa. EFER.SVME is set after an error,
// too, except after kNotFound (it is no vCPU of ours) and kBusy (the other CPU sets it).
Result<ExitOutcome> ServeExit(Dispatcher& dispatcher, Platform& platform, Gpa vmsa);

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_DISPATCHER_H_
