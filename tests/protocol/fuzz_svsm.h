// The SVSM that the fuzzers attack: core protocol, attestation and a vTPM over the fake machine,
// with two vCPUs, and checks after each call. Needs no test framework.
#ifndef SVSM_TESTS_PROTOCOL_FUZZ_SVSM_H_
#define SVSM_TESTS_PROTOCOL_FUZZ_SVSM_H_

#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "svsm/core/attester.h"
#include "svsm/core/lock.h"
#include "svsm/core/log.h"
#include "svsm/protocol/apic.h"
#include "svsm/protocol/attestation.h"
#include "svsm/protocol/calling_area.h"
#include "svsm/protocol/core_protocol.h"
#include "svsm/protocol/dispatcher.h"
#include "svsm/protocol/uefi_mm.h"
#include "svsm/protocol/vmsa.h"
#include "tests/protocol/fakes.h"
#include "tests/protocol/places.h"
#include "tests/protocol/reversing_vtpm.h"

namespace svsm::protocol {

// Its digest is the input's size: enough to run the service.
class SizeHash final : public crypto::Hash {
 public:
  crypto::HashAlg algorithm() const override { return crypto::HashAlg::kSha512; }
  Status Digest(std::span<const ByteView> parts, ByteSpan out) const override {
    Fill(out, static_cast<std::uint8_t>(parts.back().size()));
    return OkStatus();
  }
};

class FillingAttester final : public Attester {
 public:
  AttestationSizes Sizes() const override { return {1184, 100}; }
  Result<AttestationSizes> Attest(FixedView<kReportDataSize>, ByteSpan report,
                                  ByteSpan certificates) override {
    if (report.size() < 1184) std::abort();
    Fill(report, 'R');
    Fill(certificates, 'C');
    return AttestationSizes{1184, certificates.size()};
  }
};

class FixedProvider final : public ManifestProvider {
 public:
  Guid service() const override { return kVtpmService; }
  Result<std::size_t> Manifest(std::uint32_t version, ByteSpan out) override {
    if (version != 0) return Status(Code::kUnsupported, Source::kCaller, version);
    if (out.size() < 314) return Status(Code::kBufferTooSmall, Source::kCaller, 314);
    Fill(out.first(314), 'V');
    return std::size_t{314};
  }
};

// Aborts when it is asked for what its contract excludes.
class StrictApic final : public ApicEmulation {
 public:
  bool InUse() const override { return true; }
  std::uint64_t Features() const override { return 0; }
  Status Configure(const CallContext&, ApicRegistration what) override {
    if (what > ApicRegistration::kRegister) std::abort();
    return OkStatus();
  }
  Result<std::uint64_t> Read(const CallContext&, ApicRegister reg) override {
    const ApicAccess access = AccessOf(reg);
    if (access != ApicAccess::kRead && access != ApicAccess::kReadWrite) std::abort();
    return reg.value();
  }
  Status Write(const CallContext&, ApicRegister reg, std::uint64_t value) override {
    const ApicAccess access = AccessOf(reg);
    if (access != ApicAccess::kWrite && access != ApicAccess::kReadWrite) std::abort();
    if ((value & ReservedBitsOf(reg)) != 0) std::abort();
    return OkStatus();
  }
  Status ConfigureVector(const CallContext&, const ApicVectorChoice&) override {
    return OkStatus();
  }
};

class FlippingMm final : public UefiMmHandler {
 public:
  Status Handle(const Guid& guid, Vmpl vmpl, ByteSpan body) override {
    if (vmpl == Vmpl(0) || body.size() > kMaxUefiMmBody) std::abort();
    if (guid.is_null()) return Status(Code::kNotFound, Source::kCaller);
    for (std::uint8_t& byte : body) byte = static_cast<std::uint8_t>(~byte);
    return OkStatus();
  }
  std::uint32_t ManifestFlags() const override { return 0; }
};

class FuzzSvsm {
 public:
  FuzzSvsm() {
    machine_.PokeVmsa(kVmsa0, 2, kEfer, kFeatures);
    machine_.PokeVmsa(kVmsa1, 2, kEfer, kFeatures);
    machine_.page(0x10).vmsa = true;
    machine_.page(0x10).access = {};
    Check(vcpus_
              .AddStartup({.vmsa = kVmsa0,
                           .calling_area = kArea0,
                           .apic_id = 0,
                           .vmpl = Vmpl(2),
                           .sev_features = kFeatures})
              .ok());
    Check(dispatcher_.Register(core_).ok());
    Check(dispatcher_.Register(attestation_).ok());
    Check(dispatcher_.Register(vtpm_).ok());
    Check(dispatcher_.Register(apic_service_).ok());
    Check(dispatcher_.Register(mm_service_).ok());
    CallRegisters create = MakeCall(kCoreProtocol, kCoreCreateVcpu);
    create.rcx = kVmsa1.value();
    create.rdx = kArea1.value();
    create.r8 = 1;
    Check(Run(kVmsa0, create) == ResultCode::kSuccess);
  }

