// svsm/protocol/service.h: what answers the calls of one protocol, and how it plugs in.
//
//   class Echo final : public Service {
//    public:
//     std::uint32_t protocol() const override { return 0x80000001; }
//     VersionRange versions() const override { return {1, 1}; }
//     Result<CallReply> Call(CallContext&, const CallRegisters& in) override {
//       CallReply reply(in);
//       if (in.call() != 0) return reply.With(ResultCode::kUnsupportedCall);
//       reply.registers.rdx = in.rcx;
//       return reply;
//     }
//   };
//
// A service with several calls keeps them in a table (CallEntry) and lets CallFromTable() choose.
// Calls are added to a protocol that exists by a Service that holds the other one and passes on
// what it does not know.
//
// Profile: freestanding. Allocates: as the service says. Threads: Call() comes from every vCPU at
// once; a service that cannot serve now answers ResultCode::kBusy and has changed nothing.
#ifndef SVSM_PROTOCOL_SERVICE_H_
#define SVSM_PROTOCOL_SERVICE_H_

#include <cstdint>
#include <span>

#include "svsm/core/result.h"
#include "svsm/protocol/guest_memory.h"
#include "svsm/protocol/registers.h"
#include "svsm/protocol/result_code.h"

namespace svsm::protocol {

// The versions of a protocol that are offered, both ends included. {0, 0}: none at the moment, so
// that a call is answered with kUnsupportedProtocol.
struct VersionRange {
  std::uint32_t min = 0;
  std::uint32_t max = 0;

  constexpr bool empty() const { return max == 0; }
  constexpr bool contains(std::uint32_t version) const {
    return !empty() && version >= min && version <= max;
  }
  friend constexpr bool operator==(const VersionRange&, const VersionRange&) = default;
};

// Who calls.
struct CallContext {
  Gpa vmsa;          // names the vCPU in the VcpuRegistry
  Gpa calling_area;  // where it was when the call came
  Vmpl vmpl;         // of the caller; 1 to 3
  // Refuses, besides what the platform refuses, every byte that is in a VMSA, in a deposited page
  // or in the first eight of the calling area.
  GuestMemory& memory;
};

enum class Afterwards : std::uint8_t {
  kResume,       // the guest's vCPU goes on
  kDoNotResume,  // the vCPU no longer exists: nothing is written back
};

// The answer to a call: the result code and every register that the guest gets back, in success and
// failure alike.
struct CallReply {
  // Success, with the arguments as the call brought them.
  explicit CallReply(const CallRegisters& in) : registers(in) {}

  CallReply& With(ResultCode code) {
    result = code;
    return *this;
  }

  ResultCode result = ResultCode::kSuccess;
  CallRegisters registers;  // rax is ignored: `result` goes there
  Afterwards afterwards = Afterwards::kResume;
};

class Service {
 public:
  // RAX[63:32] of its calls. Constant.
  virtual std::uint32_t protocol() const = 0;

  // What QUERY_PROTOCOL answers. It may change while the guest runs.
  virtual VersionRange versions() const = 0;

  // Answers one call. Whatever the guest did wrong is a result code; a Status says that the SVSM
  // itself failed, and the dispatcher gives the guest kInvalidRequest for it and logs it.
  virtual Result<CallReply> Call(CallContext& context, const CallRegisters& in) = 0;

 protected:
  ~Service() = default;
};

// One call of the protocol that `S` implements.
template <typename S>
struct CallEntry {
  std::uint32_t call;           // RAX[31:0]
  std::uint32_t first_version;  // offered from this protocol version on
  Result<CallReply> (S::*handler)(CallContext& context, const CallRegisters& in);
};

// Runs the handler that `table` names for in.call() in a protocol offered up to `version`;
// kUnsupportedCall if there is none.
template <typename S>
Result<CallReply> CallFromTable(S& service, std::span<const CallEntry<S>> table,
                                std::uint32_t version, CallContext& context,
                                const CallRegisters& in) {
  for (const CallEntry<S>& entry : table) {
    if (entry.call == in.call() && entry.first_version <= version) {
      return (service.*entry.handler)(context, in);
    }
  }
  return CallReply(in).With(ResultCode::kUnsupportedCall);
}

// Finds services by their protocol number.
class ServiceDirectory {
 public:
  // Null if there is none.
  virtual Service* Find(std::uint32_t protocol) const = 0;

 protected:
  ~ServiceDirectory() = default;
};

}  // namespace svsm::protocol

#endif  // SVSM_PROTOCOL_SERVICE_H_
