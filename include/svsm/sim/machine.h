// svsm/sim/machine.h: a confidential VM: launched page by page, with an SVSM at VMPL 0 or without.
//
//   SVSM_ASSIGN_OR_RETURN(const auto vm, Machine::Launch(sp, host, SvsmImage(program), {}));
//   SVSM_ASSIGN_OR_RETURN(snp::VmpckHandover key, vm->TakeVmpck(snp::VmpckId(0)));  // the SVSM's
//   vm->dispatcher().Register(attestation_service);
//   SVSM_TRY(vm->StartGuest());
//   protocol::Client client(vm->boot_vcpu(), vm->boot_calling_area(), {});          // the guest's
//
// The machine plays what firmware glue does on real hardware: it validates, zeroes and hands out
// the guest's memory at boot, keeps the VMSAs, and runs the dispatcher when a vCPU leaves the
// guest. All else, services above all, is plugged in by the caller as on real hardware.
//
// Profile: hosted. Allocates: yes. Threads: as protocol::Dispatcher; each vCPU in one thread.
#ifndef SVSM_SIM_MACHINE_H_
#define SVSM_SIM_MACHINE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "svsm/core/hosted.h"
#include "svsm/core/log.h"
#include "svsm/core/result.h"
#include "svsm/core/strong.h"
#include "svsm/protocol/client.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/dispatcher.h"
#include "svsm/protocol/secrets_page.h"
#include "svsm/protocol/vcpu_registry.h"
#include "svsm/sim/amd_sp.h"
#include "svsm/sim/guest_ram.h"
#include "svsm/sim/host.h"
#include "svsm/snp/guest_message_exchange.h"

namespace svsm::sim {

// One SNP_LAUNCH_UPDATE. `contents` are a page for kNormal and kVmsa, and empty otherwise.
struct LaunchPage {
  snp::PageType type = snp::PageType::kNormal;
  Gpa gpa;
  ByteVector contents;
  snp::PageAttributes attributes;
};

enum class Svsm : std::uint8_t { kPresent, kAbsent };

// What a VM is launched with, in order.
struct LaunchImage {
  std::vector<LaunchPage> pages;
  Svsm svsm = Svsm::kPresent;
};

// An image that holds `program`, cut into pages at kSvsmBase, a zeroed heap, secrets and CPUID page
// and a VMSA at VMPL 0. Two programs give two measurements; the same one always the same.
LaunchImage SvsmImage(ByteView program);
// A VM that runs `program` itself at VMPL 0, as a guest without any SVSM does.
LaunchImage PlainImage(ByteView program);

// The guest-physical map of these images.
inline constexpr Gpa kSvsmBase{0x400000};
inline constexpr std::uint64_t kSvsmSize = 0x100000;
inline constexpr Gpa kPlainBase{0x10000};  // where PlainImage() puts its program
inline constexpr std::uint64_t kMaxProgramSize = 0x80000;
inline constexpr Gpa kBootVmsa{0x8000};  // the guest's boot vCPU, made by the SVSM
inline constexpr Gpa kBootCallingArea{0x9000};
inline constexpr Gpa kGuestSecrets{0xA000};
inline constexpr Gpa kGuestHeap{0x200000};  // pages that the guest may use as it likes
inline constexpr std::size_t kGuestHeapPages = 256;

struct MachineOptions {
  LaunchStartParameters start;
  LaunchFinishParameters finish;
  std::size_t num_pages = 2048;  // of guest-physical memory, SVSM included; at least 1280
  Vmpl guest_vmpl{2};
  std::uint64_t sev_features = 1;  // SNPActive
  protocol::CoreOptions core;
};

class GuestHeap;   // the guest's page allocator
class VirtualCpu;  // a vCPU of the guest, as its code sees it: the way out to the SVSM

class Machine final {
 public:
  // Launches `image` on `sp` and boots it. With an SVSM all memory that is not the SVSM's is
  // validated, zeroed and granted to the guest, whose boot vCPU is made; without one the guest
  // validates its memory itself. Borrows `sp` and `host` for the object's life. Panics if
  // options.num_pages is too small. Errors: those of AmdSp, kInvalidArgument (detail = index of a
  // page of the image that is not in memory or has the wrong size; the number of pages if none is
  // of type kSecrets), kInternal (detail = EAX of a page-state step that failed).
  static Result<std::unique_ptr<Machine>> Launch(AmdSp& sp, Host& host, const LaunchImage& image,
                                                 const MachineOptions& options);
  // Decommissions the guest.
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  GuestHandle handle() const { return handle_; }
  const Bytes<snp::kLaunchDigestSize>& measurement() const { return measurement_; }
  GuestRam& ram() { return ram_; }
  bool has_svsm() const { return svsm_ == Svsm::kPresent; }
  // At which the guest's code runs: 0 without an SVSM.
  Vmpl guest_vmpl() const { return has_svsm() ? options_.guest_vmpl : Vmpl(0); }
  // The way to the AMD-SP, for sessions at any VMPL.
  snp::GuestMessageTransport& port() { return port_; }

