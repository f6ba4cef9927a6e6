#ifndef SVSM_SIM_VIRTUAL_CPU_H_
#define SVSM_SIM_VIRTUAL_CPU_H_

#include "svsm/sim/machine.h"

namespace svsm::sim {

// A vCPU of the guest: on its exit the registers go to the VMSA, as hardware puts them there, and
// the dispatcher serves the exit, if the host lets it.
class VirtualCpu final : public protocol::GuestExit {
 public:
  VirtualCpu(Machine& machine, Host& host, Gpa vmsa)
      : machine_(machine), host_(host), vmsa_(vmsa) {}

  Gpa vmsa() const { return vmsa_; }

  // Without an SVSM, or with a host that never runs it, the guest just comes back.
  Status RunSvsm(protocol::CallRegisters& registers) override;

 private:
  Status Store(const protocol::CallRegisters& registers);
  Status Load(protocol::CallRegisters& registers);

  Machine& machine_;
  Host& host_;
  Gpa vmsa_;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_VIRTUAL_CPU_H_