  // A call of this vCPU, unless there is none such any more.
  ResultCode Run(Gpa vmsa, CallRegisters registers) {
    const Result<Vcpu> vcpu = vcpus_.Find(vmsa);
    if (!vcpu.ok()) return ResultCode::kInvalidRequest;
    GuestWrite(vcpu->calling_area, Bytes<1>{kCallPending});
    // CONFIGURE_VTOM is there to change the caller's VMSA.
    const bool changes_vmsa =
        registers.protocol() == kCoreProtocol && registers.call() == kCoreConfigureVtom;
    const std::vector<Vcpu> before = Vcpus();
    const std::vector<std::uint8_t> vmsas = VmsaBytes(before);
    machine_.StartCounting();
    const auto outcome = dispatcher_.Dispatch(vmsa, registers);
    Check(machine_.MostReads() <= 1);
    const Gpa area = vcpu->calling_area;
    if (outcome.ok() && *outcome == ExitOutcome::kAnswered) {
      Check(machine_.Map(area, 1)[0] == kCallNotPending);
      Check(registers.rax <= 0xFFFFFFFF);
    }
    // A page that was a VMSA and still is one has the bytes that it had.
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (!vcpus_.Find(before[i].vmsa).ok()) continue;
      if (changes_vmsa && before[i].vmsa == vmsa) continue;
      Check(Same(ByteView(vmsas).subspan(i * kPageSize, kPageSize),
                 machine_.Map(before[i].vmsa, kPageSize)));
    }
    CheckPages();
    return static_cast<ResultCode>(registers.rax);
  }

  // What the guest itself may write, page by page.
  void GuestWrite(Gpa gpa, ByteView bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::uint64_t at = gpa.value() + i;
      const std::uint64_t frame = at / kPageSize;
      if (frame < FakeMachine::kFrames && machine_.page(frame).access[2]) {
        machine_.Map(Gpa(at), 1)[0] = bytes[i];
      }
    }
  }

  // The host takes a page away, or gives it back.
  void SetPage(Gpa gpa, bool running, bool faults) {
    const std::uint64_t frame = gpa.value() / kPageSize;
    if (frame >= FakeMachine::kFrames) return;
    machine_.page(frame).running = running;
    machine_.page(frame).faults = faults;
  }

  const FakeMachine& machine() const { return machine_; }

 private:
  static void Check(bool condition) {
    if (!condition) std::abort();
  }
  static bool Same(ByteView a, ByteView b) {
    return std::memcmp(a.data(), b.data(), a.size()) == 0;
  }

  // What is registered; the machine has these pages as VMSAs and no others.
  std::vector<Vcpu> Vcpus() {
    std::vector<Vcpu> found;
    for (std::size_t frame = 0; frame < FakeMachine::kFrames; ++frame) {
      if (!machine_.page(frame).vmsa) continue;
      const auto vcpu = vcpus_.Find(FakeMachine::Frame(frame));
      Check(vcpu.ok());
      found.push_back(*vcpu);
    }
    Check(found.size() == vcpus_.CountLocked());
    return found;
  }
  std::vector<std::uint8_t> VmsaBytes(const std::vector<Vcpu>& vcpus) {
    std::vector<std::uint8_t> bytes;
    for (const Vcpu& vcpu : vcpus) {
      const ByteSpan page = machine_.Map(vcpu.vmsa, kPageSize);
      bytes.insert(bytes.end(), page.begin(), page.end());
    }
    return bytes;
  }
  void CheckPages() {
    for (std::size_t frame = 0; frame < FakeMachine::kFrames; ++frame) {
      const FakePage& page = machine_.page(frame);
      const bool reachable = page.access[1] || page.access[2] || page.access[3];
      Check(!(page.vmsa && reachable));
      Check(!(page.kind == PageKind::kSvsm && (reachable || !page.valid)));
      Check(!(reachable && vcpus_.pool().OverlapsLocked(FakeMachine::Frame(frame), kPageSize)));
    }
    const ByteView svsm = machine_.Map(kSvsmPage, 0x10 * kPageSize);
    Check(svsm[0] == 0 && Same(svsm.first(svsm.size() - 1), svsm.subspan(1)));
    for (const Vcpu& vcpu : Vcpus()) {
      const std::uint8_t vmpl = machine_.Map(Plus(vcpu.vmsa, kVmsaVmpl), 1)[0];
      Check(vmpl >= 2 && vmpl <= 3);
      Check(!vcpu.in_call);
    }
  }

  FakeMachine machine_;
  std::array<Vcpu, 6> vcpu_slots_;
  std::array<DepositedPage, 4> deposit_slots_;
  NoLock lock_;
  VcpuRegistry vcpus_{vcpu_slots_, deposit_slots_, lock_};
  std::array<Service*, 5> service_slots_{};
  NullLog log_;
  Dispatcher dispatcher_{vcpus_, machine_, service_slots_, log_};
  CoreProtocol core_{vcpus_,
                     machine_,
                     dispatcher_,
                     {.max_version = 2,
                      .pvalidate_pages_per_call = 8,
                      .vtom = {.alignment_log2 = 16, .min = Gpa(0x10000), .max = Gpa(0x100000)}}};
  FillingAttester attester_;
  SizeHash hash_;
  FixedProvider provider_;
  std::array<ManifestProvider*, 1> providers_ = {&provider_};
  std::array<std::uint8_t, AttestationService::WorkspaceSize(1024, 1184)> workspace_{};
  AttestationService attestation_{{.attester = attester_,
                                   .sha512 = hash_,
                                   .providers = providers_,
                                   .workspace = workspace_,
                                   .log = log_,
                                   .workspace_lock = lock_}};
  ReversingVtpm vtpm_;
  StrictApic apic_;
  ApicService apic_service_{apic_};
  FlippingMm mm_;
  Bytes<0x2000> mm_workspace_{};
  UefiMmService mm_service_{mm_, lock_, mm_workspace_};
};

}  // namespace svsm::protocol

#endif  // SVSM_TESTS_PROTOCOL_FUZZ_SVSM_H_