  // --- The SVSM's side -----------------------------------------------------------------------
  // Moves a key out of the secrets page, before StartGuest(); without an SVSM the VM's own.
  // Errors: kOutOfRange (above 3), kNotFound (taken already, or the guest has been started); from
  // Source::kProtocol.
  Result<snp::VmpckHandover> TakeVmpck(snp::VmpckId id);
  // Puts one back with its counter, for whoever has the page next: the guest, from StartGuest() on.
  // Errors: kFailedPrecondition (the guest has been started, or there is a key in its place),
  // kOutOfRange (above 3, or a counter that does not fit: the key is spent; from
  // Source::kProtocol). The handover's key is gone after success.
  Status ReturnVmpck(snp::VmpckHandover& vmpck);
  // The core protocol is registered; others are the caller's to add, before StartGuest().
  protocol::Dispatcher& dispatcher() { return dispatcher_; }
  protocol::VcpuRegistry& vcpus() { return vcpus_; }

  // --- The guest's side ----------------------------------------------------------------------
  // Gives the guest its secrets page, without the keys below its VMPL and those taken, and wipes
  // the SVSM's. Errors: kFailedPrecondition (started already, or no SVSM), and those of
  // MakeGuestSecretsPage().
  Status StartGuest();
  // Moves a key with its counter out of the guest's own secrets page. Errors: kOutOfRange (above
  // 3), kNotFound (blank: it belongs to a more privileged level, or was taken).
  Result<snp::VmpckHandover> GuestVmpck(snp::VmpckId id);

  // Puts one back with its counter into the guest's own secrets page: what a kernel does for the
  // one that it starts (kexec). Errors: kFailedPrecondition (there is a key in its place), and
  // kOutOfRange as for ReturnVmpck().
  Status ReturnGuestVmpck(snp::VmpckHandover& vmpck);

  protocol::GuestExit& boot_vcpu();
  // Another vCPU, after CREATE_VCPU for this VMSA. Owned by the machine.
  protocol::GuestExit& VcpuAt(Gpa vmsa);
  protocol::GuestBuffer boot_calling_area() { return Map(kBootCallingArea, kPageSize); }
  // The guest's mapping of its own memory. Panics unless the guest may access all of it now.
  protocol::GuestBuffer Map(Gpa gpa, std::size_t size_bytes);
  // The guest's page allocator over its heap.
  protocol::GuestPages& pages();

 private:
  Machine(AmdSp& sp, Host& host, GuestHandle handle, const MachineOptions& options, Svsm svsm);
  Status LoadPage(const LaunchPage& page, std::uint32_t index);
  Status Boot();
  FixedSpan<kPageSize> Secrets();
  Status AcceptMemory(Gpa first, Gpa end);
  Status MakeBootVcpu();

  AmdSp& sp_;
  Host& host_;
  GuestHandle handle_;
  MachineOptions options_;
  Svsm svsm_;
  bool started_ = false;
  Bytes<snp::kLaunchDigestSize> measurement_{};
  Gpa secrets_;  // where the AMD-SP wrote the secrets page
  GuestRam ram_;
  GuestPort port_;
  MutexLock lock_;
  std::array<protocol::Vcpu, 64> vcpu_slots_{};
  NullLog log_;
  protocol::VcpuRegistry vcpus_;
  std::array<protocol::Service*, 8> service_slots_{};
  protocol::Dispatcher dispatcher_;
  protocol::CoreProtocol core_;
  std::unique_ptr<GuestHeap> heap_;
  std::mutex cpus_mutex_;
  std::vector<std::unique_ptr<VirtualCpu>> cpus_;
};

}  // namespace svsm::sim

#endif  // SVSM_SIM_MACHINE_H_
